'use strict';

// The pages: their places on the site, and what its links lead to. The site is built with docs/.vitepress/pages.js.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT, follow, headingsOf, linksOf, listPages, placeOf, sidebar } = require('../../docs/.vitepress/pages');
const { blocksOf } = require('../examples/blocks');

const PAGES = listPages();

/** What blocks of code are in: code that a test runs, what it prints, and what other tests look at. */
const LANGUAGES = ['js', 'mjs', 'text', 'sh', 'cjs', 'dockerfile', 'ini', 'nginx', 'yaml'];

test('every page has a place of its own', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/README.md', 'docs/guides/tls.md']));
  expect(new Set(PAGES.map(placeOf)).size).toBe(PAGES.length);
});

test('what README.md links to and shows is in the tarball', () => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: ROOT, encoding: 'utf8' });
  const [{ files }] = [JSON.parse(output)].flat();
  const packed = files.map((file) => file.path);
  const wanted = linksOf('README.md').map((href) => href.split('#')[0]);
  expect(wanted).toEqual(expect.arrayContaining(['docs/README.md', 'docs/performance/works.svg']));
  expect(wanted.filter((name) => !packed.includes(name))).toEqual([]);
  expect(packed.filter((name) => name.startsWith('docs/.'))).toEqual([]);
});

test('a link to what is not there is found', () => {
  expect(() => follow('docs/README.md', 'guides/tls.md#trust')).not.toThrow();
  expect(() => follow('docs/README.md', 'guides/nothing.md')).toThrow('dead link');
  expect(() => follow('docs/README.md', 'guides/tls.md#nothing')).toThrow('no heading');
});

test.each(PAGES)('%s has one title', (page) => {
  expect(headingsOf(page).filter(({ level }) => level === 1)).toHaveLength(1);
});

test('docs/README.md, which is the sidebar, has every page of docs once', () => {
  const listed = sidebar().flatMap(({ items }) => items.map(({ link }) => link.slice(1)));
  expect(new Set(listed).size).toBe(listed.length);
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md').map(placeOf);
  expect(pages.filter((page) => !listed.includes(page))).toEqual([]);
});

describe('what a reader asks is two clicks from README.md at most', () => {
  /** The pages that `clicks` links lead to. */
  function within(clicks, from = new Set(['README.md'])) {
    if (clicks === 0) return from;
    const next = [...from].flatMap((page) => linksOf(page).map((href) => follow(page, href).page));
    return within(clicks - 1, new Set([...from, ...next.filter((page) => page !== undefined)]));
  }

  /** The parts of the near pages that have a heading, each to the next one of its level. */
  const parts = [...within(2)].flatMap((page) => {
    const lines = fs.readFileSync(path.join(ROOT, page), 'utf8').split('\n');
    return lines.flatMap((line, index) => {
      const [, marks] = /^(#+) /.exec(line) ?? [];
      if (marks === undefined) return [];
      const ends = (other) => /^#+ /.test(other) && other.indexOf(' ') <= marks.length;
      const length = lines.slice(index + 1).findIndex(ends);
      return [lines.slice(index, length < 0 ? undefined : index + 1 + length).join('\n')];
    });
  });

  test.each([
    ['How do I put this under pm2?', /^#+ pm2$/m, 'node_args'],
    ['Why does it say ERR_RUST_NET_BINDING?', /^#+ .*ERR_RUST_NET_BINDING/m, 'npm install --include=optional'],
    ['How do I rotate certificates?', /^#+ Rotating certificates$/m, 'createCredentials()'],
    ['Which exceptions can listen() throw?', /^#+ .*server\.listen\(/m, 'ERR_SERVER_ALREADY_LISTEN'],
    ['How do I use it in jest?', /^#+ .*(test runners|jest)/im, 'moduleNameMapper'],
    ['Does an environment variable make TLS weaker?', /^#+ .*environment/im, 'NODE_TLS_REJECT_UNAUTHORIZED'],
  ])('%s', (_question, heading, words) => {
    expect(parts.filter((part) => heading.test(part.split('\n')[0]) && part.includes(words))).not.toEqual([]);
  });
});

test('code in the README and the guides has a language that something checks', () => {
  const guides = PAGES.filter((page) => page === 'README.md' || page.startsWith('docs/guides/'));
  const others = guides.flatMap((page) => {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    const fences = text.match(/^```\w*$/gm) ?? [];
    expect([page, fences.length / 2]).toEqual([page, blocksOf(page).length]);
    const languages = blocksOf(page).map(([, , language]) => language);
    return languages.filter((language) => !LANGUAGES.includes(language)).map((language) => [page, language]);
  });
  expect(others).toEqual([]);
});
