'use strict';

// Bun and Deno as both ends of a connection whose other end is Node's own net, tls, http or https in a process of
// Node's: what a client sees is what it sees of Node's own at both ends.

const path = require('path');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');
const { DEADLINE, VERSIONS, ensureRuntimes, run, start } = require('./runtimes');

jest.setTimeout(3 * DEADLINE);

const TALK = path.join(__dirname, 'programs', 'talk.js');

beforeAll(ensureRuntimes);

/** The names of files with the identities of both ends, and with their authority, for the environment. */
function identities() {
  const folder = scratch();
  const [server, client] = [files('direct', folder), files('clientOnly', folder)];
  const values = { KEY: server.key, CERT: server.cert, CLIENT_KEY: client.key, CLIENT_CERT: client.cert };
  return { ...values, CA: files('root', folder).leaf };
}

/** What the clients of one runtime see of the servers of another; each `[runtime, whose modules]`. */
async function seen([servers, whoseServers], [clients, whoseClients]) {
  const env = identities();
  const server = start(servers, [TALK, 'serve', whoseServers], { env });
  const places = await server.line();
  const { stdout, stderr, ...outcome } = await run(clients, [TALK, 'talk', whoseClients, places], { env });
  server.end();
  expect({ ...outcome, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  expect(await server.outcome).toEqual({ code: 0, signal: null, stderr: '' });
  return Object.fromEntries(stdout.trim().split('\n').map((line) => JSON.parse(line)));
}

const NODE = ['node', 'node'];

let expected;

test('node at both ends', async () => {
  expected = await seen(NODE, NODE);
  expect(Object.entries(expected).filter(([, { failed }]) => failed)).toEqual([]);
});

describe.each(Object.keys(VERSIONS))('%s', (runtime) => {
  test('as the server', async () => {
    expect(await seen([runtime, 'rust-net'], NODE)).toEqual(expected);
  });

  test('as the client', async () => {
    expect(await seen(NODE, [runtime, 'rust-net'])).toEqual(expected);
  });

  test('at both ends', async () => {
    expect(await seen([runtime, 'rust-net'], [runtime, 'rust-net'])).toEqual(expected);
  });
});
