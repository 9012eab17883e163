'use strict';

// A peer that has finished its handshake and then sends what no honest one does: records under the right key, made
// here.

const { createCipheriv, createHmac } = require('crypto');
const { once } = require('events');
const nodeNet = require('net');
const { Duplex } = require('stream');
const tls = require('tls');
const { destroyAtEnd, failure, record, settled } = require('../helpers');
const { SERVER, VERSIONS, nextSecure, only, tolerantServer } = require('./ends');
const { APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, records, tap } = require('./wire');

const SUITE = 'TLS_AES_128_GCM_SHA256';

/** The message of a Finished and the like has a type and a length of three bytes; this one is never sent whole. */
const BEGIN = Buffer.from([24, 0, 0xff, 0xf0]);

/** A record under no key. */
const BAD = Buffer.concat([Buffer.from([APPLICATION_DATA, 3, 3, 0, 32]), Buffer.alloc(32)]);

/** RFC 8446, 7.1: HKDF-Expand-Label without a context, of up to one block. */
function expandLabel(secret, label, length) {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** Seals records of TLS 1.3 as their sender, from the first after the handshake on: `seal(type, content)`. */
function sealer(secret) {
  const [key, iv] = [expandLabel(secret, 'key', 16), expandLabel(secret, 'iv', 12)];
  let count = 0;
  return (type, content) => {
    const nonce = Buffer.from(iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ count++) >>> 0, 8);
    const header = Buffer.from([APPLICATION_DATA, 3, 3, 0, 0]);
    header.writeUInt16BE(content.length + 17, 3);
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(header);
    const sealed = [cipher.update(content), cipher.update(Buffer.from([type])), cipher.final()];
    return Buffer.concat([header, ...sealed, cipher.getAuthTag()]);
  };
}

/** A client that is secure with `server`: its raw socket, and how it seals records. */
async function client(server) {
  const raw = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
  const between = new Duplex({ read() {}, write: (chunk, encoding, callback) => void raw.write(chunk, callback) });
  raw.on('data', (data) => between.push(data)).on('error', () => {});
  const secure = tls.connect({ socket: between, rejectUnauthorized: false, minVersion: 'TLSv1.3', ciphers: SUITE });
  let secret;
  secure.on('keylog', (line) => {
    const [label, , value] = line.toString().trim().split(' ');
    if (label === 'CLIENT_TRAFFIC_SECRET_0') secret = Buffer.from(value, 'hex');
  });
  secure.on('error', () => {});
  await once(secure, 'secureConnect');
  return { raw, seal: sealer(secret) };
}

/** The same of a server of ours, and the `stream` that has accepted it. */
async function secured() {
  const server = await tolerantServer(SERVER);
  const accepted = nextSecure(server);
  return { ...(await client(server)), stream: await accepted };
}

test('what is sealed here is what the server takes', async () => {
  const { raw, seal, stream } = await secured();
  raw.write(seal(APPLICATION_DATA, Buffer.from('hello')));
  expect((await once(stream, 'data')).toString()).toBe('hello');
});

test.each([1, 100])('a message of the protocol that never ends, in pieces of %s: the stream fails, the loop goes on', async (size) => {
  const { raw, seal, stream } = await secured();
  const failing = failure(stream);
  const records = [seal(HANDSHAKE, BEGIN)];
  for (let sent = 0; sent < 65_000; sent += size) records.push(seal(HANDSHAKE, Buffer.alloc(size)));
  raw.write(Buffer.concat(records));
  const error = await failing;
  expect(error.code).toMatch(/^ERR_SSL_/);
  await settled();
});

test('what was written when the session fails is not sent in the clear', async () => {
  const { raw, seal, stream } = await secured();
  const received = [];
  raw.on('data', (data) => received.push(data));
  stream.on('data', () => stream.write('secret'));
  const failing = failure(stream);
  const broken = seal(APPLICATION_DATA, Buffer.from('broken'));
  broken[broken.length - 1] ^= 1;
  // The end is there by the time that the first is answered: reading comes before writing then.
  raw.end(Buffer.concat([seal(APPLICATION_DATA, Buffer.from('hello')), broken]));
  expect((await failing).code).toMatch(/^ERR_SSL_/);
  await settled();
  expect(Buffer.concat(received).includes('secret')).toBe(false);
});

test('2,000 records of one byte: read together, and the loop goes on', async () => {
  const { raw, seal, stream } = await secured();
  const events = [];
  const all = new Promise((resolve) => {
    let length = 0;
    stream.on('data', (data) => {
      events.push(data.length);
      length += data.length;
      if (data.includes('!')) resolve(length);
    });
  });
  const records = Array.from({ length: 2000 }, () => seal(APPLICATION_DATA, Buffer.alloc(1)));
  raw.write(Buffer.concat([...records, seal(APPLICATION_DATA, Buffer.from('!'))]));
  await settled();
  expect(await all).toBe(2001);
  // Not one for each.
  expect(events.length).toBeLessThan(100);
});

test('records of nothing, one after the other, end the session', async () => {
  const { raw, seal, stream } = await secured();
  const failing = failure(stream);
  raw.write(Buffer.concat(Array.from({ length: 2000 }, () => seal(APPLICATION_DATA, Buffer.alloc(0)))));
  expect((await failing).code).toMatch(/^ERR_SSL_/);
  await settled();
});

test('data, and a bad record behind it: the data is delivered, and an answer to it does not hide the failure', async () => {
  const { raw, seal, stream } = await secured();
  const failing = failure(stream);
  let data = '';
  stream.on('data', (chunk) => {
    data += chunk;
    stream.write('answer');
    stream.write(Buffer.alloc(100_000));
  });
  raw.write(Buffer.concat([seal(APPLICATION_DATA, Buffer.from('hello')), BAD]));
  expect((await failing).code).toBe('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
  expect(data).toBe('hello');
});

test('data and a bad record behind it, while the stream is paused: the next write fails', async () => {
  const { raw, seal, stream } = await secured();
  stream.pause();
  const failing = failure(stream);
  const block = seal(APPLICATION_DATA, Buffer.alloc(16_000));
  raw.write(Buffer.concat([block, seal(APPLICATION_DATA, Buffer.alloc(16_000)), BAD]));
  const write = (error) => {
    if (!error) setImmediate(() => stream.write('more', write));
  };
  write();
  expect((await failing).code).toMatch(/^(EPIPE|ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC)$/);
});

test.each(VERSIONS)('a bad record right behind the last flight of the client: %s', async (version) => {
  const server = await tolerantServer({ ...SERVER, ...only(version) });
  let sent = Buffer.alloc(0);
  let passed = 0;
  const between = await tap(server, {
    up(chunk, to) {
      sent = Buffer.concat([sent, chunk]);
      const types = records(sent).map(({ type }) => type);
      // The Finished is the first record after the change of keys.
      const hasFinished = types.includes(CHANGE_CIPHER_SPEC) && types.at(-1) !== CHANGE_CIPHER_SPEC;
      if (hasFinished) to.write(Buffer.concat([sent.subarray(passed), BAD]));
      else if (types.length === 1) to.write(chunk);
      else return;
      passed = sent.length;
    },
  });
  const accepted = once(server, 'connection');
  destroyAtEnd(tls.connect({ ...between.address(), host: '127.0.0.1', rejectUnauthorized: false })).on('error', () => {});
  const [stream] = await accepted;
  const secure = record(stream, 'secure');
  const error = await failure(stream.resume());
  expect([error.code, secure.length]).toEqual(['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 1]);
});
