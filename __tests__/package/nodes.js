'use strict';

// The Node versions that the package is tried on: the one that runs the tests, and the binaries of the others, which
// npm carries. They are installed once, beside the other build products.

const path = require('path');
const { ensureInstalled, folderOf } = require('../installed');

const MAJORS = [20, 22, 24, 26];

/** The version that runs the tests. */
const OWN = Number(process.versions.node.split('.')[0]);

const OTHERS = MAJORS.filter((major) => major !== OWN);
const MANIFEST = {
  private: true,
  dependencies: Object.fromEntries(
    OTHERS.map((major) => [`node${major}`, `npm:node-${process.platform}-${process.arch}@${major}`]),
  ),
};

const FOLDER = folderOf('nodes', MANIFEST);

function binaryOf(major) {
  return path.join(FOLDER, 'node_modules', `node${major}`, 'bin', 'node');
}

/** `[[version, path], ...]`, after having installed what is missing. */
function nodes() {
  ensureInstalled('nodes', MANIFEST);
  return [[OWN, process.execPath], ...OTHERS.map((major) => [major, binaryOf(major)])];
}

module.exports = { MAJORS, OWN, nodes };
