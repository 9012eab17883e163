'use strict';

// A panic in Rust is an 'error' on the stream that it belongs to. It takes a binding with a fault to see that, which
// is built here, in debug mode, beside the real one.

const { execFile, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');
const { scratch } = require('../helpers');
const { identity } = require('../tls/pki');

const ROOT = path.join(__dirname, '..', '..');
const LIBRARY = process.platform === 'darwin' ? 'librust_net.dylib' : 'librust_net.so';

jest.setTimeout(300_000);

beforeAll(() => {
  const { status, stderr } = spawnSync('cargo', ['build', '--locked', '--features', 'fault-injection'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
});

test.each(['uv', 'thread'])('a panic is an error on its stream, and the others go on (woken by %s)', async (wake) => {
  const binding = path.join(scratch(), 'rust-net.node');
  fs.copyFileSync(path.join(ROOT, 'target', 'debug', LIBRARY), binding);
  const env = { ...process.env, RUST_NET_BINDING: binding, RUST_NET_WAKE: wake };
  const args = [path.join(__dirname, 'fixture.js'), JSON.stringify(identity('direct'))];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  const failure = ['error ERR_RUST_NET_INTERNAL', 'close true'];
  expect(stdout.split('\n')).toEqual([...failure, ...failure, 'still here', 'close false', '']);
  expect(stderr).toContain('set off by a test');
});
