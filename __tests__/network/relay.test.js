'use strict';

// Transfers over a bad network arrive whole, or both sides learn that they have not: `npm run soak -- network` plays
// others, for longer. Most of a transfer is waiting.

const { once } = require('events');
const { atEnd, closeAtEnd, destroyAtEnd, listening } = require('../helpers');
const { certificate, identity } = require('../tls/pki');
const { PATIENCE, planOf, play, run } = require('./machine');
const { Relay } = require('./relay');

const TIME = 120_000;

/** The port of a relay to `server`. */
function relayTo(server, faults) {
  const relay = new Relay({ port: server.address().port, host: '127.0.0.1' }, faults);
  atEnd(() => relay.close());
  return relay.listen();
}

const ENTRIES = [['rust-net/node', require('../../node')], ['rust-net', require('../..')]];

const quiet = {
  lengths: [5000, 5000], up: {}, down: {}, topology: 'pair', foreign: 2, chunk: 1000, seed: 1, patience: PATIENCE,
};

test.each(ENTRIES)('%s: transfers that a seed determines', async (_, net) => {
  const { failures } = await run(net, { seed: 1, count: 120, width: 16 });
  expect(failures).toEqual([]);
}, TIME);

describe.each(ENTRIES)('%s', (_, net) => {
  const versions = [['in the clear', null], ['TLS 1.2', 'TLSv1.2'], ['TLS 1.3', 'TLSv1.3']];

  test.each(versions)('single bytes arrive whole and in order (%s)', async (over, tls) => {
    const list = { ...quiet, tls, lengths: [2000, 500], up: { piece: 1 }, down: { piece: 1 } };
    expect(await play(net, list)).toEqual([]);
  }, TIME);

  test.each(versions)('a direction that is throttled leaves the other one alone (%s)', async (over, tls) => {
    const list = { ...quiet, tls, lengths: [100_000, 300_000], up: { rate: 500, piece: 1460 } };
    expect(await play(net, list)).toEqual([]);
  }, TIME);

  test.each(['TLSv1.2', 'TLSv1.3'].flatMap((tls) => ['up', 'down'].map((direction) => [tls, direction])))(
    '%s: an end at any byte of the handshake, or behind it, is an error or truncated (%s)',
    async (tls, direction) => {
      const cuts = Array.from({ length: 30 }, (_, i) => 1 + i * 131);
      const lists = cuts.map((at) => ({ ...quiet, tls, cut: 'fin', [direction]: { cut: { at, how: 'fin' } } }));
      expect((await Promise.all(lists.map((list) => play(net, list)))).flat()).toEqual([]);
    },
    TIME,
  );

  test('stream.setTimeout: a peer that is gone without notice is idle', async () => {
    const server = await listening(net.createServer());
    const port = await relayTo(server, { up: { cut: { at: 5, how: 'vanish' } } });
    const accepted = once(server, 'connection');
    const client = destroyAtEnd(net.createConnection(port, '127.0.0.1'));
    const reset = once(client, 'error');
    client.write('hello, and nothing more');
    const [peer] = await accepted;
    destroyAtEnd(peer);
    const received = [];
    peer.on('data', (data) => received.push(data));
    peer.setTimeout(200);
    // The network resets the sender only.
    expect((await reset)[0].code).toBe('ECONNRESET');
    await once(peer, 'timeout');
    expect(Buffer.concat(received).toString()).toBe('hello');
    expect([peer.destroyed, peer.readyState]).toEqual([false, 'open']);
  });

  test.each([['client', 0], ['server', 1]])('handshakeTimeout of a %s: a network that falls silent', async (_side, waiting) => {
    const { createCredentials } = require('../..');
    // The other side waits longer, so that it does not fail first.
    const credentials = [{ ca: certificate('root') }, identity('p256')]
      .map((one, side) => createCredentials({ ...one, handshakeTimeout: side === waiting ? 200 : 60_000 }));
    const server = closeAtEnd(net.createServer());
    const accepted = once(server, 'connection');
    await listening(server);
    const port = await relayTo(server, { down: { cut: { at: 100, how: 'silence' } } });
    const client = destroyAtEnd(net.createConnection(port, '127.0.0.1'));
    client.setSecure(credentials[0], { servername: 'localhost' });
    const failed = [once(client, 'error')];
    const [peer] = await accepted;
    destroyAtEnd(peer).setSecure(credentials[1]);
    failed.push(once(peer, 'error'));
    expect((await failed[waiting])[0].code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
  });
});

test('a seed determines the transfer', () => {
  expect(planOf(7)).toEqual(planOf(7));
  expect(planOf(7)).not.toEqual(planOf(8));
});
