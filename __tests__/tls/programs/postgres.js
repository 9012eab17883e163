'use strict';

// As much of PostgreSQL's protocol as it takes to be answered a query.

const [SSL_REQUEST, VERSION] = [80877103, 3 << 16];

/** A message: its type, unless it is the first of all, its length, and its parts. */
function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(type), length, body]);
}

function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const sslRequest = () => message('', int32(SSL_REQUEST));
const startup = (user) => message('', int32(VERSION), 'user', user, 'database', 'postgres', '');
const query = (text) => message('Q', text);
const terminate = () => message('X');

/** The columns of a row, as text. */
function columns(body) {
  const found = [];
  for (let at = 2; at < body.length; ) {
    const length = body.readInt32BE(at);
    found.push(length < 0 ? null : body.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(length, 0);
  }
  return found;
}

/** The fields of an error, by their letters. */
function fields(body) {
  return Object.fromEntries(body.toString().split('\0').filter(Boolean).map((field) => [field[0], field.slice(1)]));
}

/** What comes up to where the server is ready for the next query, or to an error: `{ rows, error }`. */
function answer(stream) {
  return new Promise((resolve, reject) => {
    const rows = [];
    let bytes = Buffer.alloc(0);
    const settle = (end, value) => {
      stream.off('data', onData);
      end(value);
    };
    const onData = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 5 && bytes.length >= 1 + bytes.readInt32BE(1)) {
        const end = 1 + bytes.readInt32BE(1);
        const [type, body] = [String.fromCharCode(bytes[0]), bytes.subarray(5, end)];
        bytes = bytes.subarray(end);
        if (type === 'D') rows.push(columns(body));
        if (type === 'E') return settle(resolve, { rows, error: fields(body) });
        if (type === 'Z') return settle(resolve, { rows, error: null });
      }
      return undefined;
    };
    stream.on('data', onData);
    stream.on('close', () => settle(reject, new Error('PostgreSQL has hung up.')));
  });
}

module.exports = { answer, query, sslRequest, startup, terminate };
