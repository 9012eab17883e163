'use strict';

// The code in Markdown pages, and running it: "each of these runs as it stands and prints what is below it".

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { identity } = require('../tls/pki');

const ROOT = path.join(__dirname, '..', '..');
const DEADLINE = 20_000;

/** Each block of the page `file`, or of a text, as a match: words above, language, what is in it. */
function blocksOf(file) {
  const page = file.includes('\n') ? file : fs.readFileSync(path.join(ROOT, file), 'utf8');
  return [...page.matchAll(/(?<=^([^\n]*)\n\n)```(\w+)\n(.*?)^```$/gms)];
}

/** The name of the file that the block below `words` is, or null: it is all of their line. */
function nameOf(words) {
  return /^`([^`]+)`:$/.exec(words)?.[1] ?? null;
}

/** `[words above, language, code, output]` of each example: a block of code, and the block of text behind it. */
function examplesOf(file) {
  const blocks = blocksOf(file);
  return blocks.flatMap(([, words, language, code], i) => {
    if ((language !== 'js' && language !== 'mjs') || nameOf(words) !== null) return [];
    const [, , below, output] = blocks[i + 1] ?? [];
    return [[words, language, code, below === 'text' ? output : '']];
  });
}

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
