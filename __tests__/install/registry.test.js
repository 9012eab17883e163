'use strict';

// `npm install rust-net`, and what the other package managers do instead: from a registry that has the packages of all
// platforms and nothing else, into an empty project. What is installed is the main package and the binding that fits.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { MANAGERS, Project, cleanEnvironment } = require('./managers');
const { startRegistry, tools } = require('./tools');
const { localBinding, packAll } = require('../../scripts/pack-all');
const { PLATFORMS } = require('../../scripts/platforms/table');

const MAX_BYTES = 12e6;

/** Serves, connects, and prints what has come back; `TODAY` as today's `node:net` has it. */
const BODY = `
const server = createServer((stream) => {
  stream.setEncoding('utf8');
  stream.on('connect', () => stream.write('hello '));
  stream.on('data', (data) => stream.write(data));
  stream.on('end', () => stream.end(' goodbye'));
});
server.listen(0, '127.0.0.1', () => {
  const client = createConnection(server.address().port, '127.0.0.1');
  let heard = '';
  client.setEncoding('utf8');
  client.on('connect', () => client.end('ping'));
  client.on('data', (data) => (heard += data));
  client.on('close', () => {
    server.close();
    console.log(heard);
  });
});
`;
const TODAY = BODY.replace("stream.on('connect', () => stream.write('hello '));", "stream.write('hello ');");

const PROGRAMS = {
  'page.cjs': `const { createConnection, createServer } = require('rust-net');\n${BODY}`,
  'today.mjs': `import { createConnection, createServer } from 'rust-net/node';\n${TODAY}`,
  'register.mjs': `import 'rust-net/register';\nimport { createRequire } from 'node:module';\n` +
    `const require = createRequire(import.meta.url);\nconst { createConnection, createServer } = require('net');\n` +
    `if (createServer !== require('rust-net/node').createServer) throw new Error('not in place');\n${TODAY}`,
};

const [[ours, binding]] = localBinding();
const report = [];
let folder;
let registry;
let files;

jest.setTimeout(600_000);

beforeAll(async () => {
  files = tools();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-install-'));
  // The managers choose by what a package says of itself. That of another platform need not work here, and is as large.
  const other = path.join(folder, 'other.node');
  fs.writeFileSync(other, Buffer.alloc(fs.statSync(binding).size));
  const bindings = Object.keys(PLATFORMS).map((platform) => [platform, platform === ours ? binding : other]);
  const packed = packAll(bindings, path.join(folder, 'packages'));
  registry = await startRegistry(path.join(folder, 'registry'));
  const env = cleanEnvironment(folder);
  const token = `--${registry.url.replace('http:', '')}/:_authToken=any`;
  for (const { file } of packed) {
    const args = ['publish', file, '--registry', registry.url, token, '--provenance=false'];
    execFileSync('npm', args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  }
});

afterAll(async () => {
  await registry?.close();
  fs.rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`${report.join('\n')}\n`);
});

describe.each(Object.entries(MANAGERS))('%s', (name, { isNode = true, knowsLibc = true }) => {
  let project;

  beforeAll(() => {
    const place = path.join(folder, name.replace(/\W+/g, '-'));
    fs.mkdirSync(place);
    project = new Project(name, place, registry.url, files);
    for (const [file, text] of Object.entries(PROGRAMS)) fs.writeFileSync(path.join(place, file), text);
    const megabytes = (project.size() / 1e6).toFixed(1);
    report.push(`${name.padEnd(20)} ${megabytes} MB, ${(project.milliseconds / 1000).toFixed(1)} s`);
  });

  test('installs the binding that fits, and no other', () => {
    const { os: system, cpu } = PLATFORMS[ours];
    const alike = Object.keys(PLATFORMS).filter((name) => PLATFORMS[name].os === system && PLATFORMS[name].cpu === cpu);
    expect(project.platforms()).toEqual(knowsLibc ? [ours] : alike.sort());
    expect(project.size()).toBeLessThan(MAX_BYTES);
  });

  // The flag is for Node only.
  test.each(Object.keys(PROGRAMS).filter((file) => isNode || file !== 'register.mjs'))('%s runs', (file) => {
    expect(project.run(file).trim()).toBe('hello ping goodbye');
  });
});
