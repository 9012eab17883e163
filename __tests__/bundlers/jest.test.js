'use strict';

// jest's moduleNameMapper, as the guide has it: the code under test and its dependencies get rust-net/node.

const fs = require('fs');
const path = require('path');
const { DEADLINE, ROOT, project, run } = require('../node/project');

jest.setTimeout(2 * DEADLINE);

const SPEC = `
const net = require('net');
const { once } = require('events');

test('net is ours', () => {
  expect(net).toBe(require('rust-net/node'));
  expect(require('node:net')).toBe(net);
  expect(require('dependency')).toBe(net);
});

test('it serves and connects', async () => {
  const server = net.createServer((stream) => stream.pipe(stream)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
  client.end('¿qué tal?');
  let text = '';
  for await (const data of client) text += data;
  expect(text).toBe('¿qué tal?');
  server.close();
  await once(server, 'close');
});

test("what http makes are instances of its classes", async () => {
  const server = require('http').createServer((request, response) => {
    response.end(String(request.socket instanceof net.Socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  expect(server).toBeInstanceOf(net.Server);
  const response = await fetch('http://127.0.0.1:' + server.address().port);
  expect(await response.text()).toBe('true');
  server.close();
  server.closeAllConnections();
});
`;

test('moduleNameMapper of the guide', async () => {
  const guide = fs.readFileSync(path.join(ROOT, 'docs', 'guides', 'runners.md'), 'utf8');
  const [, mapper] = /^ *(moduleNameMapper: .*),$/m.exec(guide);
  const folder = project({
    'jest.config.js': `module.exports = { ${mapper}, cacheDirectory: '${ROOT}/target/jest' };`,
    'package.json': '{ "name": "app", "version": "1.0.0" }',
    'node_modules/dependency/package.json': '{ "name": "dependency", "version": "1.0.0" }',
    'node_modules/dependency/index.js': "module.exports = require('node:net');",
    'net.test.js': SPEC,
  });
  const report = path.join(folder, 'report.json');
  await run(folder, [require.resolve('jest/bin/jest'), '--json', '--outputFile', report]);
  expect(JSON.parse(fs.readFileSync(report, 'utf8'))).toMatchObject({ numPassedTests: 3, numFailedTests: 0 });
});
