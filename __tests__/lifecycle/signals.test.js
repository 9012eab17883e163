'use strict';

// D26: nothing of ours stands in the way of a signal, and what a signal handler closes lets the process exit by itself.

const { once } = require('events');
const net = require('net');
const { destroyAtEnd } = require('../helpers');
const { DEADLINE, GOOD, start } = require('./child');

jest.setTimeout(2 * DEADLINE);

/** A serving child and a client of node:net that has had an echo from it. */
async function served(...args) {
  const child = start('serves.js', args);
  const port = Number(await child.line());
  const client = destroyAtEnd(net.connect(port, '127.0.0.1'));
  client.setEncoding('utf8').write('hello');
  expect(await once(client, 'data')).toEqual(['hello']);
  expect(await child.line()).toBe('connection');
  return { child, client };
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('D26: %s ends a process that serves, and its streams', async (signal) => {
  const { child, client } = await served();
  client.resume();
  child.child.kill(signal);
  await once(client, 'end');
  expect(await child.outcome).toEqual({ code: null, signal, stderr: '' });
});

test('server.close: "Stops the server from accepting new connections"; streams that are open are served to their end', async () => {
  const { child, client } = await served('gracefully');
  child.child.kill('SIGTERM');
  expect(await child.line()).toBe('closed');
  client.end('still served');
  expect(await once(client, 'data')).toEqual(['still served']);
  await once(client, 'end');
  expect(await child.outcome).toEqual(GOOD);
});
