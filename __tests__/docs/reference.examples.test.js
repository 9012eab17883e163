'use strict';

// docs/api: "an example that runs". Each is a program that ends by itself and prints what its last lines say.

const path = require('path');
const { examplesOf, folderWithKey, run } = require('../examples/blocks');
const { FOLDER, allPages } = require('./reference');

/** The lines that an example is to print, by its own comments. */
function printed(code) {
  return [...code.matchAll(/^\/\/ Prints: (.*)$/gm)].map(([, line]) => `${line}\n`).join('');
}

const examples = allPages().flatMap((page) =>
  examplesOf(path.join(FOLDER, page)).map(([, language, code], index) => [page, index + 1, language, code]));

test('every example says what it prints', () => {
  expect(examples.length).toBeGreaterThan(30);
  expect(examples.filter(([, , , code]) => printed(code) === '').map(([page, index]) => [page, index])).toEqual([]);
});

test.each(examples)('%s, example %i (%s)', (_page, _index, language, code) => {
  expect(run(folderWithKey('cnOnly'), language, code)).toBe(printed(code));
});
