'use strict';

// The guide "Monitoring agents": with each command as it is written, on every Node, the agent sees the connection and
// the request of a program, whose sockets are ours.

const fs = require('fs');
const path = require('path');
const { MAJORS } = require('../package/nodes');
const { DEADLINE, ROOT } = require('../node/project');
const { withPackages } = require('../takeover/packages/install');
const { identity } = require('../tls/pki');
const { recipesOf, runLine } = require('./recipes');

const RECIPES = recipesOf('docs/guides/apm.md');

const FILES = {
  'app.cjs': `
const { subscribe } = require('diagnostics_channel');
const http = require('http');
const net = require('net');

for (const name of ['net:tcp', 'http:client:request']) subscribe('apm:' + name + ':start', () => console.log('sees', name));

const server = http.createServer((request, response) => response.end('hello')).listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
    console.log('http', 'setSecure' in response.socket);
    response.resume().on('end', () => {
      const socket = net.connect(port, '127.0.0.1', () => socket.destroy());
      console.log('net', 'setSecure' in socket);
      socket.on('close', () => server.close(() => setImmediate(process.exit)));
    });
  });
});
`,
  'app.mjs': `
import { connect, createServer } from 'net';

const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1', () => {
  const socket = connect(server.address().port, '127.0.0.1').resume();
  console.log('net', 'setSecure' in socket);
  socket.on('close', () => server.close());
});
`,
};

/** A program of rust-net itself: a child of a span of its own, a failure, and a handshake. */
FILES['sockets.cjs'] = `
const { trace } = require('@opentelemetry/api');
const net = require('rust-net');

const { key, cert } = ${JSON.stringify(identity('localhost'))};

const server = net.createServer((stream) => stream.setSecure({ key, cert })).listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  trace.getTracer('app').startActiveSpan('request', (span) => {
    const client = net.connect(port, '127.0.0.1');
    client.setSecure({ ca: cert }, { servername: 'localhost' });
    client.on('secure', () => client.end()).resume().on('close', () => {
      span.end();
      server.close();
    });
    console.log('request', span.spanContext().spanId);
  });
  net.connect('no-such-socket').on('error', () => {});
});
`;

/** What the output has to have, if the agent is at work. */
const SEEN = {
  'OpenTelemetry': ["name: 'tcp.connect'", "name: 'GET'", 'http true', 'net true'],
  'Spans of rust-net': ["name: 'tcp.connect'", "name: 'ipc.connect'", "name: 'tls.connect'", "name: 'tls.accept'"],
  'dd-trace': ['sees net:tcp', 'sees http:client:request', 'http true', 'net true'],
  'Loader hooks': ['connects', 'net true'],
};

/** dd-trace has no agent to send what it has seen to. */
const ENVIRONMENT = {
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_TRACE_AGENT_URL: 'http://127.0.0.1:1',
  DD_TRACE_STARTUP_LOGS: 'false',
  NODE_NO_WARNINGS: '1',
};

jest.setTimeout(20 * DEADLINE);

let folder;

beforeAll(() => {
  folder = withPackages(FILES);
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
});

afterAll(() => fs.rmSync(folder, { recursive: true }));

test('the recipes', () => {
  expect(Object.keys(RECIPES)).toEqual(Object.keys(SEEN));
});

describe.each(Object.entries(RECIPES))('%s', (name, { files, commands }) => {
  const missing = (output) => SEEN[name].filter((text) => !output.includes(text));

  test.each(commands)('%s', async (command) => {
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
    for (const major of MAJORS) {
      const { stdout } = await runLine(folder, command, major, ENVIRONMENT);
      expect([major, missing(stdout)]).toEqual([major, []]);
    }
    const withoutFlag = command.replace(/--(require|import) rust-net\/register /, '');
    const { stdout } = await runLine(folder, withoutFlag, MAJORS[0], ENVIRONMENT);
    expect(missing(stdout)).toEqual(SEEN[name].filter((text) => text.endsWith(' true')));
  });
});

test('Spans of rust-net: what they have, and whose children they are', async () => {
  const { files, commands } = RECIPES['Spans of rust-net'];
  for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
  const { stdout } = await runLine(folder, commands[0], MAJORS[0]);
  const [, parent] = /^request (\w+)$/m.exec(stdout);
  const spans = Object.fromEntries(stdout.split(/^(?=\{$)/m).map((text) => [/name: '([\w.]+)'/.exec(text)?.[1], text]));
  for (const text of ["'net.peer.ip': '127.0.0.1'", "'net.transport': 'ip_tcp'", parent]) expect(spans['tcp.connect']).toContain(text);
  for (const text of ["'net.peer.name': 'no-such-socket'", 'ENOENT', 'code: 2']) expect(spans['ipc.connect']).toContain(text);
  for (const text of ["'tls.protocol': 'TLSv1.3'", "'tls.resumed': false", parent]) expect(spans['tls.connect']).toContain(text);
  expect(spans['tls.accept']).not.toContain(parent);
});
