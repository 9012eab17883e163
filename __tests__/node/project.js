'use strict';

// An application in a folder of its own, that has rust-net among its dependencies.

const { execFile } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');

const ROOT = path.join(__dirname, '..', '..');
const DEADLINE = 30_000;

/** A folder with `files`, `{ [name]: text }`. Gives its path. */
function project(files) {
  const folder = scratch();
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** Runs `node ...args` in `folder`: what it writes to stdout. `node`: the binary. */
function run(folder, args, { node = process.execPath, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env: { ...process.env, ...env }, timeout: DEADLINE };
    execFile(node, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}

module.exports = { DEADLINE, ROOT, project, run };
