'use strict';

// Installs and builds what is missing: the dependencies if they are not those of the lock file, the binding if a
// source is newer. Needs nothing but Node, npm and Rust. `npm run demo`, `npm test` and `npm pack` begin here.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const ROOT = path.dirname(__dirname);
const SOURCES = ['src', '.cargo', 'build.rs', 'Cargo.toml', 'Cargo.lock'];

/** Progress goes to the error output: what npm reads from ours (the name of a tarball) stays clean. */
const PROGRESS = ['ignore', process.stderr, process.stderr];

/** Runs a command of the project with its output shown; throws if it fails. */
function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (error) throw new Error(`${command} could not be run: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? status}`);
}

/** When `file`, or the newest file below it, was changed; 0 if there is none. */
function changed(file) {
  const status = fs.statSync(file, { throwIfNoEntry: false });
  if (!status) return 0;
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(0, ...fs.readdirSync(file).map((name) => changed(path.join(file, name))));
}

function installed() {
  // npm writes this file when an install is complete.
  const record = changed(path.join(ROOT, 'node_modules', '.package-lock.json'));
  return record > 0 && record >= changed(path.join(ROOT, 'package-lock.json'));
}

function built() {
  const bindings = fs.readdirSync(ROOT).filter((name) => name.endsWith('.node'));
  if (bindings.length === 0) return false;
  const newest = Math.max(...SOURCES.map((name) => changed(path.join(ROOT, name))));
  return bindings.every((name) => changed(path.join(ROOT, name)) >= newest);
}

function ensureBuilt() {
  if (!installed()) run('npm', ['ci', '--no-audit', '--no-fund'], { stdio: PROGRESS });
  ensureBinding();
}

/** For what needs no dependencies: nor does the build. */
function ensureBinding() {
  if (!built()) run('npm', ['run', 'build'], { stdio: PROGRESS });
}

module.exports = { ROOT, SOURCES, built, changed, ensureBinding, ensureBuilt, run };

if (require.main === module) ensureBuilt();
