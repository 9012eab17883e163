'use strict';

// What it takes to build for another platform than this one, from packages that have it all in them: Zig as the C
// compiler and linker of every platform, and Rust's standard library for it. Installed below `target/toolchain`, and
// nowhere else; nothing here needs root.
//
// The standard library comes from rustup (`rustup target add <target>`), if it is there. Otherwise it is built with the
// binding, from Debian's package of its sources, by the compiler of the same package: that has to be of one version.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT } = require('../ensure-built');
const { once, output, unpackDebian } = require('./unpacking');

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

function installPython() {
  once(PYTHON, PYTHON_PACKAGES.join(' '), () => {
    console.log(`toolchain: installing ${PYTHON_PACKAGES.join(', ')}`);
    output('python3', ['-m', 'venv', PYTHON]);
    output(path.join(PYTHON, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...PYTHON_PACKAGES]);
  });
}

function installDebian() {
  once(DEBIAN, DEBIAN_PACKAGES.join(' '), () => {
    console.log(`toolchain: unpacking Debian's ${DEBIAN_PACKAGES.join(', ')}`);
    unpackDebian(DEBIAN_PACKAGES, DEBIAN, { dependencies: DEBIAN_DEPENDENCIES });
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

module.exports = { isPossible, python, toolchain };
