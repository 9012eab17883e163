'use strict';

// A bundle with an alias, by the command of the guide: the application and its dependencies have rust-net/node.

const fs = require('fs');
const path = require('path');
const { MAJORS, nodes } = require('../../package/nodes');
const { DEADLINE, ROOT, project, run } = require('../project');

jest.setTimeout(4 * DEADLINE);

const FILES = {
  'node_modules/old/package.json': '{ "name": "old", "version": "1.0.0" }',
  'node_modules/old/index.js': "exports.nets = [require('net'), require('node:net')];",
  'node_modules/new/package.json': '{ "name": "new", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/new/index.js': "import net, { connect } from 'net';\nexport { net, connect };\nexport * as all from 'node:net';",
  'app.js': `
import net from 'node:net';
import { once } from 'node:events';
import ours from 'rust-net/node';
import * as dependency from 'new';
import old from 'old';

const nets = [net, dependency.net, dependency.all.default, ...old.nets];

async function main() {
  const server = net.createServer((stream) => stream.pipe(stream)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = dependency.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
  client.end('¿qué tal?');
  let text = '';
  for await (const data of client) text += data;
  server.close();
  await once(server, 'close');
  process.stdout.write(JSON.stringify({ nets: nets.length, isOurs: nets.every((one) => one === ours), text }));
}

main();
`,
};

/** The folder with `bundle.js`, made by the command of the guide. */
async function bundled() {
  const guide = fs.readFileSync(path.join(ROOT, 'docs', 'guides', 'application.md'), 'utf8');
  const [, command] = /^esbuild (.*)$/m.exec(guide);
  const folder = project(FILES);
  await run(folder, [...command.split(' '), '--outfile=bundle.js'], { node: require.resolve('esbuild/bin/esbuild') });
  // What is left outside is the only package that it needs.
  for (const name of ['old', 'new']) fs.rmSync(path.join(folder, 'node_modules', name), { recursive: true });
  return folder;
}

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

test.each(MAJORS)('every net is ours, on Node %i', async (major) => {
  const folder = await bundled();
  const output = await run(folder, ['bundle.js'], { node: binaries.get(major) });
  expect(JSON.parse(output)).toEqual({ nets: 5, isOurs: true, text: '¿qué tal?' });
});
