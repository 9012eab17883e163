'use strict';

// `npx rust-net build`, in a copy of the package that is published. The compilers are stand-ins
// (`stand-ins.js`); the library that they "make" is the binding that has been built.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { platformOf } = require('../../bin/rust-net');
const { localBinding } = require('../../scripts/pack-all');
const { scratch } = require('../helpers');
const { callOf, standCompilers } = require('./stand-ins');

const ROOT = path.join(__dirname, '..', '..');
const [[ours, binding]] = localBinding();

let project;
let compilers;

beforeEach(() => {
  project = path.join(scratch(), 'rust-net');
  for (const name of ['bin', 'Cargo.toml', 'package.json']) {
    fs.cpSync(path.join(ROOT, name), path.join(project, name), { recursive: true });
  }
  compilers = path.join(project, '..', 'compilers');
  fs.mkdirSync(compilers);
});

/** Puts compilers in the PATH; see `stand-ins.js`. */
function stand(options = {}) {
  standCompilers(compilers, { library: binding, ...options });
}

/** Runs the command with nothing but the stand-ins in the PATH. */
function run(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(project, 'bin', 'rust-net.js'), ...args], {
    encoding: 'utf8', env: { ...process.env, PATH: compilers, ...env },
  });
  return { status, stdout, stderr };
}

test('it writes the binding for this platform, and leaves nothing else', () => {
  stand();
  const before = fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('rust-net-build-'));
  const { status, stdout, stderr } = run(['build'], { CARGO_BUILD_TARGET: 'wasm32-wasip1' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const file = path.join(project, `rust-net.${ours}.node`);
  expect(stdout).toBe(`rust-net: built ${file}\n`);
  expect(fs.readFileSync(file).equals(fs.readFileSync(binding))).toBe(true);
  expect(fs.readdirSync(project).sort()).toEqual(['Cargo.toml', 'bin', 'package.json', path.basename(file)].sort());
  const { args, folder, isThere, target } = callOf(compilers);
  expect(args).toEqual(expect.arrayContaining(['build', '--locked', '--release']));
  expect([isThere, fs.existsSync(folder), target]).toEqual([true, false, undefined]);
  expect(fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('rust-net-build-'))).toEqual(before);
});

test('what cargo builds is kept where it is asked for', () => {
  stand();
  const folder = path.join(project, '..', 'kept');
  fs.mkdirSync(folder);
  expect(run(['build', '--debug', '--features', 'ring', '--target-dir', folder]).status).toBe(0);
  expect(callOf(compilers)).toMatchObject({ folder, isThere: true });
  expect(callOf(compilers).args).toEqual(expect.arrayContaining(['--no-default-features', '--features', 'ring']));
  expect(callOf(compilers).args).not.toContain('--release');
  expect(fs.existsSync(folder)).toBe(true);
});

test.each([
  ['no Rust', () => {}, /needs Rust 1\.\d+ or newer, and there is no cargo or no rustc in the PATH.*https:\/\/rustup\.rs/s],
  ['an old Rust', () => stand({ version: '1.75.0' }), /needs Rust 1\.\d+ or newer, and this is 1\.75\.0.*rustup update/s],
  ['a Rust for another processor', () => stand({ target: 's390x-unknown-linux-gnu' }), /rustc builds for linux-s390x-gnu/],
  ['a Rust for another C library', () => stand({ target: 'x86_64-unknown-linux-foreign' }), /linux-x64-foreign/],
  ['no C compiler', () => {
    stand();
    fs.rmSync(path.join(compilers, 'cc'));
  }, /needs a C compiler.*xcode-select --install/s],
  ['sources that do not compile', () => stand({ status: 101 }), /cargo ended with 101/],
])('%s is said in two lines', (_case, prepare, expected) => {
  prepare();
  const { status, stdout, stderr } = run(['build']);
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(expected);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  expect(fs.readdirSync(project).filter((name) => name.endsWith('.node'))).toEqual([]);
});

test('a library that Node can not load is an error', () => {
  const library = path.join(project, '..', 'broken.so');
  fs.writeFileSync(library, 'no library');
  stand({ library });
  const { status, stderr } = run(['build']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/was built, and Node can't load it/);
});

test.each([[['--help'], 0], [[], 2], [['clean'], 2], [['build', '--fast'], 2]])('%j shows the usage', (args, expected) => {
  const { status, stdout, stderr } = run(args);
  expect(status).toBe(expected);
  expect(stdout + stderr).toContain('usage: rust-net build');
});

test.each([
  ['x86_64-unknown-linux-gnu', 'linux-x64-gnu'],
  ['aarch64-unknown-linux-musl', 'linux-arm64-musl'],
  ['armv7-unknown-linux-gnueabihf', 'linux-arm-gnueabihf'],
  ['riscv64gc-unknown-linux-gnu', 'linux-riscv64-gnu'],
  ['s390x-unknown-linux-gnu', 'linux-s390x-gnu'],
  ['aarch64-apple-darwin', 'darwin-arm64'],
  ['x86_64-apple-darwin', 'darwin-x64'],
])('%s is %s', (target, expected) => {
  expect(platformOf(target).platform).toBe(expected);
});
