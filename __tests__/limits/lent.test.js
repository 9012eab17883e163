'use strict';

// Limits of connections that OpenSSL serves over a copy of their descriptor: the kernel counts what passes. Time is the
// subject; no test says how much of it passes.

const { once } = require('events');
const nodeHttps = require('https');
const net = require('net');
const nodeTls = require('tls');
const https = require('../../https');
const tls = require('../../tls');
const { destroyAtEnd, listening, scratch } = require('../helpers');
const { certificate, identity } = require('../tls/pki');
const { countDrops, dial, dropped } = require('./ends');

/** What makes a server leave all handshakes to OpenSSL, and a client that rustls has no answer to. */
const SERVER = { ...identity('p256'), ciphers: 'DEFAULT@SECLEVEL=3' };
const CLIENT = { ciphers: 'ECDHE-ECDSA-AES128-SHA256', maxVersion: 'TLSv1.2' };
const trust = () => ({ servername: 'localhost', ca: certificate('root') });

/** A client of Node's own over `socket`, and what the server has accepted. */
async function enter(server, options = {}, socket = dial(server)) {
  const accepted = once(server, 'secureConnection');
  const client = destroyAtEnd(nodeTls.connect({ ...trust(), ...options, socket })).on('error', () => {});
  await once(client, 'secureConnect');
  const [secure] = await accepted;
  destroyAtEnd(secure);
  expect(secure.tlsEngine).toBe('openssl');
  return Object.assign(client, { accepted: secure });
}

const served = (options, listener) => {
  const serve = listener ?? ((socket) => socket.pipe(socket));
  return listening(tls.createServer(options, (socket) => serve(socket.on('error', () => {}))));
};

describe.each([
  ['by the options of the server', SERVER, {}],
  ['by what the client offers', identity('p256'), CLIENT],
])('OpenSSL %s', (_name, options, client) => {
  test('idleTimeout ends what is silent, and not what is not', async () => {
    const server = await served({ ...options, idleTimeout: 300 });
    const { counts } = countDrops(server);
    const busy = await enter(server, client);
    busy.on('data', () => busy.write('x'));
    busy.write('x');
    for (let round = 0; round < 3; round++) {
      const drop = dropped(server);
      const silent = await enter(server, client, dial(server, '127.0.0.2'));
      const { reason, remoteAddress } = await drop;
      expect([reason, remoteAddress]).toEqual(['idle-timeout', '127.0.0.2']);
      if (!silent.accepted.destroyed) await once(silent.accepted, 'close');
      expect(busy.accepted.destroyed).toBe(false);
    }
    expect(counts).toEqual({ 'idle-timeout': 3 });
    busy.removeAllListeners('data');
    expect((await dropped(server)).remoteAddress).toBe('127.0.0.1');
  });

  test('minRate ends a message that goes on too slowly', async () => {
    const server = await served({ ...options, minRate: 100_000, minRateSpan: 100 }, (socket) => socket.resume());
    const slow = await enter(server, client);
    const drip = setInterval(() => slow.write('x'), 10);
    expect((await dropped(server)).reason).toBe('min-rate');
    clearInterval(drip);
  });

  test('minRate ends a peer that does not read', async () => {
    const server = await served({ ...options, minRate: 1, minRateSpan: 100 }, (socket) => {
      const fill = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(1 << 20)));
      };
      socket.on('drain', fill);
      fill();
    });
    const drop = dropped(server);
    (await enter(server, client)).pause();
    expect((await drop).reason).toBe('min-rate');
  });

  test('minRate leaves alone who waits for an answer, who is answered, and whom the program does not read', async () => {
    const server = await served({ ...options, minRate: 1_000_000, minRateSpan: 200 }, () => {});
    const { counts } = countDrops(server);
    const waiting = await enter(server, client);
    waiting.accepted.resume();
    waiting.write('a question');
    const unread = await enter(server, client);
    unread.accepted.pause();
    unread.write(Buffer.alloc(8 << 20));
    const answered = await enter(server, client);
    answered.accepted.on('data', (data) => answered.accepted.write(data));
    let echoes = 0;
    const done = new Promise((resolve) => {
      answered.on('data', () => {
        if (++echoes === 60) resolve();
        else setTimeout(() => answered.write('x'), 10);
      });
    });
    answered.write('x');
    await done;
    expect(counts).toEqual({});
    expect([waiting, answered, unread].map(({ accepted }) => accepted.destroyed)).toEqual([false, false, false]);
  });
});

test('limits that are set later hold for them, too', async () => {
  const server = await served(SERVER);
  const busy = await enter(server);
  busy.on('data', () => busy.write('x'));
  busy.write('x');
  const silent = await enter(server, {}, dial(server, '127.0.0.2'));
  server.setLimits({ idleTimeout: 200 });
  expect((await dropped(server)).remoteAddress).toBe('127.0.0.2');
  expect(silent.accepted.destroyed || (await once(silent.accepted, 'close'))).toBeTruthy();
  expect(busy.accepted.destroyed).toBe(false);
});

test('a request of https that comes slowly', async () => {
  const server = await listening(https.createServer({ ...identity('p256'), minRate: 100_000, minRateSpan: 100 }));
  server.on('request', (request) => request.on('error', () => {}).resume());
  const options = { ...trust(), ...CLIENT, port: server.address().port, host: '127.0.0.1', agent: false, method: 'POST' };
  const request = nodeHttps.request(options).on('error', () => {});
  const drip = setInterval(() => request.write('x'), 10);
  expect((await dropped(server)).reason).toBe('min-rate');
  clearInterval(drip);
  request.destroy();
});

test('over a UNIX socket, only their lifetime is limited', async () => {
  const server = tls.createServer({ ...SERVER, idleTimeout: 200, minRate: 1_000_000, minRateSpan: 100 });
  const path = `${scratch()}/socket`;
  server.listen(path);
  await once(server, 'listening');
  const { counts } = countDrops(server);
  const client = await enter(server, {}, destroyAtEnd(net.connect(path)).on('error', () => {}));
  client.accepted.resume();
  const drip = setInterval(() => client.write('x'), 10);
  const other = await served({ ...SERVER, idleTimeout: 600 });
  const isOver = dropped(other);
  await enter(other);
  await isOver;
  clearInterval(drip);
  await enter(other).then(() => dropped(other));
  expect([client.accepted.destroyed, counts]).toEqual([false, {}]);
  const drop = dropped(server);
  server.setLimits({ maxLifetime: 50 });
  expect((await drop).reason).toBe('max-lifetime');
  server.close();
});
