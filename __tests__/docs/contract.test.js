'use strict';

// docs/contract.md: every promise has a number once, and a test that holds us to it.

const path = require('path');
const promises = require('./promises');
const { TESTS, filesIn, page, testNames } = require('./sources');

const NUMBER = /(?:net|server|stream)(?:\.[\w-]+)?\.\d+/;

const numbers = [...page('docs/contract.md').matchAll(new RegExp(`^- \`(${NUMBER.source})\` `, 'gm'))].map(([, one]) => one);

const names = new Map(filesIn(TESTS, '.test.js').map((file) => [path.relative(TESTS, file), testNames(file)]));

/** The promises that names of tests cite as `[stream.write.2]`. */
const cited = [...names.values()].flat().flatMap((name) => [...name.matchAll(/\[((?:net|server|stream)\.[\w.-]+)\]/g)])
  .map(([, number]) => number);

test('every item is a promise with a number, and every number is there once', () => {
  const items = page('docs/contract.md').match(/^- /gm);
  expect(numbers.length).toBeGreaterThan(80);
  expect(numbers.length).toBe(items.length);
  expect(numbers.filter((number, i) => numbers.indexOf(number) !== i)).toEqual([]);
});

test('the promises of a section are counted from 1 on', () => {
  const last = {};
  for (const number of numbers) {
    const dot = number.lastIndexOf('.');
    const section = number.slice(0, dot);
    last[section] = (last[section] ?? 0) + 1;
    expect(number).toBe(`${section}.${last[section]}`);
  }
});

test('every promise has a test that holds us to it', () => {
  expect(numbers.filter((number) => !cited.includes(number) && !(promises[number]?.length > 0))).toEqual([]);
});

test('every number that the tests name exists', () => {
  expect([...cited, ...Object.keys(promises)].filter((number) => !numbers.includes(number))).toEqual([]);
});

test('every test that is named exists', () => {
  const isIn = (place, file) => file.startsWith(`${place}.`) || file.startsWith(`${place}/`);
  const isThere = ([place, part]) =>
    [...names].some(([file, all]) => isIn(place, file) && all.some((name) => name.includes(part)));
  expect(Object.values(promises).flat().filter((one) => !isThere(one))).toEqual([]);
});

test('every decision that is cited exists', () => {
  const decisions = page('docs/decisions.md');
  const unknown = [...page('docs/contract.md').matchAll(/\((D\d+)\)/g)].filter(([, one]) => !decisions.includes(`## ${one} `));
  expect(unknown).toEqual([]);
});
