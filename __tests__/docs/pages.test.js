'use strict';

// The pages: their places on the site, and what its links lead to. The site is built with docs/.vitepress/pages.js.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT, follow, headingsOf, linksOf, listPages, placeOf, sidebarOf } = require('../../docs/.vitepress/pages');
const { blocksOf } = require('../examples/blocks');

const PAGES = listPages();

/** What blocks of code are in: code that a test runs, what it prints, and what other tests look at. */
const LANGUAGES = ['js', 'mjs', 'text', 'sh', 'cjs', 'dockerfile', 'ini'];

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
  const listed = sidebarOf().flatMap(({ items }) => items.map(({ link }) => link.slice(1)));
  expect(new Set(listed).size).toBe(listed.length);
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md').map(placeOf);
  expect(pages.filter((page) => !listed.includes(page))).toEqual([]);
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
