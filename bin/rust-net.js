#!/usr/bin/env node
'use strict';

// `npx rust-net build`: builds the native binding from the sources in the package, for the platform that it runs on.
// Needs Rust and a C compiler, nothing from npm. All that is written is the binding, in the package's folder, where it
// comes before that of a platform package. `npx rust-net top` is in top.js.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');
const { TopError, top } = require('./top');

const ROOT = path.dirname(__dirname);

const USAGE = `usage: rust-net build [--debug] [--features <names>] [--target-dir <folder>]
       rust-net top <pid|path|url> [--interval <seconds>] [--once]

build: builds the native binding for this platform from the sources of the package. Needs Rust, a C compiler, and access
to crates.io or to cargo's copies of the crates.

  --debug                with assertions, and faster to build
  --features <names>     features of the crate, with commas between them: 'ring' computes TLS with ring, where AWS-LC
                         does not build
  --target-dir <folder>  keeps what cargo builds there; without it, that is removed

top: shows what a process does with its sockets. <pid> is a process of the same user that runs with RUST_NET_TOP=1 or
has called net.publishStats(); <path>, the socket that it has; <url>, where a server has net.stats() as JSON. In a
terminal, 'q' ends it.

  --interval <seconds>   between two looks, 0.01 to 86400; 1 by default
  --once                 prints one table, of the first interval
`;

/** Processors as Rust names them and as Node does, where these differ. */
const CPUS = { x86_64: 'x64', aarch64: 'arm64', i686: 'ia32', armv7: 'arm', arm: 'arm', riscv64gc: 'riscv64' };

/** What keeps the binding from being built, with what to do about it. */
class BuildError extends Error {}

/** The platform of `target`, one of Rust's: `{ platform: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'gnu' }`. */
function platformOf(target) {
  const [machine, , system, libc] = target.split('-');
  const cpu = CPUS[machine] ?? machine;
  return { platform: [system, cpu, libc].filter(Boolean).join('-'), os: system, cpu, libc };
}

/** Runs a command and returns its output; null if there is no such command. */
function output(command, args) {
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8', cwd: ROOT });
  if (error?.code === 'ENOENT') return null;
  if (error) throw error;
  return status === 0 ? stdout : '';
}

/** Whether version `a` is older than `b`. */
function isOlder(a, b) {
  const [one, other] = [a, b].map((version) => version.split('.').map(Number));
  const at = one.findIndex((part, i) => part !== (other[i] ?? 0));
  return at !== -1 && one[at] < (other[at] ?? 0);
}

/** The version and the target of the compiler that is there. */
function findRust() {
  const [, least] = /^rust-version = "(.+)"$/m.exec(fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8'));
  const said = output('cargo', ['--version']) === null ? null : output('rustc', ['--version', '--verbose']);
  if (said === null) {
    throw new BuildError(
      `it needs Rust ${least} or newer, and there is no cargo or no rustc in the PATH.\n` +
        'Install it from https://rustup.rs, or with the package manager of the system (rustup, or cargo and rustc).',
    );
  }
  const version = /^release: ([\d.]+)/m.exec(said)?.[1] ?? '0';
  const target = /^host: (\S+)/m.exec(said)?.[1] ?? '';
  if (isOlder(version, least)) {
    throw new BuildError(`it needs Rust ${least} or newer, and this is ${version}.\nWith rustup: rustup update stable`);
  }
  return { version, target };
}

/** The C library of this process, as Rust names it; nothing where there is no choice. */
function ownLibc() {
  if (process.platform !== 'linux' || !process.report) return undefined;
  const { excludeNetwork } = process.report;
  // Without it, a report looks up the name of each open connection.
  process.report.excludeNetwork = true;
  const { header } = process.report.getReport();
  process.report.excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime === undefined ? 'musl' : 'gnu';
}

/** Throws if what `target` stands for can't be loaded by this process. */
function expectOwn(target) {
  const { platform, os: system, cpu, libc } = platformOf(target);
  const own = ownLibc();
  const fits = system === process.platform && cpu === process.arch && (own === undefined || libc.startsWith(own));
  if (fits) return platform;
  const here = [process.platform, process.arch, own].filter(Boolean).join('-');
  throw new BuildError(
    `rustc builds for ${platform}, and this Node is for ${here}.\n` +
      'Install a Rust for it, or run this with a Node that fits.',
  );
}

/** Runs cargo and returns the library that it has made. */
function compile({ debug, features, 'target-dir': folder }, target) {
  if (output('cc', ['--version']) === null && !process.env.CC) {
    throw new BuildError(
      'it needs a C compiler, and there is no cc in the PATH.\n' +
        'Debian: apt install gcc libc6-dev; Alpine: apk add gcc musl-dev; Fedora: dnf install gcc; macOS: xcode-select --install',
    );
  }
  const env = { ...process.env };
  // A target other than that of the compiler would not fit this process.
  delete env.CARGO_BUILD_TARGET;
  if (target.includes('musl')) {
    // An addon is a shared library of the C library that Node has loaded.
    env[`CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_RUSTFLAGS`] = '-C target-feature=-crt-static';
  }
  const args = ['build', '--locked', '--target-dir', folder, '--message-format', 'json-render-diagnostics'];
  if (!debug) args.push('--release');
  if (features === 'ring') args.push('--no-default-features');
  if (features) args.push('--features', features);
  const stdio = ['ignore', 'pipe', 'inherit'];
  const { status, stdout, error } = spawnSync('cargo', args, { cwd: ROOT, env, stdio, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error) throw error;
  if (status !== 0) throw new BuildError(`cargo ended with ${status}; its messages are above.`);
  const artifacts = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const made = artifacts.findLast(({ reason, target: part }) => reason === 'compiler-artifact' && part.name === 'rust_net');
  const library = made?.filenames.find((name) => /\.(?:so|dylib)$/.test(name));
  if (library === undefined) throw new BuildError('cargo has not said where the library is.');
  return library;
}

/** Puts the library in the place of `file` at once: a process that has loaded the one before keeps that. */
function replace(file, library) {
  const copy = `${file}.${process.pid}`;
  try {
    fs.copyFileSync(library, copy);
    fs.renameSync(copy, file);
  } catch (error) {
    fs.rmSync(copy, { force: true });
    throw new BuildError(`${file} can't be written: ${error.message}`);
  }
}

/** Throws if Node can't load `file`. */
function expectLoadable(file) {
  const script = 'require(process.argv[1])';
  const { status, stderr } = spawnSync(process.execPath, ['-e', script, file], { encoding: 'utf8' });
  if (status !== 0) throw new BuildError(`${file} was built, and Node can't load it:\n${stderr.trim()}`);
}

function build(options) {
  const { target } = findRust();
  const platform = expectOwn(target);
  const file = path.join(ROOT, `rust-net.${platform}.node`);
  const own = options['target-dir'] === undefined;
  const folder = own ? fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-build-')) : path.resolve(options['target-dir']);
  try {
    replace(file, compile({ ...options, 'target-dir': folder }, target));
  } finally {
    if (own) fs.rmSync(folder, { recursive: true, force: true });
  }
  expectLoadable(file);
  console.log(`rust-net: built ${file}`);
}

const OPTIONS = {
  build: {
    'debug': { type: 'boolean', default: false },
    'features': { type: 'string' },
    'target-dir': { type: 'string' },
  },
  top: {
    interval: { type: 'string', default: '1' },
    once: { type: 'boolean', default: false },
  },
};

/** How many seconds may be between two looks of `top`. A timer takes more for none at all. */
const [SHORTEST, LONGEST] = [0.01, 86_400];

function isInterval(text) {
  return /^(?:\d+\.?\d*|\.\d+)$/.test(text) && Number(text) >= SHORTEST && Number(text) <= LONGEST;
}

/** What was asked for: `{ command, subject, values }`. Throws an error with words for the user. */
function parse(args) {
  const command = args.find((arg) => !arg.startsWith('-'));
  const options = { ...OPTIONS[command], help: { type: 'boolean', short: 'h', default: false } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) return { command: 'help' };
  if (OPTIONS[command] === undefined) throw new Error('there is no such command');
  const [, subject, ...rest] = positionals;
  if (rest.length > 0 || (subject !== undefined) !== (command === 'top')) throw new Error(`wrong arguments of ${command}`);
  if (command === 'top' && !isInterval(values.interval)) {
    throw new Error(`--interval must be a number of seconds, ${SHORTEST} to ${LONGEST}`);
  }
  return { command, subject, values };
}

function run({ command, subject, values }) {
  if (command === 'build') return build(values);
  return top(subject, { seconds: Number(values.interval), once: values.once });
}

async function main(args) {
  let asked;
  try {
    asked = parse(args);
  } catch ({ message }) {
    process.stderr.write(`${args.length > 0 ? `rust-net: ${message}\n` : ''}${USAGE}`);
    process.exitCode = 2;
    return;
  }
  if (asked.command === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  try {
    await run(asked);
  } catch (failure) {
    if (!(failure instanceof BuildError) && !(failure instanceof TopError)) throw failure;
    const what = failure instanceof BuildError ? 'rust-net could not be built' : 'rust-net top';
    process.stderr.write(`${what}: ${failure.message}\n`);
    process.exitCode = 1;
  }
}

if (require.main === module) void main(process.argv.slice(2));

module.exports = { platformOf };
