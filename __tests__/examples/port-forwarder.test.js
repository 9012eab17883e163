'use strict';

// examples/port-forwarder.js

const { randomBytes } = require('crypto');
const { once } = require('events');
const nodeNet = require('net');
const { collect, listening, refusingPort } = require('../helpers');
const { client, example, portOf } = require('./run');

/** Forwards to a server of node:net. */
async function forwarded(options, onConnection) {
  const target = await listening(nodeNet.createServer(options, onConnection));
  const running = example('port-forwarder.js', '0', String(target.address().port), '127.0.0.1');
  return { running, port: await portOf(running) };
}

test('bytes go both ways', async () => {
  const { running, port } = await forwarded({}, (stream) => stream.pipe(stream));
  const { stream } = await client(port, 'localhost');
  const sent = randomBytes(2 ** 20);
  stream.end(sent);
  expect((await collect(stream)).equals(sent)).toBe(true);
  expect(running.complaints()).toBe('');
});

test('an end is passed on, and the other direction stays open', async () => {
  const { running, port } = await forwarded({ allowHalfOpen: true }, (stream) => {
    stream.resume().on('end', () => stream.end('after your end'));
  });
  const { stream } = await client({ port, host: 'localhost', allowHalfOpen: true });
  stream.end('before');
  expect((await collect(stream)).toString()).toBe('after your end');
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
});

test('where nobody listens, the client is let go', async () => {
  const running = example('port-forwarder.js', '0', String(await refusingPort()), '127.0.0.1');
  const { stream } = await client(await portOf(running), 'localhost');
  await once(stream.resume(), 'close');
  running.process.kill('SIGINT');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toMatch(/outbound: connect ECONNREFUSED/);
});

test('a connection that breaks on one side ends on the other', async () => {
  const { port } = await forwarded({}, (stream) => stream.once('data', () => stream.resetAndDestroy()));
  const { stream } = await client(port, 'localhost');
  stream.on('error', () => {});
  stream.resume().write('x');
  await once(stream, 'close');
});
