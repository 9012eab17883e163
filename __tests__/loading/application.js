'use strict';

// An application with rust-net installed as npm would do it: with its modules in few files, without the sources, and
// with what the test puts into `node_modules/@rust-net`.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { platformName } = require('../../lib/loading/platform');
const { atLast, scratch } = require('../helpers');

const ROOT = path.join(__dirname, '..', '..');
const DEADLINE = 30_000;
const PLATFORM = platformName();
const BINDING = path.join(ROOT, `rust-net.${PLATFORM}.node`);

/** The first version of Node whose permission model knows networks. */
const KNOWS_NET = 25;

/** The file of the binding in the package of `platform`, in an application. */
function bindingOf(folder, platform = PLATFORM) {
  return path.join(folder, 'node_modules', '@rust-net', platform, `rust-net.${platform}.node`);
}

let made = null;

/** The package, without a binding: its folder. */
function packed() {
  if (made !== null) return made;
  made = path.join(scratch(atLast), 'rust-net');
  fs.mkdirSync(made);
  execFileSync(process.execPath, [path.join(ROOT, 'scripts', 'bundle.js'), made]);
  fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(made, 'package.json'));
  return made;
}

/** A new application: its folder. */
function application() {
  const folder = scratch();
  fs.cpSync(packed(), path.join(folder, 'node_modules', 'rust-net'), { recursive: true });
  return folder;
}

/** Installs the package of `platform` with `contents` as its binding, those of the real one by default. */
function addPackage(folder, { platform = PLATFORM, contents = fs.readFileSync(BINDING) } = {}) {
  const file = bindingOf(folder, platform);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const main = path.basename(file);
  const manifest = { name: `@rust-net/${platform}`, version: require('../../package.json').version, main };
  fs.writeFileSync(path.join(path.dirname(file), 'package.json'), JSON.stringify(manifest));
  if (contents !== null) fs.writeFileSync(file, contents);
  return file;
}

/** Bundles `entry` of an application, with rust-net, into `target`. */
function bundle(folder, entry, target) {
  const esbuild = path.join(ROOT, 'node_modules', '.bin', 'esbuild');
  const args = [entry, '--bundle', '--platform=node', '--log-level=error', `--outfile=${target}`];
  const { status, stderr, error } = spawnSync(esbuild, args, { cwd: folder, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0 || stderr !== '') throw new Error(`esbuild ended with ${status}: ${stderr}`);
}

/** Runs a script in an application: `{ status, stdout, stderr }`. `wrapper`: a command that runs Node. */
function play(folder, script, { node = process.execPath, flags = [], env = {}, wrapper = [], name = 'app.js' } = {}) {
  fs.writeFileSync(path.join(folder, name), script);
  const [command, ...args] = [...wrapper, node, ...flags, name];
  const unset = { NODE_OPTIONS: '', RUST_NET_BINDING: '', RUST_NET_FALLBACK: '' };
  const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, ...unset, ...env }, timeout: DEADLINE };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (error) throw error;
  return { status, stdout, stderr };
}

/** What `require('rust-net')` fails with in an application: `{ code, reason, message, lines }`. */
function failure(folder, options) {
  const script = `
try {
  require('rust-net');
  process.stdout.write('null');
} catch ({ code, reason, message }) {
  process.stdout.write(JSON.stringify({ code, reason, message }));
}`;
  const { status, stdout, stderr } = play(folder, script, options);
  if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
  const error = JSON.parse(stdout);
  return error && { ...error, lines: error.message.split('\n') };
}

module.exports = {
  BINDING,
  DEADLINE,
  KNOWS_NET,
  PLATFORM,
  ROOT,
  addPackage,
  application,
  bindingOf,
  bundle,
  failure,
  packed,
  play,
};
