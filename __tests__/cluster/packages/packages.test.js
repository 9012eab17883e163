'use strict';

// "pm2 and `cluster` users must not meet an error": packages that run programs in clusters.

const { execFile } = require('child_process');
const fs = require('fs');
const http = require('http');
const path = require('path');
const { promisify } = require('util');
const { MAJORS, nodes } = require('../../package/nodes');
const { atEnd, scratch } = require('../../helpers');
const { DEADLINE, FLAGS, FOLDER, bothWays } = require('../both-ways');
const { packageFolder } = require('./install');

jest.setTimeout(6 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
  packageFolder('pm2');
});

const runFile = promisify(execFile);

/** Runs pm2 with a daemon of its own, which is stopped after the test. */
function pm2Of(node, given) {
  const home = scratch();
  const script = path.join(packageFolder('pm2'), 'bin', 'pm2');
  const env = { ...process.env, PM2_HOME: home, PORT_FILE: path.join(home, 'port'), NODE_OPTIONS: '', ...given };
  const pm2 = (...args) => runFile(node, [script, ...args], { cwd: FOLDER, env, timeout: DEADLINE });
  atEnd(() => pm2('kill'));
  const port = () => Number(fs.readFileSync(env.PORT_FILE));
  return { pm2, port };
}

/** What `count` requests are answered, each over a connection of its own. */
async function ask(port, count) {
  const answers = [];
  for (let index = 0; index < count; index++) {
    const response = await new Promise((resolve, reject) => {
      http.get({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject);
    });
    const chunks = await response.toArray();
    answers.push(JSON.parse(Buffer.concat(chunks)));
  }
  return answers;
}

const pidsOf = (answers) => [...new Set(answers.map(({ pid }) => pid))].sort();

describe.each(MAJORS)('pm2 in cluster mode, on Node %i', (major) => {
  test.each([
    ['NODE_OPTIONS', { NODE_OPTIONS: FLAGS.join(' ') }, []],
    ['node_args', {}, ['--node-args', FLAGS.join(' ')]],
  ])('the flag in %s: starts, reloads without a failed request, stops', async (_, env, args) => {
    const { pm2, port } = pm2Of(binaries.get(major), { OURS: '1', ...env });
    await pm2('start', 'answers-http.js', '--instances', '2', '--wait-ready', ...args);
    const before = await ask(port(), 10);
    expect(before.every(({ address }) => address === '127.0.0.1')).toBe(true);
    expect(pidsOf(before)).toHaveLength(2);
    const reloading = pm2('reload', 'answers-http');
    await ask(port(), 20);
    await reloading;
    const after = pidsOf(await ask(port(), 10));
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => pidsOf(before).includes(pid))).toEqual([]);
    await pm2('delete', 'answers-http');
  });
});

test.each(MAJORS)('sticky-session, on Node %i', async (major) => {
  const env = { STICKY: packageFolder('sticky-session') };
  const { ours, nodes: expected } = await bothWays('sticks.js', binaries.get(major), env);
  expect(ours).toEqual(expected);
  expect(ours).toEqual({ answers: Array(4).fill(['300000', '::ffff:127.0.0.1']), workers: 1 });
});

test.each(MAJORS)('@socket.io/sticky, on Node %i', async (major) => {
  const env = { PACKAGES: path.dirname(packageFolder('socket.io-client')) };
  const { ours, nodes: expected } = await bothWays('sticks-to-sessions.js', binaries.get(major), env);
  expect(ours).toEqual(expected);
  expect(ours).toEqual({ workers: 2 });
});
