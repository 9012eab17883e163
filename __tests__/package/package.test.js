'use strict';

// The tarball of `npm pack`, installed in an empty project elsewhere, on every Node that is supported.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { MAJORS, nodes } = require('./nodes');

const ROOT = path.join(__dirname, '..', '..');
const DEADLINE = 60_000;

const BODY = `
const server = createServer((stream) => {
  stream.setEncoding('utf8');
  stream.on('connect', () => stream.write('hello\\r\\n'));
  stream.on('data', (data) => stream.write(data));
  stream.on('end', () => stream.end('goodbye\\r\\n'));
});
server.listen(0, 'localhost', () => {
  const client = createConnection(server.address().port, 'localhost');
  let heard = '';
  client.setEncoding('ascii');
  client.on('connect', () => client.end('ping\\r\\n'));
  client.on('data', (data) => (heard += data));
  client.on('close', (hadError) => {
    server.close();
    process.stdout.write(JSON.stringify({ heard, hadError, version: isIP('::1') }));
  });
});
`;

/** Today's node:net has no 'connect' on an accepted stream. */
const TODAY = BODY.replace("stream.on('connect', () => stream.write('hello\\r\\n'));", "stream.write('hello\\r\\n');");

const SCRIPTS = {
  'cjs.cjs': `const { createConnection, createServer, isIP } = require('rust-net');\n${BODY}`,
  'esm.mjs': `import { createConnection, createServer, isIP } from 'rust-net';\n${BODY}`,
  'node.cjs': `const { createConnection, createServer, isIP } = require('rust-net/node');\n${TODAY}`,
  'register.mjs': `import 'rust-net/register';\nconst { createConnection, createServer, isIP } = await import('net');\n${TODAY}`,
  'default.mjs': `import net from 'rust-net';\nconst { createConnection, createServer, isIP } = net;\n${BODY}`,
};

let folder;
let binaries;

jest.setTimeout(600_000);

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-package-'));
  const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const tarball = npm(['pack', '--pack-destination', folder], ROOT).trim().split('\n').pop();
  const project = path.join(folder, 'project');
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
  npm(['install', '--no-audit', '--no-fund', path.join(folder, tarball)], project);
  for (const [name, text] of Object.entries(SCRIPTS)) fs.writeFileSync(path.join(project, name), text);
  binaries = new Map(nodes());
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('it holds what is needed to run and to build, and nothing else', () => {
  const installed = fs.readdirSync(path.join(folder, 'project', 'node_modules', 'rust-net')).sort();
  const bindings = installed.filter((name) => name.endsWith('.node'));
  expect(bindings).toHaveLength(1);
  expect(installed).toEqual(
    [
      ...bindings,
      ...['.cargo', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'Cargo.lock', 'Cargo.toml', 'LICENSE'],
      ...['README.md', 'SECURITY.md', 'docs'],
      ...['bin', 'build.rs', 'http.d.ts', 'http.js', 'https.d.ts', 'https.js'],
      ...['index.d.ts', 'index.js', 'lib', 'node.d.ts', 'node.js', 'package.json', 'register.d.ts', 'register.js'],
      ...['src', 'tls.d.ts', 'tls.js'],
    ].sort(),
  );
});

describe.each(MAJORS)('on Node %i', (major) => {
  test.each(Object.keys(SCRIPTS))('%s serves and connects', (name) => {
    const binary = binaries.get(major);
    const project = path.join(folder, 'project');
    const output = execFileSync(binary, [name], { cwd: project, encoding: 'utf8', timeout: DEADLINE });
    expect(JSON.parse(output)).toEqual({ heard: 'hello\r\nping\r\ngoodbye\r\n', hadError: false, version: 6 });
  });
});
