'use strict';

// Debian's PostgreSQL with TLS, and as much of its protocol as it takes to be answered a query.

const { execFileSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { atEnd, listening, scratch } = require('../helpers');
const { find } = require('../../scripts/peers');
const net = require('../..');
const { start } = require('./peers');
const { files } = require('./pki');

const [SSL_REQUEST, VERSION] = [80877103, 3 << 16];

/** PostgreSQL will not run as root: Debian has a user for it. */
function account() {
  if (process.getuid() !== 0) return {};
  const id = (what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** An address that is ours alone, since it has no port of the system's choice: nobody takes ours in between. */
function ownAddress() {
  return `127.77.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}`;
}

/**
 * A server whose certificate is that of `name`, and its only user `user`, who needs a certificate below `root`:
 * `{ host, port }`. It is stopped after the test.
 */
async function postgresServer(name, user) {
  const folder = scratch();
  const who = account();
  const options = { ...who, cwd: folder };
  const { key, cert } = files(name, folder);
  const { leaf: authorities } = files('root', folder);
  if (who.uid !== undefined) {
    for (const file of [folder, key, cert, authorities]) fs.chownSync(file, who.uid, who.gid);
  }
  const data = path.join(folder, 'data');
  const made = await start('initdb', ['-D', data, '-U', user, '-A', 'reject', '--no-sync', '--no-locale', '-E', 'UTF8'], options)
    .outcome;
  if (made.code !== 0) throw new Error(`initdb: ${made.output}`);
  fs.writeFileSync(path.join(data, 'pg_hba.conf'), 'hostssl all all all cert\n');

  const host = ownAddress();
  const free = await listening(net.createServer(), 0, host);
  const { port } = free.address();
  free.close();
  await once(free, 'close');
  const settings = {
    listen_addresses: host, port, unix_socket_directories: '', ssl: 'on', fsync: 'off', max_connections: 10,
    ssl_key_file: key, ssl_cert_file: cert, ssl_ca_file: authorities,
  };
  const given = Object.entries(settings).flatMap(([setting, value]) => ['-c', `${setting}=${value}`]);
  const server = start(path.join(path.dirname(fs.realpathSync(find('initdb'))), 'postgres'), ['-D', data, ...given], options);
  atEnd(() => {
    // At once, with all its processes.
    server.process.kill('SIGQUIT');
    return server.outcome;
  });
  await server.said(/ready to accept connections/);
  return { host, port };
}

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

module.exports = { answer, postgresServer, query, sslRequest, startup, terminate };
