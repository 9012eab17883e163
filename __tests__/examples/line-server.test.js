'use strict';

// examples/line-server.js

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { client, example, nextLine } = require('./run');

/** Starts the example on a fresh path. */
async function start() {
  const file = path.join(scratch(), 's');
  const running = example('line-server.js', file);
  expect(await nextLine(running)).toBe(`line-server: listening on ${file}`);
  return { running, file };
}

test('each line is answered, in order and however it is split', async () => {
  const { running, file } = await start();
  const { hear, say, stream } = await client(file);
  say('SET city Köln am Rhein');
  expect(await hear()).toBe('OK');
  stream.write('GET ci');
  stream.write('ty\r\nGET country\nDELETE city\nDELETE city\nwhat?\nGET\n');
  expect(await hear()).toBe('VALUE Köln am Rhein');
  expect(await hear()).toBe('NONE');
  expect(await hear()).toBe('OK');
  expect(await hear()).toBe('NONE');
  expect(await hear()).toBe('ERROR');
  expect(await hear()).toBe('ERROR');
  say('QUIT');
  expect(await hear()).toBe('BYE');
  expect(await hear()).toBeUndefined();
  expect(running.complaints()).toBe('');
});

test('more requests than the kernel holds are all answered', async () => {
  const { file } = await start();
  const { hear, stream } = await client(file);
  const count = 50_000;
  stream.write('GET nothing\n'.repeat(count));
  for (let i = 0; i < count; i++) {
    const answer = await hear();
    if (answer !== 'NONE') throw new Error(`answer ${i} is ${answer}`);
  }
  stream.end('QUIT\n');
  expect(await hear()).toBe('BYE');
});

test.each(['SIGINT', 'SIGTERM'])('after %s, its file is gone', async (signal) => {
  const { running, file } = await start();
  expect(fs.existsSync(file)).toBe(true);
  running.process.kill(signal);
  expect(await running.exit).toBe(0);
  expect(fs.existsSync(file)).toBe(false);
});

test('D7: a leftover file is taken over, one with a server behind it is not', async () => {
  const { running, file } = await start();
  const rival = example('line-server.js', file);
  expect(await rival.exit).toBe(1);
  expect(rival.complaints()).toContain('EADDRINUSE');

  running.process.kill('SIGKILL');
  expect(await running.exit).toBe('SIGKILL');
  const heir = example('line-server.js', file);
  expect(await nextLine(heir)).toBe(`line-server: listening on ${file}`);
  const { hear, say } = await client(file);
  say('GET x');
  expect(await hear()).toBe('NONE');
});
