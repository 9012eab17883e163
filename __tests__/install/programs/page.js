'use strict';

// The page's echo server and a client, over TCP and over a UNIX socket: hello, the echo, goodbye. The rest of an
// installation is checked, too: what the binding says of addresses and errors.

const assert = require('assert');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const net = require('rust-net');

function serve() {
  return net.createServer((stream) => {
    stream.setEncoding('utf8');
    stream.on('connect', () => stream.write('hello\r\n'));
    stream.on('data', (data) => stream.write(data, 'utf8'));
    stream.on('end', () => stream.end('goodbye\r\n'));
  });
}

async function talk(...to) {
  const client = net.createConnection(...to);
  let heard = '';
  client.setEncoding('utf8');
  client.on('connect', () => client.end('¿qué tal?\r\n', 'utf8'));
  client.on('data', (data) => (heard += data));
  await once(client, 'close');
  assert.equal(heard, 'hello\r\n¿qué tal?\r\ngoodbye\r\n');
}

async function main() {
  const tcp = serve();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  assert.equal(tcp.address().address, '127.0.0.1');
  await talk(tcp.address().port, '127.0.0.1');
  tcp.close();

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-smoke-'));
  const file = path.join(folder, 'socket');
  const unix = serve();
  unix.listen(file);
  await once(unix, 'listening');
  await talk(file);
  unix.close();
  assert.equal(fs.existsSync(file), false);
  fs.rmdirSync(folder);

  const refused = net.createConnection(file);
  const [error] = await once(refused, 'error');
  assert.equal(error.code, 'ENOENT');
  assert.equal(net.isIP('::1'), 6);
  console.log('ok');
}

main();
