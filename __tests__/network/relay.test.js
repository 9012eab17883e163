'use strict';

// A transfer through a relay that delays the bytes, splits them into single ones or cuts the connection.

const crypto = require('crypto');
const { once } = require('events');
const nodeNet = require('net');

/** A relay to `port`: forwards in pieces of `piece` bytes, a turn apart; resets both sides after `cut` bytes. */
async function relay(port, { piece = Infinity, cut = Infinity }) {
  let passed = 0;
  const server = nodeNet.createServer({ noDelay: true }, (near) => {
    const far = nodeNet.connect({ port, host: '127.0.0.1', noDelay: true });
    const reset = () => [near, far].forEach((side) => side.resetAndDestroy());
    const forward = async (from, to) => {
      for await (const chunk of from) {
        for (let at = 0; at < chunk.length; at += piece) {
          const part = chunk.subarray(at, Math.min(chunk.length, at + piece));
          passed += part.length;
          if (passed > cut) return reset();
          to.write(part);
          await new Promise(setImmediate);
        }
      }
      return to.end();
    };
    for (const side of [near, far]) side.on('error', () => {});
    forward(near, far).catch(reset);
    forward(far, near).catch(reset);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe.each([['rust-net/node', require('../../node')], ['rust-net', require('../..')]])('%s', (_, net) => {
  async function transfer(bytes, faults) {
    const target = net.createServer({ allowHalfOpen: true });
    const received = [];
    let served;
    const done = new Promise((resolve) => { served = resolve; });
    target.on('connection', (stream) => {
      stream.on('error', () => {});
      stream.on('close', () => served());
      stream.on('data', (chunk) => received.push(Buffer.from(chunk)));
      stream.on('end', () => stream.end());
    });
    const listening = once(target, 'listening');
    target.listen(0, '127.0.0.1');
    await listening;
    const between = await relay(target.address().port, faults);
    const client = net.createConnection(between.address().port, '127.0.0.1');
    let error;
    client.on('error', (reason) => { error = reason; });
    client.resume();
    const closed = new Promise((resolve) => client.on('close', resolve));
    client.on('connect', () => {
      client.write(bytes);
      if (faults.cut === undefined) client.end();
    });
    await Promise.all([closed, done]);
    await Promise.all([target, between].map((server) => new Promise((resolve) => server.close(resolve))));
    return { error, received: Buffer.concat(received) };
  }

  test.each([[1, 5000], [1000, 500000]])('pieces of %i bytes arrive whole and in order', async (piece, length) => {
    const bytes = crypto.randomBytes(length);
    const { error, received } = await transfer(bytes, { piece });
    expect(error).toBeUndefined();
    expect(received.equals(bytes)).toBe(true);
  });

  test('a connection that is cut ends in an error, and what arrived is a prefix', async () => {
    const bytes = crypto.randomBytes(500000);
    const { error, received } = await transfer(bytes, { piece: 1000, cut: 100000 });
    expect(['ECONNRESET', 'EPIPE']).toContain(error.code);
    expect(bytes.subarray(0, received.length).equals(received)).toBe(true);
  });
});
