'use strict';

// docs/api: "an example that runs". Each is a program that ends by itself and prints what its last lines say.

const path = require('path');
const { examplesOf, folderWithKey, run } = require('../examples/blocks');
const { FOLDER, allPages, documented } = require('./reference');

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

/** Whether an example uses what a section is about. */
function isUsed({ kind, name, parameters }, code) {
  if (kind === 'event') return code.includes(`'${name}'`);
  if (kind === 'class' || kind === 'constructor') return new RegExp(`\\bnet\\.${name}\\b`).test(code);
  if (name.startsWith('[')) return code.includes(name);
  return new RegExp(`[.{ ]${name}\\b${parameters === null ? '' : '\\('}`).test(code);
}

test('every member of rust-net is used in an example', () => {
  const code = examples.map(([, , , text]) => text).join('\n');
  const subjects = documented().map(({ subject }) => subject).filter(({ name }) => !['Credentials', 'Service'].includes(name));
  expect(subjects.length).toBeGreaterThan(100);
  expect(subjects.filter((subject) => !isUsed(subject, code)).map(({ owner, name }) => `${owner}.${name}`)).toEqual([]);
});

test.each(examples)('%s, example %i (%s)', (_page, _index, language, code) => {
  expect(run(folderWithKey('cnOnly'), language, code)).toBe(printed(code));
});
