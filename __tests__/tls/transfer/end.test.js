'use strict';

// "Everything else stays true on a secure stream": the end (D23).

const { once } = require('events');
const { collect, destroyedInData, failure, namesUntilClose, record, settled } = require('../../helpers');
const { digest, noise } = require('../bulk');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  greet,
  meet,
  nextSecure,
  only,
  secureClient,
  securePair,
  secureServer,
  withTlsClient,
  withTlsServer,
} = require('../ends');
const { ALERT, isAllRecords, records, tap } = require('../wire');

/** More than the kernel's buffers take from a peer that does not read. */
const TOO_MUCH = 8_000_000;

describe('the end', () => {
  test.each(VERSIONS)('D23: "`end()` sends close_notify, then FIN.", %s', async (version) => {
    for (const side of ['client', 'server']) {
      const credentials = { ...SERVER, ...only(version) };
      const [ours, theirs] = side === 'client' ? await withTlsServer(credentials) : await withTlsClient(credentials);
      const names = namesUntilClose(theirs, ['data', 'end', 'error', 'close']);
      ours.end('goodbye');
      // node:tls would give an error, or close, without 'end', for a connection that is cut.
      expect(await names).toEqual(['data', 'end', 'close']);
    }
  });

  test('on the wire, the last record is an alert, and nothing follows it', async () => {
    const server = await secureServer({ ...SERVER, ...only('TLSv1.2') });
    const between = await tap(server);
    const accepted = nextSecure(server);
    const client = secureClient(between);
    client.end('goodbye');
    await collect(await accepted);
    await once(client, 'close');
    for (const bytes of [between.up, between.down]) {
      expect(isAllRecords(bytes)).toBe(true);
      expect(records(bytes).at(-1).type).toBe(ALERT);
      expect(records(bytes).filter(({ type }) => type === ALERT).length).toBe(1);
    }
  });

  test('D23: "A FIN without close_notify gives \'end\' and sets `truncated` to `true`."', async () => {
    for (const direction of ['up', 'down']) {
      const server = await secureServer();
      const between = await tap(server);
      const [client, stream] = await meet(server, between);
      const ours = { up: stream, down: client }[direction];
      await greet(client, stream);
      expect(ours.truncated).toBe(false);
      let atEnd = null;
      ours.on('end', () => (atEnd = ours.truncated));
      const names = namesUntilClose(ours, ['data', 'end', 'error', 'close']);
      between.end(direction);
      expect(await names).toEqual(['end', 'close']);
      expect([atEnd, ours.truncated]).toEqual([true, true]);
    }
  });

  test('D23: the same behind data, and in the middle of a record, which is not delivered', async () => {
    const server = await secureServer();
    let isCutting = false;
    const between = await tap(server, {
      up(chunk, to) {
        if (!isCutting) {
          to.write(chunk);
          return;
        }
        // All but the last byte of the last record.
        to.end(chunk.subarray(0, chunk.length - 1));
      },
    });
    const [client, stream] = await meet(server, between);
    await greet(client, stream);
    const delivered = [];
    stream.on('data', (data) => delivered.push(data.toString()));
    isCutting = true;
    client.write('never whole');
    await once(stream, 'end');
    expect([stream.truncated, delivered]).toEqual([true, []]);
    client.on('error', () => {});
  });

  test('what comes behind a close_notify is not delivered', async () => {
    const server = await secureServer({ ...SERVER, ...only('TLSv1.2') }, undefined, { allowHalfOpen: true });
    const between = await tap(server, {
      up(chunk, to) {
        // The alert is close_notify, and the FIN that would follow it waits for more.
        to.write(records(chunk)[0].type === ALERT ? Buffer.concat([chunk, Buffer.from('in the clear')]) : chunk);
      },
    });
    const [client, stream] = await meet(server, between);
    const events = record(stream, 'data', 'end', 'error');
    client.end();
    await once(stream, 'end');
    await settled();
    expect([events.map(([name]) => name), stream.truncated]).toEqual([['end'], false]);
  });

  test('"Half-closes the stream": the other side can still send (allowHalfOpen)', async () => {
    const [client, accepted] = await securePair(SERVER, CLIENT, { serverOptions: { allowHalfOpen: true } });
    accepted.resume();
    const received = collect(client);
    client.end('that is all');
    expect(client.readyState).toBe('readOnly');
    await once(accepted, 'end');
    expect(accepted.readyState).toBe('writeOnly');
    const bytes = noise(1_000_000, 12);
    accepted.write(bytes.subarray(0, 10));
    await settled();
    accepted.end(bytes.subarray(10));
    expect(digest(await received)).toBe(digest(bytes));
    if (!client.closed) await once(client, 'close');
    expect([client.truncated, accepted.truncated]).toEqual([false, false]);
  });

  test('D10: "\'end\' listeners run first; then [...] what they wrote and all that was queued is sent, and the stream ends"', async () => {
    const [client, accepted] = await securePair();
    accepted.on('data', (data) => accepted.write(data));
    accepted.on('end', () => accepted.end('goodbye'));
    const received = collect(client);
    client.end('echo,');
    expect((await received).toString()).toBe('echo,goodbye');
  });

  test('end() behind more than fits: all of it arrives before the end', async () => {
    const [client, accepted] = await securePair();
    const bytes = noise(TOO_MUCH, 13);
    client.end(bytes);
    expect(digest(await collect(accepted))).toBe(digest(bytes));
    expect(accepted.truncated).toBe(false);
  });

  test('the peer resets: \'error\' with ECONNRESET, then \'close\' with true (D13)', async () => {
    const [client, accepted] = await securePair();
    const names = namesUntilClose(client, ['data', 'end', 'error', 'close']);
    accepted.resetAndDestroy();
    expect((await failure(client)).code).toBe('ECONNRESET');
    expect(await names).toEqual(['error', 'close']);
  });

  test('destroy() in \'data\': nothing of what was decrypted along with it is delivered', async () => {
    const [client, accepted] = await securePair();
    expect(await destroyedInData(client, accepted)).toEqual(['data', 'close']);
  });

  test('a goodbye that does not arrive is no error: the peer has all there was, and is gone', async () => {
    const [client, accepted] = await securePair(SERVER, CLIENT, { serverOptions: { allowHalfOpen: true } });
    const events = record(accepted, 'error', 'finish', 'close');
    client.end('all there is');
    expect((await collect(accepted)).toString()).toBe('all there is');
    client.resetAndDestroy();
    await settled();
    accepted.end();
    await once(accepted, 'close');
    expect(events).toEqual([['finish'], ['close', false]]);
  });

  test('writing after it: ERR_STREAM_WRITE_AFTER_END, and after destroy() ERR_STREAM_DESTROYED (D14)', async () => {
    const [client, accepted] = await securePair();
    accepted.resume();
    client.end();
    client.write('late');
    expect((await failure(client)).code).toBe('ERR_STREAM_WRITE_AFTER_END');
    const [other] = await securePair();
    other.destroy();
    const error = await new Promise((resolve) => other.write('late', resolve));
    expect(error.code).toBe('ERR_STREAM_DESTROYED');
  });
});
