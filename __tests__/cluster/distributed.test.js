'use strict';

// What stands in for a listener in a worker of a cluster: when connections that the primary passes on are accepted.

const { once } = require('events');
const nodeNet = require('net');
const engines = require('../../lib/engine');
const events = require('../../lib/events');
const { Distributed } = require('../../lib/server/distributed');
const { listening, atEnd } = require('../helpers');

/** A Distributed, what it has reported, and `arrive()`, which passes it a connection. */
async function distributed() {
  const server = await listening(nodeNet.createServer({ pauseOnConnect: true }));
  const { port } = server.address();
  const handle = { calls: [] };
  for (const name of ['close', 'ref', 'unref']) handle[name] = () => handle.calls.push(name);
  handle.getsockname = (out) => Object.assign(out, { address: '127.0.0.1', family: 'IPv4', port }) && 0;
  const accepted = [];
  const owner = {
    [events.onconnection](id, address, peerPort, family) {
      accepted.push([address, peerPort, family]);
      engines.release(id);
    },
  };
  const listener = new Distributed();
  listener.distribute(handle, owner);
  const arrive = async () => {
    const client = nodeNet.connect(port, '127.0.0.1');
    atEnd(() => client.destroy());
    const [{ _handle: connection }] = await once(server, 'connection');
    handle.onconnection(0, connection);
    return { connection, peer: ['127.0.0.1', client.localPort, '4'] };
  };
  return { listener, handle, accepted, arrive, port };
}

test('a connection is accepted at once, and its handle closed', async () => {
  const { listener, accepted, arrive, port } = await distributed();
  const { connection, peer } = await arrive();
  expect(accepted).toEqual([peer]);
  expect(connection.fd).toBe(-1);
  expect(listener.local).toEqual({ address: '127.0.0.1', family: 'IPv4', port });
});

test('what comes during pause() is accepted afterwards, in order', async () => {
  const { listener, accepted, arrive } = await distributed();
  listener.pause(true);
  const peers = [(await arrive()).peer, (await arrive()).peer];
  expect(accepted).toEqual([]);
  listener.pause(false);
  expect(accepted).toEqual(peers);
});

test('drain() serves what waits and takes no more, and the listener is open until it is released', async () => {
  const { listener, handle, accepted, arrive } = await distributed();
  listener.pause(true);
  const { peer } = await arrive();
  const drained = new Promise((resolve) => listener.drain({ [events.ondrained]: resolve }));
  expect([accepted, handle.calls, listener.isOpen]).toEqual([[peer], ['close'], true]);
  await drained;
  listener.release();
  expect([handle.calls, listener.isOpen]).toEqual([['close'], false]);
});

test('what waits is closed with it', async () => {
  const { listener, handle, accepted, arrive } = await distributed();
  listener.pause(true);
  const { connection } = await arrive();
  listener.release();
  listener.release();
  expect([listener.isOpen, listener.local, connection.fd, accepted]).toEqual([false, undefined, -1, []]);
  expect(handle.calls).toEqual(['close']);
});

test('ref() and unref() are passed on, and what was called before it listens counts', async () => {
  const { listener, handle } = await distributed();
  listener.reference(false);
  listener.reference(true);
  const next = new Distributed();
  next.reference(false);
  next.distribute(handle, {});
  expect(handle.calls).toEqual(['unref', 'ref', 'unref']);
});

test('a connection that is gone is dropped', async () => {
  const { handle, accepted } = await distributed();
  const gone = nodeNet._createServerHandle('127.0.0.1', 0, 4);
  gone.close();
  handle.onconnection(0, gone);
  expect(accepted).toEqual([]);
});
