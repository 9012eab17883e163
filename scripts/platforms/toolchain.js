'use strict';

// What it takes to build for another platform than this one, from packages that have it all in them: Zig as the C
// compiler and linker of every platform, and Rust's standard library for it. Installed below `target/toolchain`, and
// nowhere else; nothing here needs root, but for Debian's lists of packages where they are missing.
//
// The standard library comes from rustup (`rustup target add <target>`), if it is there. Otherwise it is built with the
// binding, from Debian's package of its sources, by the compiler of the same package: that has to be of one version.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT } = require('../ensure-built');

const FOLDER = path.join(ROOT, 'target', 'toolchain');
const PYTHON = path.join(FOLDER, 'venv');
const DEBIAN = path.join(FOLDER, 'root');
const RUSTC = path.join(FOLDER, 'rustc');

/** Of PyPI: the C compiler, cargo's way to it, and what reads the headers of libraries. */
const PYTHON_PACKAGES = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1', 'lief==1.0.0'];

/**
 * Debian's compiler, sources of the standard library, and what strips a library of macOS. Of what these depend on, all
 * that is not part of every system begins so.
 */
const DEBIAN_PACKAGES = ['rustc-web', 'rust-web-src', 'rust-web-llvm'];
const DEBIAN_DEPENDENCIES = /^(?:libstd-rust-web|libllvm|llvm-\d+$)/;

/** Runs a command and returns its output; throws what it says if it fails. */
function output(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')}: ${error ? error.message : stderr.trim() || `ended with ${status}`}`);
}

/** Makes `folder` by `make`, which fills another one beside it first: a folder that is there is whole. */
function once(folder, key, make) {
  const record = path.join(folder, 'complete');
  if (fs.existsSync(record) && fs.readFileSync(record, 'utf8') === key) return;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  make();
  fs.writeFileSync(record, key);
}

function installPython() {
  once(PYTHON, PYTHON_PACKAGES.join(' '), () => {
    console.log(`toolchain: installing ${PYTHON_PACKAGES.join(', ')}`);
    output('python3', ['-m', 'venv', PYTHON]);
    output(path.join(PYTHON, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...PYTHON_PACKAGES]);
  });
}

/** `names` and, of all that these depend on, what has to come along. */
function withDependencies(names) {
  const all = new Set(names);
  for (const name of all) {
    const depends = output('apt-cache', ['depends', '--important', name]).split('\n');
    for (const line of depends) {
      const [, dependency] = /^\s*Depends: (\S+)/.exec(line) ?? [];
      if (DEBIAN_DEPENDENCIES.test(dependency ?? '')) all.add(dependency);
    }
  }
  return [...all];
}

function installDebian() {
  const policy = () => spawnSync('apt-cache', ['policy', DEBIAN_PACKAGES[0]], { encoding: 'utf8' }).stdout ?? '';
  if (!/Candidate: \d/.test(policy()) && process.getuid() === 0) spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  const [, version] = /Candidate: (\d\S*)/.exec(policy()) ?? [];
  if (version === undefined) {
    throw new Error(`neither rustup has the standard library, nor are there Debian's packages ${DEBIAN_PACKAGES.join(', ')}`);
  }
  once(DEBIAN, version, () => {
    const names = withDependencies(DEBIAN_PACKAGES);
    console.log(`toolchain: unpacking Debian's ${names.join(', ')} (${version})`);
    const packages = path.join(DEBIAN, 'packages');
    fs.mkdirSync(packages);
    output('apt-get', ['download', '-qq', ...names], { cwd: packages });
    for (const name of fs.readdirSync(packages)) output('dpkg-deb', ['-x', path.join(packages, name), DEBIAN]);
    fs.rmSync(packages, { recursive: true });
  });
  const libraries = path.join(DEBIAN, 'usr', 'lib', output('dpkg-architecture', ['-qDEB_HOST_MULTIARCH']));
  const [library, program] = [libraries, path.join(DEBIAN, 'usr', 'bin', 'rustc')].map((each) => `'${each}'`);
  const text = `#!/bin/sh\nLD_LIBRARY_PATH=${library} exec ${program} "$@"\n`;
  if (!fs.existsSync(RUSTC) || fs.readFileSync(RUSTC, 'utf8') !== text) fs.writeFileSync(RUSTC, text, { mode: 0o755 });
}

/** Whether the compiler that cargo takes has the standard library of `target`. */
function hasLibrary(target) {
  const { status, stdout } = spawnSync('rustc', ['--print', 'target-libdir', '--target', target], { encoding: 'utf8' });
  const folder = stdout?.trim() ?? '';
  return status === 0 && fs.existsSync(folder) && fs.readdirSync(folder).some((name) => name.startsWith('libstd-'));
}

/**
 * Installs what is missing to build for `target`. Returns the arguments and the environment that cargo needs for it,
 * and which compiler it is.
 */
function toolchain(target) {
  installPython();
  const env = { ...process.env, PATH: `${path.join(PYTHON, 'bin')}${path.delimiter}${process.env.PATH}` };
  // Flags for the program's own platform.
  delete env.RUSTFLAGS;
  if (hasLibrary(target)) return { args: [], env, compiler: output('rustc', ['--version']) };
  installDebian();
  // What a stable compiler refuses, and its standard library needs.
  Object.assign(env, { RUSTC, RUSTC_BOOTSTRAP: '1' });
  return { args: ['-Zbuild-std=std,panic_unwind'], env, compiler: `${output(RUSTC, ['--version'])}, its library built` };
}

/** Whether what is missing to build for every platform can be installed here. */
function isPossible() {
  const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
  return ['python3', 'apt-get', 'dpkg-deb'].every(has);
}

/** Python with the packages of `PYTHON_PACKAGES`. */
function python() {
  installPython();
  return path.join(PYTHON, 'bin', 'python3');
}

module.exports = { isPossible, once, output, python, toolchain };
