'use strict';

// The commands and configurations in the guide "Under an existing application": the flag in each of them works. That of
// pm2 is tested in cluster/packages.

const path = require('path');
const { parseEnv } = require('util');
const { project, run } = require('../node/project');
const { blocksOf } = require('./blocks');

const blocks = blocksOf(path.join('docs', 'guides', 'application.md'));
const of = (language) => blocks.filter(([, , one]) => one === language).map(([, , , text]) => text.trim());

const APP = `
const net = require('net');

const server = net.createServer((socket) => socket.end('setSecure' in socket ? 'ours' : "Node's")).listen(0, '127.0.0.1', () => {
  const socket = net.connect(server.address().port, '127.0.0.1');
  socket.on('data', (data) => console.log(String(data)));
  socket.on('close', () => server.close());
});
`;

/** Node's own, where the commands of the guide need the name that this version has for a flag. */
function flagsOf(args) {
  const [major] = process.versions.node.split('.').map(Number);
  const all = major >= 25 && args.includes('--permission') ? ['--allow-net', ...args] : args;
  return major < 22 ? all.map((arg) => arg.replace(/^--permission$/, '--experimental-permission')) : all;
}

const commands = of('sh').filter((command) => /(^| )node .*app\.js$/.test(command));

test('there are commands', () => {
  expect(commands).toHaveLength(4);
});

test.each(commands)('%s', async (command) => {
  const [, assignments, args] = /^(.*?)\bnode (.*)$/.exec(command);
  const output = await run(project({ 'app.js': APP }), flagsOf(args.split(' ')), { env: parseEnv(assignments) });
  expect(output).toBe('ours\n');
});

test.each([
  ['dockerfile', /^ENV (.*)$/m],
  ['ini', /^Environment="(.*)"$/m],
])('NODE_OPTIONS in the %s', async (language, line) => {
  const [, assignment] = line.exec(of(language)[0]);
  const [, value] = /^NODE_OPTIONS="?([^"]*)"?$/.exec(assignment);
  const output = await run(project({ 'app.js': APP }), ['app.js'], { env: { NODE_OPTIONS: value } });
  expect(output).toBe('ours\n');
});

test('the Dockerfile installs before it sets NODE_OPTIONS', () => {
  const [text] = of('dockerfile');
  expect(text.indexOf('npm ci')).toBeGreaterThan(0);
  expect(text.indexOf('npm ci')).toBeLessThan(text.indexOf('NODE_OPTIONS'));
});
