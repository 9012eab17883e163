'use strict';

// D22: what is written after setSecure() never goes out in the clear, and what was received in the clear is never
// delivered after it, in whatever order a stream is made, corked, connected, closed and opened again.

const { createHook } = require('async_hooks');
const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const today = require('../../node');
const { destroyAtEnd, listening, pair, refusingPort } = require('../helpers');
const { CLIENT, secureServer } = require('./ends');

/** The first byte of a record with handshake messages. */
const HANDSHAKE = 0x16;

/** A server of node:net, and the first bytes that it gets. */
async function witness() {
  const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).on('error', () => {})));
  const first = once(server, 'connection').then(([stream]) => once(stream, 'data')).then(([data]) => data[0]);
  return { port: server.address().port, first };
}

describe.each([['rust-net', net], ['rust-net/node', today]])('%s', (_, module) => {
  const { Stream } = module;

  function open(Class = Stream) {
    return destroyAtEnd(new Class()).on('error', () => {});
  }

  test('a write that is corked between setSecure() and connect() waits for the handshake', async () => {
    const { port, first } = await witness();
    const client = open();
    client.setSecure(CLIENT);
    client.cork();
    client.write('a secret', 'latin1');
    client.connect(port, '127.0.0.1');
    client.uncork();
    expect(await first).toBe(HANDSHAKE);
  });

  test('so does one that waits for _construct()', async () => {
    class Slow extends Stream {
      _construct(callback) {
        setImmediate(callback);
      }
    }
    const { port, first } = await witness();
    const client = open(Slow);
    client.setSecure(CLIENT);
    client.write('a secret', 'latin1');
    client.connect(port, '127.0.0.1');
    expect(await first).toBe(HANDSHAKE);
  });

  test('a stream whose connection was refused can be opened and made secure again', async () => {
    const server = await secureServer();
    const client = open();
    client.connect(await refusingPort(), '127.0.0.1');
    client.setSecure(CLIENT);
    await new Promise((resolve) => client.once('close', resolve));
    client.connect(server.address().port, '127.0.0.1');
    client.setSecure(CLIENT);
    await once(client, 'secure');
    expect(client.encrypted).toBe(true);
    expect(client.listenerCount('connect')).toBe(0);
  });

  test('and opened again in the clear', async () => {
    const { port, first } = await witness();
    const client = open();
    client.connect(await refusingPort(), '127.0.0.1');
    client.setSecure(CLIENT);
    await new Promise((resolve) => client.once('close', resolve));
    client.connect(port, '127.0.0.1', () => client.write('plain', 'latin1'));
    expect(await first).toBe('p'.charCodeAt(0));
  });

  test('setSecure() in a hook of async_hooks, of the event that delivers bytes: these are not delivered', async () => {
    const [peer, ours] = await pair({ server: module, client: nodeNet });
    const id = ours._handle.getAsyncId();
    const delivered = [];
    ours.on('data', (data) => delivered.push(data.toString()));
    let isDue = true;
    const hook = createHook({
      before(asyncId) {
        if (asyncId !== id || !isDue) return;
        isDue = false;
        ours.setSecure({ ...CLIENT }, { isServer: false });
      },
    }).enable();
    try {
      const failed = once(ours, 'error');
      peer.write('in the clear');
      expect((await failed)[0].code).toBe('ERR_INVALID_STATE');
    } finally {
      hook.disable();
    }
    expect(delivered).toEqual([]);
  });
});
