'use strict';

// The configuration of pm2 in the guide, run by pm2 itself: its daemon has been started in another folder.

const { execFile } = require('child_process');
const { once } = require('events');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const { promisify } = require('util');
const { blocksOf } = require('../../examples/blocks');
const { atEnd, scratch } = require('../../helpers');
const { DEADLINE, project } = require('../../node/project');
const { packageFolder } = require('./install');

jest.setTimeout(6 * DEADLINE);

const GUIDE = path.join('docs', 'guides', 'application.md');

const SERVER = `
const http = require('http');
const net = require('net');

const server = http.createServer((request, response) => response.end('served')).listen(0, '127.0.0.1', () => {
  const report = { port: server.address().port, isOurs: 'setSecure' in net.Socket.prototype, flags: process.execArgv };
  net.connect(Number(process.env.REPORT_TO), '127.0.0.1').end(JSON.stringify(report));
});
`;

const [, , , ecosystem] = blocksOf(GUIDE).find(([, , language]) => language === 'cjs');

test.each(['cluster', 'fork'])('ecosystem.config.js of the guide, in %s mode', async (mode) => {
  const text = ecosystem.replace("exec_mode: 'cluster'", `exec_mode: '${mode}'`);
  expect(text).toContain(`exec_mode: '${mode}'`);
  const folder = project({ 'ecosystem.config.js': text, 'server.js': SERVER });
  const reports = net.createServer().listen(0, '127.0.0.1');
  atEnd(() => reports.close());
  await once(reports, 'listening');

  const env = { ...process.env, PM2_HOME: scratch(), REPORT_TO: String(reports.address().port), NODE_OPTIONS: '' };
  const script = path.join(packageFolder('pm2'), 'bin', 'pm2');
  const options = { cwd: os.tmpdir(), env, timeout: DEADLINE };
  const pm2 = (...args) => promisify(execFile)(process.execPath, [script, ...args], options);
  atEnd(() => pm2('kill'));
  const both = new Promise((resolve) => {
    const found = [];
    reports.on('connection', async (stream) => {
      found.push(JSON.parse(Buffer.concat(await stream.toArray())));
      if (found.length === 2) resolve(found);
    });
  });
  await pm2('start', path.join(folder, 'ecosystem.config.js'));
  for (const { port, isOurs, flags } of await both) {
    expect([isOurs, flags[0]]).toEqual([true, '--require']);
    const [response] = await once(http.get({ port, host: '127.0.0.1', agent: false }), 'response');
    expect(Buffer.concat(await response.toArray()).toString()).toBe('served');
  }
});
