'use strict';

// `npx rust-net build`, in a copy of the package that is published. The compilers are stand-ins, which note what they
// are called with; the library that they "make" is the binding that has been built.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { platformOf } = require('../../bin/rust-net');
const { localBinding } = require('../../scripts/pack-all');
const { scratch } = require('../helpers');

const ROOT = path.join(__dirname, '..', '..');
const [[ours, binding]] = localBinding();
const TARGET = spawnSync('rustc', ['--version', '--verbose'], { encoding: 'utf8' }).stdout.match(/^host: (\S+)/m)[1];

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

/** Puts a program in the PATH that runs the JavaScript `code`. */
function stand(name, code) {
  const text = `#!${process.execPath}\nconst [, , ...args] = process.argv;\n${code}\n`;
  fs.writeFileSync(path.join(compilers, name), text, { mode: 0o755 });
}

/** Compilers of `version` for `target`; cargo names a copy of `library` as what it has made. */
function standCompilers({ version = '1.96.0', target = TARGET, library = binding, status = 0 } = {}) {
  const made = path.join(compilers, process.platform === 'darwin' ? 'librust_net.dylib' : 'librust_net.so');
  fs.copyFileSync(library, made);
  const messages = [
    { reason: 'build-script-executed' },
    { reason: 'compiler-artifact', target: { name: 'rust_net' }, filenames: [made] },
    { reason: 'build-finished', success: true },
  ];
  fs.writeFileSync(path.join(compilers, 'messages'), messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  stand('cc', "console.log('cc')");
  stand('rustc', `console.log('rustc ${version}\\nhost: ${target}\\nrelease: ${version}')`);
  stand('cargo', `
    const fs = require('fs');
    const folder = args[args.indexOf('--target-dir') + 1];
    const call = { args, folder, isThere: fs.existsSync(folder), target: process.env.CARGO_BUILD_TARGET };
    if (args[0] === 'build') {
      fs.writeFileSync(__dirname + '/called', JSON.stringify(call));
      process.stdout.write(fs.readFileSync(__dirname + '/messages'));
      process.exitCode = ${status};
    }`);
}

function called() {
  return JSON.parse(fs.readFileSync(path.join(compilers, 'called'), 'utf8'));
}

/** Runs the command with nothing but the stand-ins in the PATH. */
function run(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(project, 'bin', 'rust-net.js'), ...args], {
    encoding: 'utf8', env: { ...process.env, PATH: compilers, ...env },
  });
  return { status, stdout, stderr };
}

test('it writes the binding for this platform, and leaves nothing else', () => {
  standCompilers();
  const before = fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('rust-net-build-'));
  const { status, stdout, stderr } = run(['build'], { CARGO_BUILD_TARGET: 'wasm32-wasip1' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const file = path.join(project, `rust-net.${ours}.node`);
  expect(stdout).toBe(`rust-net: built ${file}\n`);
  expect(fs.readFileSync(file).equals(fs.readFileSync(binding))).toBe(true);
  expect(fs.readdirSync(project).sort()).toEqual(['Cargo.toml', 'bin', 'package.json', path.basename(file)].sort());
  const { args, folder, isThere, target } = called();
  expect(args).toEqual(expect.arrayContaining(['build', '--locked', '--release']));
  expect([isThere, fs.existsSync(folder), target]).toEqual([true, false, undefined]);
  expect(fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('rust-net-build-'))).toEqual(before);
});

test('what cargo builds is kept where it is asked for', () => {
  standCompilers();
  const folder = path.join(project, '..', 'kept');
  fs.mkdirSync(folder);
  expect(run(['build', '--debug', '--features', 'ring', '--target-dir', folder]).status).toBe(0);
  expect(called()).toMatchObject({ folder, isThere: true });
  expect(called().args).toEqual(expect.arrayContaining(['--no-default-features', '--features', 'ring']));
  expect(called().args).not.toContain('--release');
  expect(fs.existsSync(folder)).toBe(true);
});

test.each([
  ['no Rust', () => {}, /needs Rust 1\.\d+ or newer, and there is no cargo or no rustc in the PATH.*https:\/\/rustup\.rs/s],
  ['an old Rust', () => standCompilers({ version: '1.75.0' }), /needs Rust 1\.\d+ or newer, and this is 1\.75\.0.*rustup update/s],
  ['a Rust for another processor', () => standCompilers({ target: 's390x-unknown-linux-gnu' }), /rustc builds for linux-s390x-gnu/],
  ['a Rust for another C library', () => standCompilers({ target: 'x86_64-unknown-linux-foreign' }), /linux-x64-foreign/],
  ['no C compiler', () => {
    standCompilers();
    fs.rmSync(path.join(compilers, 'cc'));
  }, /needs a C compiler.*xcode-select --install/s],
  ['sources that do not compile', () => standCompilers({ status: 101 }), /cargo ended with 101/],
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
  standCompilers({ library });
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
