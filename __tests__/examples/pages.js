'use strict';

// The code in Markdown pages. Needs no test runner.

const fs = require('fs');
const path = require('path');

const ROOT = path.join(__dirname, '..', '..');

/** Each block of the page `file`, or of a text, as a match: words above, language, what is in it. */
function blocksOf(file) {
  const page = file.includes('\n') ? file : fs.readFileSync(path.join(ROOT, file), 'utf8');
  return [...page.matchAll(/(?<=^([^\n]*)\n\n)```(\w+)\n(.*?)^```$/gms)];
}

/** The name of the file that the block below `words` is, or null: it is all of their line. */
function nameOf(words) {
  return /^`([^`]+)`:$/.exec(words)?.[1] ?? null;
}

/** `[words above, language, code, output]` of each example: a block of code, and the block of text after it. */
function examplesOf(file) {
  const blocks = blocksOf(file);
  return blocks.flatMap(([, words, language, code], i) => {
    if ((language !== 'js' && language !== 'mjs') || nameOf(words) !== null) return [];
    const [, , below, output] = blocks[i + 1] ?? [];
    return [[words, language, code, below === 'text' ? output : '']];
  });
}

module.exports = { blocksOf, examplesOf, nameOf };
