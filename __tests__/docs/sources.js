'use strict';

// What the tests of the docs read: the pages, and the names of all tests.

const fs = require('fs');
const path = require('path');

const ROOT = path.join(__dirname, '..', '..');
const TESTS = path.join(ROOT, '__tests__');

function page(name) {
  return fs.readFileSync(path.join(ROOT, name), 'utf8');
}

/** The files under `folder`, without those of this folder, which are about the pages. */
function filesIn(folder, suffix) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => path.dirname(file) !== __dirname);
}

/** The name in a line such as `test('name', () => {` or `])('name', async (x) => {`. */
const NAME = /^[ \t]*(?:describe|test|\]|\)|\}).*?\((['"`])((?:\\.|(?!\1)[^\\\n])*)\1,\s*(?:async\b|\(|\w+ =>)/gm;

/** The names of the tests and suites in a file, as jest prints them. */
function testNames(file) {
  const text = fs.readFileSync(file, 'utf8');
  return [...text.matchAll(NAME)].map(([, , name]) => name.replaceAll(/\\(.)/g, '$1'));
}

module.exports = { ROOT, TESTS, filesIn, page, testNames };
