'use strict';

// What goes over the wire: a tap between both ends that records and may cut or change it, and TLS records by sight.

const { once } = require('events');
const nodeNet = require('net');
const tls = require('tls');
const { destroyAtEnd, listening } = require('../helpers');

/** The content types of TLS records. */
const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;

/** Types of handshake messages with a signature at their end. */
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_VERIFY = 15;

/**
 * A server that passes everything on to `server`, and its answers back. `up` and `down` are called with each chunk and
 * the socket to write it to, and may take their time; `.up` and `.down` give all that came so far.
 * `send(direction, bytes)` and `end(direction)` send bytes of our own and a FIN.
 */
async function tap(server, { up = pass, down = pass } = {}) {
  const seen = { up: [], down: [] };
  const targets = { up: [], down: [] };
  const between = await listening(
    nodeNet.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const target = nodeNet.connect({ ...whereIs(server), allowHalfOpen: true, noDelay: true });
      targets.up.push(target);
      targets.down.push(client);
      join(client, target, seen.up, up);
      join(target, client, seen.down, down);
    }),
  );
  return {
    address: () => between.address(),
    send: (direction, bytes) => targets[direction].forEach((socket) => socket.write(bytes)),
    end: (direction) => targets[direction].forEach((socket) => socket.end()),
    get up() {
      return Buffer.concat(seen.up);
    },
    get down() {
      return Buffer.concat(seen.down);
    },
  };
}

function whereIs(server) {
  const address = server.address();
  return typeof address === 'string' ? { path: address } : { port: address.port, host: '127.0.0.1' };
}

function pass(chunk, to) {
  to.write(chunk);
}

/** Passes on from `from` to `to`: data, the end, and a reset. */
function join(from, to, seen, forward) {
  destroyAtEnd(from);
  let last = Promise.resolve();
  from.on('data', (chunk) => {
    seen.push(chunk);
    last = last.then(() => forward(chunk, to));
  });
  from.on('end', () => last.then(() => to.end()));
  from.on('error', () => to.resetAndDestroy());
}

/** The TLS records that begin in `bytes`: `{ type, length, whole }`, and up to the first that is none. */
function records(bytes) {
  const found = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const [type, major] = bytes.subarray(at);
    if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA || major !== 3) break;
    const length = bytes.readUInt16BE(at + 3);
    found.push({ type, length, at, whole: at + 5 + length <= bytes.length });
    at += 5 + length;
  }
  return found;
}

/** Whether all of `bytes` are whole TLS records. */
function isAllRecords(bytes) {
  const found = records(bytes);
  const last = found.at(-1);
  return last !== undefined && last.whole && last.at + 5 + last.length === bytes.length;
}

/** Where the handshake message `type` ends in `bytes`, which are in the clear up to there; null if there is none. */
function messageEnd(bytes, type) {
  for (const record of records(bytes)) {
    if (record.type !== HANDSHAKE || !record.whole) continue;
    const end = record.at + 5 + record.length;
    for (let at = record.at + 5; at + 4 <= end; ) {
      const next = at + 4 + bytes.readUIntBE(at + 1, 3);
      if (bytes[at] === type && next <= end) return next;
      at = next;
    }
  }
  return null;
}

/** All that `socket` receives from now on, as soon as `isEnough(bytes)`; rejects if it ends before. */
function until(socket, isEnough) {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isEnough(bytes)) return;
      socket.off('data', onData);
      resolve(bytes);
    };
    socket.on('data', onData);
    socket.on('close', () => reject(new Error(`The end has come after ${bytes.length} bytes: ${bytes.toString('latin1')}`)));
  });
}

/** The first flight of a client of node:tls with `options`, as it goes over the wire. */
async function clientHello(options = {}) {
  const server = await listening(nodeNet.createServer(destroyAtEnd));
  const connection = once(server, 'connection');
  const { port } = server.address();
  destroyAtEnd(tls.connect({ host: '127.0.0.1', port, ...options })).on('error', () => {});
  const [accepted] = await connection;
  return until(accepted, isAllRecords);
}

module.exports = {
  ALERT,
  APPLICATION_DATA,
  CERTIFICATE_VERIFY,
  CHANGE_CIPHER_SPEC,
  HANDSHAKE,
  SERVER_KEY_EXCHANGE,
  clientHello,
  isAllRecords,
  messageEnd,
  records,
  tap,
  until,
};
