'use strict';

// docs/api/statistics.md has every number that there is, and no other, and so have the types.

const fs = require('fs');
const path = require('path');
const net = require('../..');
const { pair } = require('../helpers');
const { page } = require('./sources');

const TYPES = fs.readFileSync(path.join(__dirname, '..', '..', 'index.d.ts'), 'utf8');

/** Maps by a code or a reason, whose keys are no names of the statistics. */
const MAPS = ['dropped', 'failed'];

/** The names of all properties in `value`. */
function namesIn(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...(MAPS.includes(name) ? [] : namesIn(inner))]);
}

/** The names that the page explains. */
function explained() {
  const items = page('docs/api/statistics.md').match(/^ *\* ((`\w+`(, )?)+)/gm);
  return items.flatMap((item) => [...item.matchAll(/`(\w+)`/g)].map(([, name]) => name));
}

/** The names that the types of the statistics declare. */
function declared() {
  const [, text] = /\nexport interface Histogram ([^]*?)\nexport declare function stats\(/.exec(TYPES);
  return [...text.matchAll(/^ +(\w+)\??: /gm)].map(([, name]) => name);
}

const unique = (names) => [...new Set(names)].sort();

test('the page and the types have all of them', async () => {
  const [client, , server] = await pair();
  const there = unique([net.stats(), server.stats, client.stats].flatMap(namesIn));
  expect(there.length).toBeGreaterThan(40);
  // Explained as a whole.
  const sections = ['connections', 'handshakes', 'tcp'];
  const all = unique([...explained(), ...sections]);
  expect(unique(declared())).toEqual(all);
  // Only Linux has all of `tcp`.
  if (process.platform === 'linux') expect(there).toEqual(all);
  else expect(all).toEqual(expect.arrayContaining(there));
});
