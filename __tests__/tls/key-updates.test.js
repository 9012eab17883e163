'use strict';

// A peer that updates its keys again and again, each time asking for an update in return: what that costs is counted,
// not timed. The limits are those of docs/reliability.md, "What a peer costs".

const { constants } = require('crypto');
const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const { destroyAtEnd, listening } = require('../helpers');
const { CLIENT, SERVER, tolerantServer } = require('./ends');
const { Updater } = require('./updater');
const { ALERT, APPLICATION_DATA } = require('./wire');

/** Updates in a row, without data, that are accepted. */
const LIMIT = 32;

/** Ours and the peer, secure. */
const ROLES = {
  'a server of ours': async () => {
    // Session tickets may come when the bytes are counted already.
    const server = await tolerantServer({ ...SERVER, secureOptions: constants.SSL_OP_NO_TICKET });
    const accepted = once(server, 'connection');
    const raw = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    raw.on('error', () => {});
    const peer = await Updater.over(raw, CLIENT);
    return [(await accepted)[0], peer];
  },
  'a client of ours': async () => {
    const server = await listening(nodeNet.createServer());
    const accepted = once(server, 'connection');
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1')).setSecure(CLIENT, { servername: 'localhost' });
    client.on('error', () => {});
    const [raw] = await accepted;
    destroyAtEnd(raw).on('error', () => {});
    return [client, await Updater.over(raw, { secrets: SERVER })];
  },
};

describe.each(Object.keys(ROLES))('%s', (role) => {
  test(`more than ${LIMIT} updates without data end the session, with an alert and without an answer to each`, async () => {
    const [stream, peer] = await ROLES[role]();
    const failed = once(stream, 'error');
    const closed = new Promise((resolve) => stream.on('close', resolve));
    await peer.send(peer.updates(10_000));
    const [{ code, message }] = await failed;
    expect(code).toBe('ERR_SSL_TOO_MANY_KEY_UPDATES');
    expect(message).toMatch(/TooManyKeyUpdateRequests/);
    expect(await closed).toBe(true);
    expect(peer.answers).toBeLessThanOrEqual(1);
    expect(peer.records.filter(({ type }) => type === ALERT).length).toBeLessThanOrEqual(1);
    expect(peer.bytes).toBeLessThan(200);
  });

  test(`${LIMIT} updates are accepted, and the data behind them arrives`, async () => {
    const [stream, peer] = await ROLES[role]();
    const received = once(stream, 'data');
    await peer.send(Buffer.concat([peer.updates(LIMIT), peer.data('behind')]));
    expect((await received)[0].toString()).toBe('behind');
    // The answer is one update, however many were asked for, and comes with what is written next.
    const before = peer.answers;
    const answered = new Promise((resolve) => {
      const look = () => (peer.records.some(({ type }) => type === APPLICATION_DATA) ? resolve() : setImmediate(look));
      look();
    });
    stream.write('answer');
    await answered;
    expect(peer.answers).toBeLessThanOrEqual(1);
    expect(peer.answers).toBeGreaterThanOrEqual(before);
    expect(peer.records.at(-1).content.toString()).toBe('answer');
  });

  test('updates with data between them: nothing is sent for them, nothing is kept, one event per read', async () => {
    const [stream, peer] = await ROLES[role]();
    const [rounds, events] = [300, []];
    let received = '';
    stream.on('data', (data) => {
      received += data;
      events.push(data.length);
    });
    const all = new Promise((resolve) => stream.on('data', () => received.length === rounds && resolve()));
    const round = () => Buffer.concat([peer.updates(LIMIT), peer.data('x')]);
    const bytes = Buffer.concat(Array.from({ length: rounds }, round));
    const before = process.memoryUsage().arrayBuffers;
    await peer.send(bytes);
    await all;
    expect(received).toBe('x'.repeat(rounds));
    // Nothing was written meanwhile: one answer at the most.
    expect(peer.answers).toBeLessThanOrEqual(1);
    expect(peer.bytes).toBeLessThan(100);
    expect([stream.readableLength, stream.writableLength, stream.bytesWritten]).toEqual([0, 0, 0]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(bytes.length + (4 << 20));
    expect(events.length).toBeLessThanOrEqual(rounds);
  });
});
