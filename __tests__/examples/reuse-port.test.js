'use strict';

// examples/reuse-port.js

const fs = require('fs');
const path = require('path');
const { collect, scratch } = require('../helpers');
const { FOLDER, client, example, portOf, start } = require('./run');

test('the workers share the port, and every connection is served by one of them', async () => {
  const running = example('reuse-port.js', '0', '3');
  const port = await portOf(running);
  const served = new Set();
  // The kernel deals by a hash of the addresses: of so many connections, each worker gets some.
  for (let i = 0; i < 200; i++) {
    const { stream } = await client(port, 'localhost');
    stream.end('hello');
    const [, number] = /^(\d): hello$/.exec((await collect(stream)).toString());
    served.add(number);
  }
  expect([...served].toSorted()).toEqual(['1', '2', '3']);
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('a signal that comes as soon as it says that it listens ends it gracefully', async () => {
  // Nothing is faster than the process itself.
  const hook = path.join(scratch(), 'hook.js');
  fs.writeFileSync(hook, `
    const { log } = console;
    console.log = (...args) => {
      log(...args);
      process.kill(process.pid, 'SIGTERM');
    };
  `);
  const running = start(process.execPath, ['--require', hook, path.join(FOLDER, 'reuse-port.js'), '0', '2']);
  expect(await portOf(running)).toBeGreaterThan(0);
  expect(await running.exit).toBe(0);
});
