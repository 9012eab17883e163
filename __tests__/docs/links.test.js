'use strict';

// Every link in the pages leads somewhere: to a file of the repository, and to a heading of it.

const fs = require('fs');
const path = require('path');
const { sectionsOf } = require('./reference');
const { ROOT } = require('./sources');

const PAGES = [
  ...fs.readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...fs.readdirSync(path.join(ROOT, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md') && !name.startsWith('.') && !name.includes('node_modules'))
    .map((name) => path.join('docs', name)),
];

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** The text of a page without blocks of code and without code in a line, which hold no links. */
function proseOf(file) {
  return read(file).replaceAll(/^```.*?^```$/gms, '');
}

/** GitHub's name of a heading: in lower case, without punctuation, hyphens for spaces. */
function slug(title) {
  const text = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
  return text.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-');
}

/** The anchors of a page: of its headings, where a title that is there again gets a number, and those in HTML. */
function anchorsOf(file) {
  const counts = new Map();
  const ofHeadings = sectionsOf(read(file)).map(({ title }) => {
    const name = slug(title);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}-${count}`;
  });
  return [...ofHeadings, ...[...proseOf(file).matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id)];
}

const DEFINITION = /^\[([^\]]+)\]: (\S+)$/gm;

/** The targets of links and pictures, and of definitions. */
function targetsIn(file) {
  const prose = proseOf(file);
  const inText = prose.replaceAll(/`[^`\n]*`/g, '');
  return [
    ...[...inText.matchAll(/\]\(([^()\s]*(?:\([^()]*\))?[^()\s]*)\)/g)].map(([, target]) => target),
    ...[...prose.matchAll(DEFINITION)].map(([, , target]) => target),
  ];
}

const anchors = new Map();

/** Why a link of `file` leads nowhere; null if it does not. */
function fault(file, target) {
  if (/^(?:https?|mailto):/.test(target)) return null;
  const [place, anchor] = target.split('#');
  const found = place === '' ? file : path.join(path.dirname(file), decodeURIComponent(place));
  if (!fs.existsSync(path.join(ROOT, found))) return `${target}: no such file`;
  if (anchor === undefined) return null;
  if (!found.endsWith('.md')) return /^L\d+/.test(anchor) ? null : `${target}: no page`;
  if (!anchors.has(found)) anchors.set(found, anchorsOf(found));
  return anchors.get(found).includes(anchor) ? null : `${target}: no such heading`;
}

test('there are pages and links', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'docs/contract.md', 'docs/api/net.md']));
  expect(targetsIn('docs/api/net.md').length).toBeGreaterThan(100);
  expect(fault('docs/api/net.md', '#event-nothing')).toMatch(/heading/);
  expect(fault('docs/api/net.md', '../nothing.md')).toMatch(/file/);
});

test.each(PAGES)('the links of %s resolve', (file) => {
  expect(targetsIn(file).map((target) => fault(file, target)).filter(Boolean)).toEqual([]);
});

test.each(PAGES)('%s defines each reference that it uses, and uses each that it defines', (file) => {
  const prose = proseOf(file);
  const defined = [...prose.matchAll(DEFINITION)].map(([, name]) => name.toLowerCase());
  const used = [...prose.matchAll(/\[((?:`[^`]*`|[^\]`])+)\]\[\]/g)].map(([, name]) => name.toLowerCase());
  expect([...new Set(used)].sort()).toEqual([...defined].sort());
});
