'use strict';

// Descriptors: none leaks into other programs, running out of them is survived, and many are no trouble.

const { once } = require('events');
const net = require('net');
const path = require('path');
const { atEnd, scratch } = require('../helpers');
const { DEADLINE, GOOD, run, start } = require('./child');

jest.setTimeout(2 * DEADLINE);

const LIMIT = 64;
const CLIENTS = 120;

test('programs that are started inherit no descriptor of ours', async () => {
  const { stdout, ...outcome } = await run('inherits.js');
  expect(outcome).toEqual(GOOD);
  const { states, before, during } = JSON.parse(stdout);
  expect(states).toEqual(['open', 'open', 'open', 'open', 'open', 'open', 'opening']);
  expect(during).toEqual(before);
});

describe('out of descriptors', () => {
  test.each(['TCP', 'UNIX'])(
    'a server over %s keeps running, says so once, does not spin, and serves everybody in the end',
    async (transport) => {
      const target = transport === 'TCP' ? [] : [path.join(scratch(), 's')];
      const child = start('starves.js', target, { descriptors: LIMIT });
      const address = JSON.parse(await child.line());
      const clients = Array.from({ length: CLIENTS }, () => {
        const client = typeof address === 'string' ? net.connect(address) : net.connect(address.port, '127.0.0.1');
        atEnd(() => client.destroy());
        return client;
      });
      const answers = clients.map((client, i) => {
        client.setEncoding('utf8').write(`${i}`);
        return once(client, 'data').then(([text]) => {
          client.end();
          return text;
        });
      });
      expect(await child.line()).toBe('acceptError EMFILE accept');
      child.say('measure');
      const { processor, served } = JSON.parse(await child.line());
      // A loop that spins takes all of the time; one that tries again every now and then next to none.
      expect(processor).toBeLessThan(0.5);
      expect(served).toBe(0);
      child.say('serve');
      expect(await Promise.all(answers)).toEqual(clients.map((_, i) => `answer ${i}`));
      child.say('close');
      expect(await child.line()).toBe(`closed after ${CLIENTS}`);
      expect(await child.outcome).toEqual(GOOD);
    },
  );

  test('a second time it says so again', async () => {
    const child = start('starves.js', [], { descriptors: LIMIT });
    const { port } = JSON.parse(await child.line());
    child.say('serve');
    for (let round = 0; round < 2; round++) {
      // They ask for nothing until the child has run out.
      const clients = Array.from({ length: LIMIT }, () => net.connect(port, '127.0.0.1'));
      for (const client of clients) atEnd(() => client.destroy());
      expect(await child.line()).toBe('acceptError EMFILE accept');
      const answers = await Promise.all(
        clients.map(async (client) => {
          client.setEncoding('utf8').write('x');
          const [text] = await once(client, 'data');
          client.end();
          await once(client, 'close');
          return text;
        }),
      );
      expect(answers).toEqual(clients.map(() => 'answer x'));
    }
    child.say('close');
    expect(await child.line()).toBe(`closed after ${2 * LIMIT}`);
    expect(await child.outcome).toEqual(GOOD);
  });

  test.each(['used before', 'new'])('connect and listen fail with EMFILE, and work again afterwards: module %s', async (state) => {
    const outcome = await run('runs-out.js', [state], { descriptors: LIMIT });
    expect(outcome).toEqual({
      ...GOOD,
      stdout: ['connect EMFILE', 'close true', 'listen EMFILE', 'echo after all', ''].join('\n'),
    });
  });
});

test('5,000 connections open at once are all served', async () => {
  const server = start('many.js', ['serve'], { descriptors: 6000 });
  const port = await server.line();
  const clients = start('many.js', ['connect', port, 5000], { descriptors: 6000 });
  expect(await clients.line()).toBe('open 5000');
  clients.say('ask');
  expect(await clients.line()).toBe('answered 5000');
  // Only now: a connection that is open here may still wait to be accepted there.
  server.say('count');
  expect(await server.line()).toBe('open 5000');
  clients.say('close');
  expect(await clients.outcome).toEqual(GOOD);
  server.say('close');
  expect(await server.line()).toBe('left 0');
  expect(await server.outcome).toEqual(GOOD);
});
