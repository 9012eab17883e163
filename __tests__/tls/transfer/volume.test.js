'use strict';

// "Everything else stays true on a secure stream": a lot of bytes in both directions, in pieces of any size.

const { once } = require('events');
const net = require('../../..');
const { collect, destroyAtEnd, listening } = require('../../helpers');
const { GOOD, runProgram } = require('../../lifecycle/child');
const { digest, noise, random, receive, send } = require('../bulk');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  nextSecure,
  only,
  secureClient,
  secureServer,
  withTlsClient,
  withTlsServer,
} = require('../ends');
const { tap } = require('../wire');

describe('"64 MiB each way at once over TLS with random chunk sizes and a slow reader"', () => {
  const SIZE = 64 << 20;
  const TRANSFERS = require.resolve('../fixtures/transfers.js');

  test.each(VERSIONS)('ours at both ends, %s; memory bounded', async (version) => {
    const input = JSON.stringify({ server: { ...SERVER, ...only(version) }, client: CLIENT, size: SIZE });
    const { stdout, ...outcome } = await runProgram([process.execPath, TRANSFERS], { input });
    expect(outcome).toEqual(GOOD);
    const { arrived, counters, memory, truncated, waited } = JSON.parse(stdout);
    expect(arrived).toEqual([true, true]);
    // One chunk at most waits in each direction.
    expect(Math.max(...waited)).toBeLessThanOrEqual(100_001);
    expect(memory).toBeLessThan(SIZE);
    expect(counters).toEqual([SIZE, SIZE, SIZE, SIZE]);
    expect(truncated).toEqual([false, false]);
  });

  test.each(VERSIONS)('against node:tls on either side, %s', async (version) => {
    const quarter = SIZE / 4;
    const parts = [noise(quarter, 1), noise(quarter, 2)];
    const ends = [
      await withTlsServer({ ...SERVER, ...only(version), allowHalfOpen: true }),
      await withTlsClient({ ...SERVER, ...only(version) }, { allowHalfOpen: true }),
    ];
    for (const [ours, theirs] of ends) {
      ours.allowHalfOpen = true;
      const [, , fromOurs, fromTheirs] = await Promise.all([
        send(ours, parts[0], 3),
        send(theirs, parts[1], 4),
        receive(theirs, 5),
        receive(ours, 6),
      ]);
      expect(fromOurs).toEqual({ hash: digest(parts[0]), size: quarter });
      expect(fromTheirs).toEqual({ hash: digest(parts[1]), size: quarter });
    }
  });
});

// `node __tests__/tls/fixtures/session.js --gib 64` sends enough for eight key updates.
test.each(['node', 'ours'])('one session to %s with the smallest records: each byte arrives, and no key is renewed early', async (to) => {
  const fixture = require.resolve('../fixtures/session.js');
  const { stdout, ...outcome } = await runProgram([process.execPath, fixture, '--gib', '0.02', '--to', to]);
  expect(outcome).toEqual(GOOD);
  const size = 328 * (64 << 10);
  expect(JSON.parse(stdout)).toEqual({ size, updates: to === 'node' ? 0 : null, expected: 0 });
});

describe('bytes in pieces', () => {
  test.each(VERSIONS)('one byte per segment, %s', async (version) => {
    const trickle = async (chunk, to) => {
      for (const byte of chunk) {
        to.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const server = await listening(
      net.createServer((stream) => destroyAtEnd(stream).setSecure({ ...SERVER, ...only(version) }).pipe(stream)),
    );
    const client = secureClient(await tap(server, { up: trickle, down: trickle }));
    client.write('one, ');
    await once(client, 'secure');
    client.end('two');
    expect((await collect(client)).toString()).toBe('one, two');
    expect(client.truncated).toBe(false);
  });

  test('many records in one segment, and a record in many', async () => {
    const server = await secureServer();
    const sizes = random(10);
    const shred = (chunk, to) => {
      for (let at = 0; at < chunk.length; ) {
        const size = 1 + sizes(3000);
        to.write(chunk.subarray(at, at + size));
        at += size;
      }
    };
    const accepted = nextSecure(server);
    const client = secureClient(await tap(server, { up: shred }));
    const bytes = noise(3_000_000, 11);
    client.end(bytes);
    expect(digest(await collect(await accepted))).toBe(digest(bytes));
  });
});
