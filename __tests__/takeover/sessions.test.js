'use strict';

// Sessions of http2 over sockets of ours: their bytes do not pass through Duplex, unless something else sees them.

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
server.prependListener(isSecure ? 'secureConnection' : 'connection', (socket) => {
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
    session.close();
    server.close();
    process.stdout.write(JSON.stringify({ text, passed, heard: [...heard] }));
  });
});
`,
};

beforeAll(() => {
  binaries = new Map(nodes());
});

describe.each(MAJORS)('on Node %i', (major) => {
  async function play(...args) {
    const { key, cert } = files('selfSigned', scratch());
    const flags = ['--require', './count.js', '--require', 'rust-net/register', 'app.js', ...args];
    return JSON.parse(await run(project(FILES), flags, { node: binaries.get(major), env: { KEY: key, CERT: cert } }));
  }

  test.each(['clear', 'secure'])('neither what is received nor what is sent (%s)', async (kind) => {
    expect(await play(kind)).toEqual({ text: 'answer', passed: [], heard: [] });
  });

  test.each(['clear', 'secure'])('a program that replaces write() sees what the session sends (%s)', async (kind) => {
    expect(await play(kind, 'write')).toEqual({ text: 'answer', passed: ['write'], heard: ['write'] });
  });
});
