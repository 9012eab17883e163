'use strict';

// The Node versions that the package is tried on: the one that runs the tests, and the binaries of the others, which
// npm carries. They are installed once, beside the other build products.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const FOLDER = path.join(__dirname, '..', '..', 'target', 'nodes');
const MAJORS = [20, 22, 24, 26];

/** The version that runs the tests. */
const OWN = Number(process.versions.node.split('.')[0]);

function binaryOf(major) {
  return path.join(FOLDER, 'node_modules', `node${major}`, 'bin', 'node');
}

/** `[[version, path], ...]`, after having installed what is missing. */
function nodes() {
  const others = MAJORS.filter((major) => major !== OWN);
  const missing = others.filter((major) => !fs.existsSync(binaryOf(major)));
  if (missing.length > 0) {
    fs.mkdirSync(FOLDER, { recursive: true });
    const packages = missing.map((major) => `node${major}@npm:node-${process.platform}-${process.arch}@${major}`);
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', FOLDER, ...packages], { stdio: 'ignore' });
  }
  return [[OWN, process.execPath], ...others.map((major) => [major, binaryOf(major)])];
}

module.exports = { MAJORS, OWN, nodes };
