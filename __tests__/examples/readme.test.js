'use strict';

// "Each of these runs as it stands and prints what is below it": the code in README.md.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');

const ROOT = path.join(__dirname, '..', '..');
const DEADLINE = 20_000;

/** `[words above, language, code, output]` of each example: a block of code, and the block of text behind it. */
function examples() {
  const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/(?<=^([^\n]*)\n\n)```(\w+)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, words, language, code], i) => {
    if (language !== 'js' && language !== 'mjs') return [];
    const [, , below, output] = blocks[i + 1] ?? [];
    return [[words, language, code, below === 'text' ? output : '']];
  });
}

test('there is code for CommonJS and for ES modules', () => {
  expect(new Set(examples().map(([, language]) => language))).toEqual(new Set(['js', 'mjs']));
});

test.each(examples())('"%s" (%s)', (_words, language, code, output) => {
  const folder = scratch();
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
  const file = path.join(folder, `example.${language === 'js' ? 'cjs' : 'mjs'}`);
  fs.writeFileSync(file, code);
  const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: DEADLINE });
  expect(printed.replaceAll('\r\n', '\n')).toBe(output);
});
