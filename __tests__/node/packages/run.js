'use strict';

// Runs the scripts here: over node:net, and over rust-net/node on every Node.

const { fork } = require('child_process');
const path = require('path');
const { MAJORS, nodes } = require('../../package/nodes');
const { DEADLINE, ROOT } = require('../project');
const { TEXT } = require('./common');

jest.setTimeout(10 * DEADLINE);

const UNDER_OURS = ['--require', path.join(ROOT, 'register.js')];

/** What `script` prints, as a value. When it asks for something of `server`, that is done, and it is told so. */
function outcome(script, { node, flags, env, server }) {
  return new Promise((resolve, reject) => {
    const options = { execPath: node, execArgv: flags, silent: true, timeout: DEADLINE };
    const child = fork(script, { ...options, env: { ...process.env, ...env } });
    child.on('message', (what) => {
      server[what]().then(() => child.send('done'), reject);
    });
    const [output, complaints] = [[], []];
    child.stdout.on('data', (data) => output.push(data));
    child.stderr.on('data', (data) => complaints.push(data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const text = Buffer.concat(output).toString();
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`${path.basename(script)}: ${signal ?? code}\n${text}${Buffer.concat(complaints)}`));
    });
  });
}

/** What using a framework of HTTP comes to: by name, address, body and connection. */
const OVER_HTTP = {
  hello: { hello: TEXT, ip: '127.0.0.1', secure: false },
  posted: true,
  got: true,
  chunks: true,
  missing: 404,
  reused: true,
  manyAtOnce: true,
  gone: 'ECONNRESET',
  killed: 'ECONNRESET',
  refused: 'ECONNREFUSED',
  reconnected: 'again',
};

let binaries;

/** The binary of the Node of this major version. */
function binary(major) {
  binaries ??= new Map(nodes());
  return binaries.get(major);
}

/**
 * Tests that using the package `name` has the outcome `expected`, on either net. `given()` is what the script is given
 * as `env`, the `server` that it talks to, and what else it `knows` of that.
 */
function overBoth(name, expected, given = () => ({})) {
  async function check(isOurs, node) {
    const { env = {}, server, knows } = given();
    const flags = isOurs ? UNDER_OURS : [];
    await server?.start();
    const PEER = JSON.stringify({ ...server, ...knows });
    const found = await outcome(path.join(__dirname, `${name}.js`), { node, flags, env: { PEER, ...env }, server });
    expect(found).toEqual({ isOurs, hasNodes: server && !isOurs, ...expected });
  }

  test('over node:net', () => check(false));
  test.each(MAJORS)('over rust-net/node, on Node %i', (major) => check(true, binary(major)));
}

module.exports = { OVER_HTTP, UNDER_OURS, binary, outcome, overBoth };
