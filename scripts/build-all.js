'use strict';

// `npm run build:all`: builds the binding of every platform on this machine, into `target/platforms`, and checks what
// was built by its headers. A platform that fails does not keep the others from being built, and one that is newer than
// its sources is not built again.
//
//   npm run build:all -- --only linux-arm64-gnu,darwin-arm64   these platforms
//   npm run build:all -- --jobs 1                              as cargo's --jobs
//   npm run build:all -- --check                               compile the Rust code for each platform, link nothing
//
// What it needs, it installs (`platforms/toolchain.js`).

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');
const { ROOT, SOURCES, changed } = require('./ensure-built');
const { headersOf, neededVersion, offences } = require('./platforms/headers');
const { PLATFORMS, chosen, fileOf } = require('./platforms/table');
const { toolchain } = require('./platforms/toolchain');

const BUILT = path.join(ROOT, 'target', 'platforms');

/** Of all platforms: what runs while building is the same for each of them. */
const CARGO_TARGET = path.join(ROOT, 'target', 'cross');

/** Where the binding of `platform` is, once it has been built. */
function bindingOf(platform) {
  return path.join(BUILT, platform, fileOf(platform));
}

/** Whether the binding of `platform` is newer than all that it is made of. */
function isCurrent(platform) {
  const newest = Math.max(...SOURCES.map((name) => changed(path.join(ROOT, name))));
  return changed(bindingOf(platform)) > newest;
}

/** Runs cargo for `platform`, with its output in a file of the platform's folder. */
function cargo(platform, command, args, settings = {}) {
  const { target, libc, oldest } = PLATFORMS[platform];
  const { args: own, env, compiler } = toolchain(target);
  Object.assign(env, settings, { CARGO_TARGET_DIR: CARGO_TARGET });
  if (!libc) env.MACOSX_DEPLOYMENT_TARGET = oldest;
  // An addon is a shared library of the C library that Node has loaded.
  if (libc === 'musl') {
    env[`CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_RUSTFLAGS`] = '-C target-feature=-crt-static';
  }
  const name = libc === 'glibc' ? `${target}.${oldest}` : target;
  const log = path.join(BUILT, platform, `${command}.log`);
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const file = fs.openSync(log, 'w');
  fs.writeSync(file, `${compiler}\n`);
  const all = [command, '--locked', '--target', name, ...own, ...args];
  const { status, error } = spawnSync('cargo-zigbuild', all, { cwd: ROOT, env, stdio: ['ignore', file, file] });
  fs.closeSync(file);
  if (status === 0) return;
  const said = fs.readFileSync(log, 'utf8').trim().split('\n').slice(-20).join('\n  ');
  throw new Error(`cargo ${error ? error.message : `ended with ${status}`}; ${log}:\n  ${said}`);
}

/** Builds the binding of `platform`. */
function build(platform, args) {
  if (!isCurrent(platform)) {
    cargo(platform, 'zigbuild', ['--release', ...args]);
    const { os, target } = PLATFORMS[platform];
    const library = path.join(CARGO_TARGET, target, 'release', `librust_net.${os === 'darwin' ? 'dylib' : 'so'}`);
    fs.copyFileSync(library, bindingOf(platform));
  }
  const headers = headersOf(bindingOf(platform));
  const found = offences(platform, headers);
  if (found.length > 0) throw new Error(found.join('; '));
  const needed = neededVersion(headers);
  const system = PLATFORMS[platform].libc ?? 'macOS';
  return `${(headers.size / 1e6).toFixed(1)} MB, ${system}${needed === null ? '' : ` ${needed}`}`;
}

/**
 * Compiles the Rust code for `platform`, over *ring*: what it has in C is compiled in a fraction of AWS-LC's time. The
 * standard library is compiled, too, but nothing of it is run: it needs nothing for debuggers.
 */
function check(platform, args) {
  const all = ['--no-default-features', '--features', 'ring', ...args];
  cargo(platform, 'check', all, { CARGO_PROFILE_DEV_DEBUG: '0' });
  return 'compiles';
}

function main() {
  const options = { only: { type: 'string' }, jobs: { type: 'string' }, check: { type: 'boolean', default: false } };
  const { only, jobs, check: isCheck } = parseArgs({ options }).values;
  const args = jobs === undefined ? [] : ['--jobs', jobs];
  let failed = 0;
  for (const platform of chosen(only)) {
    const start = Date.now();
    try {
      const outcome = (isCheck ? check : build)(platform, args);
      console.log(`${platform.padEnd(20)} ${outcome} (${Math.round((Date.now() - start) / 1000)} s)`);
    } catch (error) {
      failed += 1;
      console.error(`${platform.padEnd(20)} FAILED: ${error.message}`);
    }
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

if (require.main === module) main();

module.exports = { bindingOf, isCurrent };
