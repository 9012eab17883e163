'use strict';

// A peer of TLS 1.3 that updates its keys as often as it likes. The handshake is node:tls's; after it, this file seals
// and opens the records itself, with the secrets that node:tls logs.

const crypto = require('crypto');
const { once } = require('events');
const { Duplex } = require('stream');
const tls = require('tls');
const { APPLICATION_DATA, HANDSHAKE } = require('./wire');

const CIPHER = 'TLS_AES_128_GCM_SHA256';
const [KEY_SIZE, IV_SIZE, TAG_SIZE, HEADER_SIZE] = [16, 12, 16, 5];

const [NEW_SESSION_TICKET, KEY_UPDATE] = [4, 24];

/** Session tickets that a server of OpenSSL sends. */
const TICKETS = 2;

/** HKDF-Expand-Label of RFC 8446, for no more than a hash. */
function expand(secret, label, length) {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return crypto.createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** The whole records that `bytes` begin with. */
function recordsOf(bytes) {
  const found = [];
  for (let at = 0; at + HEADER_SIZE <= bytes.length;) {
    const end = at + HEADER_SIZE + bytes.readUInt16BE(at + 3);
    if (end > bytes.length) break;
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}

/** The keys of one direction. */
class Keys {
  #secret;
  #key;
  #iv;
  #count = 0;

  constructor(secret) {
    this.#use(secret);
  }

  #use(secret) {
    this.#secret = secret;
    this.#key = expand(secret, 'key', KEY_SIZE);
    this.#iv = expand(secret, 'iv', IV_SIZE);
    this.#count = 0;
  }

  update() {
    this.#use(expand(this.#secret, 'traffic upd', 32));
  }

  #nonce() {
    const nonce = Buffer.from(this.#iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#count) >>> 0, 8);
    return nonce;
  }

  seal(type, content) {
    const header = Buffer.from([APPLICATION_DATA, 3, 3, 0, 0]);
    header.writeUInt16BE(content.length + 1 + TAG_SIZE, 3);
    const cipher = crypto.createCipheriv('aes-128-gcm', this.#key, this.#nonce()).setAAD(header);
    this.#count += 1;
    const sealed = cipher.update(Buffer.concat([content, Buffer.from([type])]));
    return Buffer.concat([header, sealed, cipher.final(), cipher.getAuthTag()]);
  }

  /** What is in a record: `{ type, content }`; null if it was sealed with other keys, as those of the handshake are. */
  open(record) {
    if (record[0] !== APPLICATION_DATA) return null;
    const decipher = crypto.createDecipheriv('aes-128-gcm', this.#key, this.#nonce());
    decipher.setAAD(record.subarray(0, HEADER_SIZE)).setAuthTag(record.subarray(-TAG_SIZE));
    const plain = decipher.update(record.subarray(HEADER_SIZE, -TAG_SIZE));
    try {
      decipher.final();
    } catch {
      return null;
    }
    this.#count += 1;
    return { type: plain.at(-1), content: plain.subarray(0, -1) };
  }
}

class Updater {
  /** What our side has sent after the handshake: `{ type, content }` of each record. */
  records = [];
  /** The size of these records, without a server's session tickets, which may come late. */
  bytes = 0;
  #raw;
  #rest = Buffer.alloc(0);
  #sealing;
  #opening;

  /** Over `raw`, a connected socket of node:net, as the server if there are `secrets` of one. */
  static async over(raw, { secrets, ca }) {
    const updater = new Updater();
    await updater.#handshake(raw, secrets, ca);
    return updater;
  }

  async #handshake(raw, secrets, ca) {
    this.#raw = raw;
    const wire = new Duplex({
      read() {},
      write: (chunk, encoding, callback) => {
        written.push(chunk);
        raw.write(chunk, callback);
        wire.emit('written');
      },
    });
    const [received, written] = [[], []];
    const onData = (chunk) => {
      received.push(chunk);
      wire.push(chunk);
    };
    raw.on('data', onData);
    const only = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: CIPHER };
    const stream = secrets
      ? new tls.TLSSocket(wire, { isServer: true, secureContext: tls.createSecureContext({ ...secrets, ...only }) })
      : tls.connect({ socket: wire, ca, servername: 'localhost', ...only });
    const logged = {};
    stream.on('keylog', (line) => {
      const [label, , secret] = line.toString().trim().split(' ');
      logged[label] = Buffer.from(secret, 'hex');
    });
    await once(stream, secrets ? 'secure' : 'secureConnect');
    const [mine, theirs] = secrets ? ['SERVER', 'CLIENT'] : ['CLIENT', 'SERVER'];
    const secret = logged[`${mine}_TRAFFIC_SECRET_0`];
    // The tickets of a server are the first records with these keys.
    while (this.#skip(new Keys(secret), written) < (secrets ? TICKETS : 0)) await once(wire, 'written');
    raw.off('data', onData);
    this.#opening = new Keys(logged[`${theirs}_TRAFFIC_SECRET_0`]);
    for (const chunk of received) this.#take(chunk);
    raw.on('data', (chunk) => this.#take(chunk));
  }

  /** Goes on after the records of node:tls that have these keys: how many there are. */
  #skip(keys, chunks) {
    this.#sealing = keys;
    return recordsOf(Buffer.concat(chunks)).filter((record) => keys.open(record) !== null).length;
  }

  #take(chunk) {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const records = recordsOf(bytes);
    this.#rest = bytes.subarray(records.reduce((sum, { length }) => sum + length, 0));
    for (const record of records) {
      const opened = this.#opening.open(record);
      if (opened === null) continue;
      this.records.push(opened);
      if (opened.type !== HANDSHAKE || opened.content[0] !== NEW_SESSION_TICKET) this.bytes += record.length;
      if (opened.type === HANDSHAKE && opened.content[0] === KEY_UPDATE) this.#opening.update();
    }
  }

  /** Records of so many updates, each of which asks for one in return. */
  updates(count) {
    return Buffer.concat(Array.from({ length: count }, () => {
      const record = this.#sealing.seal(HANDSHAKE, Buffer.from([KEY_UPDATE, 0, 0, 1, 1]));
      this.#sealing.update();
      return record;
    }));
  }

  data(text) {
    return this.#sealing.seal(APPLICATION_DATA, Buffer.from(text));
  }

  /** Resolves when `bytes` have been handed on. */
  send(bytes) {
    return new Promise((resolve) => this.#raw.write(bytes, resolve));
  }

  /** How many updates our side has sent. */
  get answers() {
    return this.records.filter(({ type, content }) => type === HANDSHAKE && content[0] === KEY_UPDATE).length;
  }
}

module.exports = { Updater };
