'use strict';

// docs/troubleshooting.md is what the errors link to: every cause has its place there, and every place its cause.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('./application');

const page = fs.readFileSync(path.join(ROOT, 'docs', 'troubleshooting.md'), 'utf8');
const diagnosis = fs.readFileSync(path.join(ROOT, 'lib', 'loading', 'diagnosis.js'), 'utf8');

const all = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, found]) => found))].sort();

test('every cause has an anchor, and no other has', () => {
  const reasons = all(diagnosis, /reason: (?:isLibc \? )?'(\w+)'/g);
  expect(reasons.length).toBeGreaterThan(10);
  const others = all(diagnosis, /reason: isLibc \? '\w+' : '(\w+)'/g);
  expect(all(page, /<a id="binding-(\w+)"><\/a>/g)).toEqual([...new Set([...reasons, ...others])].sort());
});

test('links within the page lead somewhere', () => {
  const slugs = all(page, /^#+ (.*)$/gm).map((heading) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
  const targets = all(page, /\]\(#([^)]*)\)/g);
  expect(targets.filter((target) => !slugs.includes(target))).toEqual([]);
});

test('the values of RUST_NET_FALLBACK are those that are read', () => {
  const fallback = fs.readFileSync(path.join(ROOT, 'lib', 'fallback.js'), 'utf8');
  const [, choices] = /CHOICES = \[(.*)\]/.exec(fallback);
  for (const [, choice] of choices.matchAll(/'(\w+)'/g)) expect(page).toMatch(new RegExp(`^\\| .*\`${choice}\` \\|`, 'm'));
});
