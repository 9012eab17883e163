'use strict';

// docs/decisions.md has every decision once; it, lib/contract.js, docs/differences.md and the tests agree.

const fs = require('fs');
const path = require('path');
const { differences } = require('../../lib/contract');
const { ROOT, filesIn, page } = require('./sources');

const [decided, others] = page('docs/decisions.md').split('\n## Differences that no decision is about\n');

/** The sections: number, title, text. */
const decisions = decided.split('\n## ').slice(1).map((section) => {
  const [, number, title] = /^(D\d+) (.*)/.exec(section);
  return { number, title, text: section };
});

const keysIn = (text) => [...text.matchAll(/^(?:- )?Keys?: ((?:`\w+`(?:, )?)+)/gm)]
  .flatMap(([, list]) => list.match(/\w+/g));

/** The decisions in a table of the differences, in order. */
function rows(heading) {
  const differing = page('docs/differences.md');
  const from = differing.indexOf(heading);
  expect(from).toBeGreaterThan(0);
  const table = differing.slice(from).split('\n\n').find((block) => block.startsWith('|') && /^\| D\d+ \|/m.test(block));
  return [...table.matchAll(/^\| (D\d+) \| ([^|]+) \|/gm)].map(([, number, point]) => ({ number, point }));
}

const texts = [
  ...['__tests__', 'lib', 'src', 'docs', 'examples'].flatMap((folder) =>
    ['.js', '.ts', '.mts', '.rs', '.md'].flatMap((suffix) => filesIn(path.join(ROOT, folder), suffix))),
  ...fs.readdirSync(ROOT).filter((name) => /\.(md|d\.ts)$/.test(name)).map((name) => path.join(ROOT, name)),
];

test('D1 to the last, each once and in order', () => {
  expect(decisions.length).toBeGreaterThan(29);
  expect(decisions.map(({ number }) => number)).toEqual(decisions.map((_, i) => `D${i + 1}`));
});

test('each has a reason', () => {
  expect(decisions.filter(({ text }) => !/^Why: \S/m.test(text)).map(({ number }) => number)).toEqual([]);
});

test('every key of lib/contract.js is there once, with a decision or among the other differences', () => {
  const keys = keysIn(page('docs/decisions.md'));
  expect(keysIn(others).length).toBeGreaterThan(0);
  expect(keys.sort()).toEqual(Object.keys(differences).sort());
});

test('a decision that has a key says what rust-net/node does, and no other decision does', () => {
  for (const { number, text } of decisions) {
    expect([number, /In\s`rust-net\/node`/.test(text)]).toEqual([number, keysIn(text).length > 0]);
  }
});

test('docs/differences.md has each once: with its title where the two contracts differ, else in the second table', () => {
  const first = rows('In these points, the page and today');
  const second = rows('Where the page is silent');
  const all = [...first, ...second].map(({ number }) => number);
  expect(all.sort()).toEqual(decisions.map(({ number }) => number).sort());
  for (const { number, point } of first) {
    const decision = decisions.find((one) => one.number === number);
    expect(decision.title).toBe(point);
    expect([number, keysIn(decision.text).length > 0]).toEqual([number, true]);
  }
});

test('every number that is cited anywhere exists', () => {
  const known = new Set(decisions.map(({ number }) => number));
  const unknown = texts.flatMap((file) => {
    // In a comment, a name or prose: not in hexadecimal data.
    const cited = fs.readFileSync(file, 'utf8').matchAll(/(?<![\w/+=:.<-])D\d{1,2}(?![\w'"`=])(?=[\s,.:;)]|$)/gm);
    return [...cited].filter(([number]) => !known.has(number)).map(([number]) => `${path.relative(ROOT, file)}: ${number}`);
  });
  expect(unknown).toEqual([]);
});

test('tests cite decisions', () => {
  const tests = filesIn(path.join(ROOT, '__tests__'), '.test.js').map((file) => fs.readFileSync(file, 'utf8')).join('\n');
  expect(decisions.filter(({ number }) => !new RegExp(`\\b${number}\\b`).test(tests)).map(({ number }) => number)).toEqual([]);
});
