'use strict';

// The guide "Bundlers": each recipe as it is written. In what is built, every net and tls is ours, those of
// dependencies as well, and it works.

const fs = require('fs');
const path = require('path');
const { MAJORS } = require('../package/nodes');
const { DEADLINE } = require('../node/project');
const { projectWith, recipesOf, runLine } = require('./recipes');

const RECIPES = recipesOf('docs/guides/bundlers.md');

/** Packages that configurations import. */
const IMPORTED = ['@rollup/plugin-commonjs', '@rollup/plugin-node-resolve', 'vite'];

const FILES = {
  'package.json': '{ "name": "app", "version": "1.0.0" }',
  'node_modules/old/package.json': '{ "name": "old", "version": "1.0.0" }',
  'node_modules/old/index.js': `
exports.nets = [require('net'), require('node:net')];
exports.tlses = [require('tls'), require('node:tls')];
`,
  'node_modules/new/package.json': '{ "name": "new", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/new/index.js': `
import net, { connect } from 'net';
export { net, connect };
export * as all from 'node:net';
`,
  'app.js': `
import net from 'node:net';
import tls from 'tls';
import http from 'http';
import { once } from 'node:events';
import * as dependency from 'new';
import old from 'old';

async function main() {
  const server = net.createServer((stream) => stream.pipe(stream)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = dependency.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
  client.end('¿qué tal?');
  let text = '';
  for await (const data of client) text += data;
  server.close();
  await once(server, 'close');
  const nets = [net, dependency.net, dependency.all, ...old.nets].map(({ Socket }) => 'setSecure' in Socket.prototype);
  const tlses = [tls, ...old.tlses].map(({ TLSSocket }) => 'tlsEngine' in TLSSocket.prototype);
  const Base = Object.getPrototypeOf(http.Server);
  console.log(JSON.stringify({ nets, tlses, http: net.Server === Base, text }));
}

main();
`,
};

/** Where \`http\` is ours, too: by the flag. */
const WITH_FLAG = ['The flag', 'ncc', 'A single executable application'];

const EXPECTED = { nets: Array(5).fill(true), tlses: Array(3).fill(true), text: '¿qué tal?' };

jest.setTimeout(10 * DEADLINE);

test('the recipes', () => {
  const names = ['esbuild', 'webpack', 'Rollup', 'Vite'];
  expect(Object.keys(RECIPES).sort()).toEqual([...WITH_FLAG, ...names].sort());
});

test.each(Object.entries(RECIPES))('%s', async (name, { files, commands }) => {
  const folder = projectWith({ ...FILES, ...files }, IMPORTED);
  for (const command of commands.slice(0, -1)) await runLine(folder, command);
  // All that the outcome needs is rust-net.
  for (const bundled of ['old', 'new']) fs.rmSync(path.join(folder, 'node_modules', bundled), { recursive: true });
  const expected = { ...EXPECTED, http: WITH_FLAG.includes(name) };
  const last = commands.at(-1);
  for (const major of last.startsWith('node ') ? MAJORS : [MAJORS.at(-1)]) {
    const { stdout } = await runLine(folder, last, major, { RUST_NET_FALLBACK: 'error' });
    expect([major, JSON.parse(stdout)]).toEqual([major, expected]);
  }
});

test('resolve.alias of webpack leaves Node\'s own', async () => {
  const config = RECIPES.webpack.files['webpack.config.js'];
  const alias = "resolve: { alias: { net: 'rust-net/node', 'node:net': 'rust-net/node' } }, externals: [";
  const folder = projectWith({ ...FILES, 'webpack.config.js': config.replace(/externals: \[\s*\{[^}]*\},/, alias) });
  const [build, last] = RECIPES.webpack.commands;
  await runLine(folder, build);
  expect(JSON.parse((await runLine(folder, last)).stdout).nets).toEqual(Array(5).fill(false));
});
