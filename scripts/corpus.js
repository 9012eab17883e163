'use strict';

// The kept inputs of the fuzz targets in Rust: fuzz/corpus has a file for each target, and a line for each input, in
// hexadecimal, with a name after it if it has one. The lines are sorted, so that the same inputs make the same file.

const fs = require('fs');
const path = require('path');

const FOLDER = path.join(__dirname, '..', 'fuzz', 'corpus');
const ENDING = '.hex';

const fileOf = (target) => path.join(FOLDER, `${target}${ENDING}`);

/** The names of the targets. */
function targets() {
  return fs.readdirSync(FOLDER).map((file) => path.basename(file, ENDING)).sort();
}

/** The inputs of a target: `{ bytes, name }`, without a name where there is nothing to say. */
function read(target) {
  return fs.readFileSync(fileOf(target), 'latin1').split('\n').filter((line) => line !== '').map((line) => {
    const [hex, name] = line.split(' ');
    return { bytes: Buffer.from(hex, 'hex'), name };
  });
}

/** Replaces the inputs of a target. Of the same bytes twice, the one with a name stays; an empty input says nothing. */
function write(target, inputs) {
  const names = new Map();
  for (const { bytes, name } of inputs) {
    const hex = bytes.toString('hex');
    if (hex !== '') names.set(hex, names.get(hex) ?? name);
  }
  const lines = [...names].map(([hex, name]) => (name === undefined ? hex : `${hex} ${name}`));
  fs.writeFileSync(fileOf(target), lines.sort().map((line) => `${line}\n`).join(''));
}

/** Writes the inputs of a target as files of `folder`, for libFuzzer. */
function unpack(target, folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const [i, { bytes }] of read(target).entries()) fs.writeFileSync(path.join(folder, String(i)), bytes);
}

/** The inputs that are files of `folder`. */
function pack(folder) {
  return fs.readdirSync(folder).map((file) => ({ bytes: fs.readFileSync(path.join(folder, file)) }));
}

module.exports = { pack, read, targets, unpack, write };
