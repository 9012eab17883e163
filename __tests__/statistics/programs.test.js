'use strict';

// The statistics of servers of http, https and http2: under rust-net/register, and of rust-net/http and rust-net/https;
// and in the workers of a cluster.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');

const ROOT = path.join(__dirname, '..', '..');

/** What the program `name` prints, as JSON, with the flag or without it. */
async function outcome(name, args, hasFlag) {
  const { key, cert } = files('p256', scratch());
  const flag = hasFlag ? ['--require', path.join(ROOT, 'register.js')] : [];
  const env = { ...process.env, KEY: key, CERT: cert };
  const program = [...flag, path.join(__dirname, name), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, program, { env });
  return JSON.parse(stdout);
}

const HANDSHAKES = { http: 0, https: 1, http2: 0, http2s: 1 };

describe.each(['http', 'https', 'http2', 'http2s'])('%s under the flag', (kind) => {
  test('counts its connections, bytes and handshakes', async () => {
    const { server, socket, thread } = await outcome('serving.js', [kind], true);
    expect(server.connections).toEqual({ accepted: 1, open: 1, closed: 0, detached: 0, dropped: {} });
    expect(server.handshakes.completed).toBe(HANDSHAKES[kind]);
    // The request is the server's; the answer, too. Both ends are in the thread.
    expect(server.bytesRead).toBeGreaterThan(20);
    expect(server.bytesWritten).toBeGreaterThan(1000);
    expect(socket).toMatchObject({ bytesRead: server.bytesRead, bytesWritten: server.bytesWritten });
    expect(socket.tcp === null).toBe(false);
    expect(thread.connections).toMatchObject({ accepted: 1, connected: 1, open: 2 });
    expect(thread.handshakes.completed).toBe(2 * HANDSHAKES[kind]);
    expect(thread.bytesRead).toBeGreaterThan(server.bytesRead + 1000);
  });
});

describe.each(['http', 'https'])('rust-net/%s', (kind) => {
  test('counts its connections, bytes and handshakes', async () => {
    const { server } = await outcome('serving.js', [kind, path.join(ROOT, `${kind}.js`)], false);
    expect(server.connections).toEqual({ accepted: 1, open: 1, closed: 0, detached: 0, dropped: {} });
    expect(server.handshakes.completed).toBe(HANDSHAKES[kind]);
    expect(server.bytesWritten).toBeGreaterThan(1000);
  });
});

test.each(['rr', 'none'])('in a worker of a cluster, what the primary passes on is accepted (%s)', async (policy) => {
  const { server, thread } = await outcome('clustered.js', [policy], false);
  expect(server.connections).toEqual({ accepted: 3, open: 0, closed: 3, detached: 0, dropped: {} });
  expect(thread.connections).toMatchObject({ accepted: 3, adopted: 0, closed: 3 });
  expect(server.bytesRead).toBe(15);
});
