'use strict';

// D26, libuv's rule: a stream keeps the process alive while it connects, is read, or has something to send; one that is
// paused, or whose end has come, does not. Each program runs in a process of its own over node:net and over both
// entries; the peers are unref'd sockets of node:net, so that only the stream under test can keep the process alive.

const { spawn } = require('child_process');
const path = require('path');

const ENTRIES = {
  'node:net': 'net',
  'rust-net/node': path.join(__dirname, '../../node.js'),
  'rust-net': path.join(__dirname, '../../index.js'),
};

// `peer` is an unref'd listener, and its sockets are unref'd too; it never ends by itself.
// `Buffer.alloc(64 << 20)` fills the buffers of any socket.
const PROGRAMS = {
  'connected and paused': ['exits', `net.createConnection(port, '127.0.0.1').pause();`],
  'connected and read': ['stays', `net.createConnection(port, '127.0.0.1').resume();`],
  'read and unref': ['exits', `net.createConnection(port, '127.0.0.1').resume().unref();`],
  'unref and ref again': ['stays', `net.createConnection(port, '127.0.0.1').resume().unref().ref();`],
  'paused with a write that waits': [
    'stays',
    `const s = net.createConnection(port, '127.0.0.1'); s.pause(); s.write(Buffer.alloc(64 << 20));`,
  ],
  'paused with a write that is sent': [
    'exits',
    `const s = net.createConnection(port, '127.0.0.1'); s.pause(); s.write(Buffer.from('x'));`,
  ],
  'half-closed and read': ['stays', `const s = net.createConnection(port, '127.0.0.1'); s.resume(); s.end();`],
  'half-closed and paused': ['exits', `const s = net.createConnection(port, '127.0.0.1'); s.pause(); s.end();`],
  'the end has come and is not read': [
    'exits',
    `peer.on('connection', (c) => c.end('x'));
     net.createConnection({ port, host: '127.0.0.1', allowHalfOpen: true }).on('readable', () => {});`,
  ],
  'accepted, ended, not read': [
    'exits',
    `const server = net.createServer((c) => { c.end('x'); server.close(); });
     server.listen(0, '127.0.0.1', () => {
       const c = node.connect(server.address().port, '127.0.0.1');
       c.unref(); c.resume(); c.end('unread');
     });`,
  ],
};

// beforeExit: nothing keeps the loop alive. The timer keeps nothing alive, and fires only if something else does.
const prelude = (entry) => `
  const node = require('net');
  const net = require(${JSON.stringify(entry)});
  process.on('beforeExit', () => { console.log('exits'); process.exit(); });
  const peer = node.createServer({ allowHalfOpen: true }, (c) => c.on('error', () => {}).unref());
  peer.listen(0, '127.0.0.1', () => {
    peer.unref();
    const { port } = peer.address();
    setTimeout(() => { console.log('stays'); process.exit(); }, 3000).unref();
`;

function verdict(entry, program) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', `${prelude(entry)}${program}\n});`]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.on('error', reject).on('close', () => resolve(output.trim()));
  });
}

describe.each(Object.entries(PROGRAMS))('%s', (name, [expected, program]) => {
  test(`${expected}, as over node:net (D26)`, async () => {
    const names = Object.keys(ENTRIES);
    const verdicts = await Promise.all(names.map((entry) => verdict(ENTRIES[entry], program)));
    expect(verdicts).toEqual(names.map(() => expected));
  });
});
