'use strict';

// Node's own http, https, http2 and fetch show a program the same with rust-net/register as without. The plays are in
// `plays/`; all of one file run in one process.

const { execFile } = require('child_process');
const path = require('path');
const { MAJORS, nodes } = require('../package/nodes');
const { DEADLINE, ROOT } = require('../node/project');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');

jest.setTimeout(4 * DEADLINE);

const PLAYS = ['servers', 'clients', 'secure', 'http2'];
const RUN = path.join(__dirname, 'plays', 'run.js');
const REGISTER = ['--require', path.join(ROOT, 'register.js')];

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

/** What the plays of the file `name` see on the Node of that `major`. */
function seen(name, major, flags) {
  const { key, cert } = files('selfSigned', scratch());
  const options = { env: { ...process.env, KEY: key, CERT: cert, NODE_NO_WARNINGS: '1' }, timeout: DEADLINE };
  return new Promise((resolve, reject) => {
    execFile(binaries.get(major), [...flags, RUN, name], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout));
    });
  });
}

describe.each(MAJORS)('on Node %i', (major) => {
  test.each(PLAYS)('%s', async (name) => {
    const [nodesOwn, ours] = [await seen(name, major, []), await seen(name, major, REGISTER)];
    expect(Object.entries(nodesOwn).filter(([, outcome]) => outcome?.failed)).toEqual([]);
    expect(ours).toEqual(nodesOwn);
  });
});
