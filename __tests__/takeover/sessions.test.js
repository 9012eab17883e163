'use strict';

// Sessions of http2 over sockets of ours: their bytes do not pass through Duplex, unless something else sees them. In
// the clear they pass a handle of Node's core.

const { MAJORS, nodes } = require('../package/nodes');
const { DEADLINE, project, run } = require('../node/project');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');

jest.setTimeout(10 * DEADLINE);

let binaries;

const FILES = {
  // Before rust-net is loaded: these are the methods that it finds.
  'count.js': `
const { Duplex } = require('stream');
const { push, write } = Duplex.prototype;
globalThis.passed = new Map();
function note(stream, kind, chunk) {
  if (chunk !== null) globalThis.passed.get(stream)?.add(kind);
}
Duplex.prototype.push = function (chunk, ...rest) {
  note(this, 'push', chunk);
  return push.call(this, chunk, ...rest);
};
Duplex.prototype.write = function (chunk, ...rest) {
  note(this, 'write', chunk);
  return write.call(this, chunk, ...rest);
};
`,
  'app.js': `
const { readFileSync } = require('fs');
const http2 = require('http2');
const [, , kind, observed] = process.argv;
const key = readFileSync(process.env.KEY);
const cert = readFileSync(process.env.CERT);
const isSecure = kind === 'secure';
const server = isSecure ? http2.createSecureServer({ key, cert }) : http2.createServer();
const heard = new Set();
let accepted;
server.prependListener(isSecure ? 'secureConnection' : 'connection', (socket) => {
  accepted = socket;
  globalThis.passed.set(socket, new Set());
  if (observed === 'write') {
    const { write } = socket;
    socket.write = function (...args) {
      heard.add('write');
      return write.apply(this, args);
    };
  }
});
server.on('request', (request, response) => {
  // What the session had to say before TLS was ready has waited in Duplex.
  for (const kinds of globalThis.passed.values()) kinds.clear();
  response.end('answer');
});
server.listen(0, 'localhost', () => {
  const { port } = server.address();
  const url = (isSecure ? 'https' : 'http') + '://localhost:' + port;
  const session = http2.connect(url, { ca: cert });
  const stream = session.request({ ':path': '/' });
  let text = '';
  stream.setEncoding('utf8').on('data', (data) => (text += data));
  stream.on('end', () => {
    const [passed] = [...globalThis.passed.values()].map((kinds) => [...kinds]);
    const handle = accepted._handle.constructor.name;
    session.close();
    server.close();
    process.stdout.write(JSON.stringify({ text, passed, heard: [...heard], handle }));
  });
});
`,
  'end.js': `
const http2 = require('http2');
const net = require('net');
const inner = http2.createServer((request, response) => response.end('answer'));
const server = net.createServer((socket) => inner.emit('connection', socket));
server.listen(0, '127.0.0.1', () => {
  const session = http2.connect('http://127.0.0.1:' + server.address().port);
  session.on('error', () => {});
  session.request({ ':path': '/' }).resume().on('end', async () => {
    process.stdout.write(JSON.stringify(await server.shutdown()));
    session.destroy();
  });
});
`,
  'unref.js': `
const http2 = require('http2');
const server = http2.createServer((request, response) => response.end('answer'));
server.on('connection', (socket) => socket.unref());
server.listen(0, '127.0.0.1', () => {
  const session = http2.connect('http://127.0.0.1:' + server.address().port);
  const stream = session.request({ ':path': '/' }).setEncoding('utf8');
  stream.on('data', (text) => process.stdout.write(JSON.stringify(text)));
  stream.on('end', () => {
    session.unref();
    server.unref();
  });
});
`,
  // What a program does with the socket that a session has.
  'beneath.js': `
const http2 = require('http2');
const net = require('net');
const { once } = require('events');
const { stats } = require('rust-net');
const server = http2.createServer((request, response) => request.pipe(response));
const seen = {};
function codeOf(action) {
  try {
    action();
  } catch ({ code }) {
    return code;
  }
}
async function main() {
  const accepted = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect(server.address().port, '127.0.0.1');
  const session = http2.connect('http://localhost', { createConnection: () => socket });
  const [theirs] = await accepted;
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.end(Buffer.alloc(100000));
  stream.resume();
  await once(stream, 'end');
  seen.detach = codeOf(() => theirs.detach());
  const read = theirs.stats.bytesRead;
  const all = stats().bytesRead === read + socket.bytesRead;
  seen.counted = [read > 100000, server.stats.bytesRead === read, all];
  theirs.setOption('userTimeout', 12345);
  seen.option = theirs.getOption('userTimeout');
  // It is idle, as the kernel counts.
  theirs.setTimeout(30);
  await once(theirs, 'timeout');
  seen.timeout = theirs.timeout;
  const [closed, ended] = [once(theirs, 'close'), once(socket, 'end')];
  // After what the session has written.
  theirs.end();
  await ended;
  session.close();
  seen.hadError = (await closed)[0];
  seen.open = server.stats.connections.open;
  seen.read = server.stats.bytesRead === theirs.bytesRead;
  server.close();
  // The socket can be used again.
  const other = net.createServer((stream) => stream.end('again')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  theirs.connect(other.address().port, '127.0.0.1');
  theirs.setTimeout(0);
  seen.again = String((await once(theirs, 'data'))[0]);
  theirs.end();
  other.close();
  process.stdout.write(JSON.stringify(seen));
}
main();
`,
};

beforeAll(() => {
  binaries = new Map(nodes());
});

describe.each(MAJORS)('on Node %i', (major) => {
  async function play(...args) {
    const { key, cert } = files('selfSigned', scratch());
    const flags = ['--require', './count.js', '--require', 'rust-net/register', ...args];
    return JSON.parse(await run(project(FILES), flags, { node: binaries.get(major), env: { KEY: key, CERT: cert } }));
  }

  test.each(['clear', 'secure'])('neither what is received nor what is sent (%s)', async (kind) => {
    const handle = kind === 'clear' ? 'TCP' : 'JSStream';
    expect(await play('app.js', kind)).toEqual({ text: 'answer', passed: [], heard: [], handle });
  });

  test.each(['clear', 'secure'])('a program that replaces write() sees what the session sends (%s)', async (kind) => {
    const [passed, heard] = [['write'], ['write']];
    expect(await play('app.js', kind, 'write')).toEqual({ text: 'answer', passed, heard, handle: 'JSStream' });
  });

  test('the graceful end of a server whose connections have sessions with nothing to do', async () => {
    expect(await play('end.js')).toMatchObject({ ended: 1, destroyed: 0 });
  });

  test('a session that is not to keep the process does not', async () => {
    expect(await play('unref.js')).toEqual('answer');
  });

  test('what a program does with the socket that a session has', async () => {
    expect(await play('beneath.js')).toEqual({
      detach: 'ERR_INVALID_STATE',
      counted: [true, true, true],
      option: 12345,
      timeout: 30,
      hadError: false,
      open: 0,
      read: true,
      again: 'again',
    });
  });
});
