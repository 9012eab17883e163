'use strict';

// NODE_DEBUG=rust-net: a line for each event of a socket or server, with its number, and nothing of what is sent.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { folderWithKey } = require('../examples/blocks');

const ROOT = path.join(__dirname, '..', '..');

const PROGRAM = `
const { readFileSync } = require('fs');
const { once } = require('events');
const net = require(process.argv[1]);
const tls = require(process.argv[1] + '/tls');

const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(name));

async function inPlace() {
  const credentials = net.createCredentials({ key, cert });
  const server = net.createServer((stream) => stream.setSecure(credentials).pipe(stream));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  client.setSecure({ ca: cert }, { servername: 'localhost' });
  client.resume().end('a secret');
  await once(client, 'close');
  credentials.replace({ key, cert });
  await server.shutdown();
}

async function fails() {
  const client = net.connect('no-such-socket');
  await once(client, 'close').catch(() => {});
}

async function today() {
  const server = tls.createServer({ key, cert }, (socket) => socket.resume().end('a secret'));
  await once(server.listen('socket'), 'listening');
  const trusting = tls.connect({ path: 'socket', servername: 'localhost', ca: cert }).resume();
  await once(trusting, 'close');
  await once(tls.connect({ path: 'socket', servername: 'localhost' }), 'close').catch(() => {});
  server.close();
}

async function drops() {
  const server = net.createServer();
  server.maxConnections = 1;
  await once(server.listen('full'), 'listening');
  const client = net.connect('full');
  await once(server, 'connection');
  await once(net.connect('full').resume(), 'close');
  client.destroy();
  server.close();
  await once(net.createServer().listen('no/such/folder'), 'error').catch(() => {});
}

async function proxied() {
  const server = net.createServer({ proxyProtocol: 'require' }).listen('proxied');
  await once(server, 'listening');
  const source = { address: '192.0.2.1', port: 1000 };
  const client = net.connect({ path: 'proxied', proxyProtocol: { source, destination: source } });
  const [accepted] = await once(server, 'connection');
  net.Stream.attach(accepted.detach()).destroy();
  await once(client.resume(), 'close');
  server.close();
}

inPlace().then(fails).then(today).then(drops).then(proxied);
`;

/** The lines that the program prints, by what they are about: `#1`, ..., a server, or credentials. */
function linesOf(debug) {
  const { status, stderr } = spawnSync(process.execPath, ['-e', PROGRAM, ROOT], {
    cwd: folderWithKey('localhost'),
    env: { ...process.env, NODE_DEBUG: debug },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const lines = {};
  for (const line of stderr.split('\n').filter(Boolean)) {
    const [, about, text] = /^RUST-NET \d+: (#\d+|127\.0\.0\.1:\d+|[a-z ]+): (.*)$/.exec(line);
    (lines[about] ??= []).push(text.replace(/\d+\.\d ms/, 'N ms').replaceAll(/127\.0\.0\.1:\d+/g, 'TCP'));
  }
  return lines;
}

test('a life in lines', () => {
  const { '#1': client, '#2': accepted, '#3': failed, '#4': trusting, '#5': server, socket, credentials, ...rest } =
    linesOf('rust-net');
  expect(client).toEqual([
    'connects to TCP',
    'connected to TCP, from TCP, in N ms',
    'begins TLS as a client for localhost',
    expect.stringMatching(/^secure: TLSv1\.3 TLS_AES_\w+, in N ms$/),
    'ended by the peer',
    'closed, 8 bytes read, 8 written',
  ]);
  expect(accepted).toEqual([
    'accepted by TCP, from TCP',
    'begins TLS as a server',
    expect.stringMatching(/^secure: TLSv1\.3 TLS_AES_\w+, in N ms$/),
    'ended by the peer',
    'closed, 8 bytes read, 8 written',
  ]);
  expect(failed).toEqual(['connects to no-such-socket', 'not connected: ENOENT, after N ms', expect.stringMatching(/^closed, .*: ENOENT$/)]);
  expect(trusting.slice(0, 2)).toEqual(['connects to socket', 'connected to socket, from UNIX, in N ms']);
  expect(server).toEqual(expect.arrayContaining(['accepted by socket, from UNIX', 'begins TLS as a server']));
  expect(server.filter((line) => line.startsWith('closed'))).toEqual(['closed, 0 bytes read, 8 written']);
  expect(socket).toEqual(['listens', 'closed']);
  expect(credentials).toEqual(['replaced']);
  const { '#6': distrusting, '#7': refused, full, ...more } = rest;
  expect(full).toEqual(['listens', 'dropped 1, the last from UNIX: max-connections', 'closed']);
  expect(distrusting).toContain('not secure: DEPTH_ZERO_SELF_SIGNED_CERT, after N ms');
  expect(refused).toContainEqual(expect.stringMatching(/^not secure: \w+, after N ms$/));
  expect(more['a server']).toEqual([expect.stringMatching(/^cannot listen: E[A-Z]+$/)]);
  expect(more.proxied).toEqual(['listens', 'closed']);
  expect(more['#12'].slice(0, 3)).toEqual([
    'accepted by proxied, from 192.0.2.1:1000',
    'header of the PROXY protocol, version 2',
    'detached for another thread',
  ]);
  expect(more['#13'][0]).toBe('attached, with a peer at 192.0.2.1:1000');
  const places = Object.keys(more).filter((about) => about.startsWith('127.'));
  expect(places.map((place) => more[place])).toEqual([
    ['listens', 'begins its graceful end', 'has ended: 0 ended, 0 destroyed, in N ms', 'closed'],
  ]);
});

test('nothing without it, and nothing is subscribed to', () => {
  expect(linesOf('')).toEqual({});
  const script = `
    require(process.argv[1]);
    const { channel } = require('diagnostics_channel');
    console.log(['rust-net.server.accept', 'rust-net.socket.close'].some((name) => channel(name).hasSubscribers));`;
  const { stdout } = spawnSync(process.execPath, ['-e', script, ROOT], { encoding: 'utf8' });
  expect(stdout).toBe('false\n');
});

test('each channel has a line', () => {
  const source = fs.readFileSync(path.join(ROOT, 'lib', 'debug-lines.js'), 'utf8');
  const own = Object.entries(require('../../lib/channels')).filter(([, { name, asyncEnd }]) =>
    (name ?? asyncEnd.name).includes('rust-net.'));
  expect(own.length).toBeGreaterThan(10);
  for (const [name] of own) expect(source).toContain(`channels.${name}`);
});
