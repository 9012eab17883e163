'use strict';

// Running the code in Markdown pages (`pages.js`): "each of these runs as it stands and prints what is below it".

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { identity } = require('../tls/pki');
const { blocksOf, examplesOf, nameOf } = require('./pages');

const ROOT = path.join(__dirname, '..', '..');
const DEADLINE = 20_000;

/** Runs an example in `folder`, with `flags` of Node, and returns what it prints. */
function run(folder, language, code, flags = []) {
  fs.mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
  const file = path.join(folder, `example.${language === 'js' ? 'cjs' : 'mjs'}`);
  fs.writeFileSync(file, code);
  const options = { cwd: folder, encoding: 'utf8', timeout: DEADLINE };
  return execFileSync(process.execPath, [...flags, file], options).replaceAll('\r\n', '\n');
}

/** A folder with a key and a certificate that the examples read: of the tests' identity `name`. */
function folderWithKey(name) {
  const folder = scratch();
  const { key, cert } = identity(name);
  fs.writeFileSync(path.join(folder, 'key.pem'), key);
  fs.writeFileSync(path.join(folder, 'cert.pem'), cert);
  return folder;
}

module.exports = { blocksOf, examplesOf, folderWithKey, nameOf, run };
