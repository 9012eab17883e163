'use strict';

// The guide "Test runners": with each command as it is written, the runner's tests are over our sockets, and without
// the flag or the configuration they are not. `jest.test.js` has jest's moduleNameMapper.

const fs = require('fs');
const path = require('path');
const { MAJORS } = require('../package/nodes');
const { DEADLINE, ROOT } = require('../node/project');
const { projectWith, recipesOf, runLine } = require('./recipes');

const GUIDE = path.join('docs', 'guides', 'runners.md');
const RECIPES = recipesOf(GUIDE);

/** Of a test: what the sockets of `net`, `http` and `fetch` are. */
const BODY = `
  const server = http.createServer((request, response) => response.end(String('setSecure' in request.socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const text = await (await fetch('http://127.0.0.1:' + server.address().port)).text();
  server.close();
  server.closeAllConnections();
  if (text !== 'true' || !('setSecure' in net.Socket.prototype)) throw new Error('the sockets are not ours');
`;

const COMMONJS = "const http = require('http');\nconst net = require('net');\nconst { once } = require('events');\n";
const MODULE = "import http from 'http';\nimport net from 'node:net';\nimport { once } from 'events';\n";

const PACKAGE = { 'package.json': '{ "name": "app", "version": "1.0.0", "scripts": { "test": "node --test" } }' };

/** The tests of each runner, where it looks for them. */
const FILES = {
  'jest': {
    'one.test.js': `${COMMONJS}test('it', async () => {${BODY}});`,
    'two.test.js': `${COMMONJS}test('it', async () => {${BODY}});`,
  },
  'Vitest': { 'one.test.mjs': `${MODULE}import { test } from 'vitest';\ntest('it', async () => {${BODY}});` },
  'Mocha': { 'test/one.js': `${COMMONJS}it('does', async () => {${BODY}});` },
  'node:test': { 'one.test.js': `${COMMONJS}require('node:test')('it', async () => {${BODY}});` },
};

jest.setTimeout(10 * DEADLINE);

const [all] = /^NODE_OPTIONS=.* npm test$/m.exec(fs.readFileSync(path.join(ROOT, GUIDE), 'utf8'));

/** A project with the tests of a runner and `files`. */
function tested(runner, files = {}) {
  return projectWith({ ...PACKAGE, ...FILES[runner], ...files }, ['vitest']);
}

test('for all of them', async () => {
  const folder = tested('node:test');
  await runLine(folder, all);
  await expect(runLine(folder, 'npm test')).rejects.toThrow('the sockets are not ours');
});

test('the recipes', () => {
  expect(Object.keys(RECIPES)).toEqual(['jest', 'Vitest', 'Vitest, in its configuration', 'Mocha', 'node:test']);
});

describe.each(Object.entries(RECIPES))('%s', (title, { files, commands }) => {
  const [runner] = title.split(',');

  test.each(commands)('%s', async (command) => {
    const majors = runner === 'node:test' ? MAJORS : [MAJORS.at(-1)];
    const folder = tested(runner, files);
    for (const major of majors) await runLine(folder, command, major);
    const plain = command.replace(/NODE_OPTIONS="[^"]*"|--import \S+/, '');
    await expect(runLine(tested(runner), plain)).rejects.toThrow('the sockets are not ours');
  });
});
