'use strict';

// The pages of the site: the Markdown files of the repository that people read, where each is on the site, what a link
// in one of them leads to, and the sidebar, which is the list in docs/README.md.

const fs = require('fs');
const path = require('path');

const ROOT = path.join(__dirname, '..', '..');

/** Folders of pages. In `docs`, all that is below it; otherwise, the folder alone. */
const FOLDERS = ['.', 'benchmark', 'docs'];

/** Files with a place of their own; the path of others is in lower case, without `docs/`. */
const PLACES = { 'README.md': 'index.md', 'docs/README.md': 'contents.md', 'benchmark/README.md': 'benchmark.md' };

/** The place of the page `file` (relative to the repository) on the site. */
function placeOf(file) {
  if (Object.hasOwn(PLACES, file)) return PLACES[file];
  return file.replace(/^docs\//, '').replace(/README\.md$/, 'index.md').toLowerCase();
}

/** All pages, relative to the repository. */
function listPages() {
  return FOLDERS.flatMap((folder) => {
    const all = fs.readdirSync(path.join(ROOT, folder), { recursive: folder === 'docs' });
    return all
      .filter((name) => name.endsWith('.md') && !name.startsWith('.vitepress'))
      .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
      .sort();
  });
}

/** The anchor of a heading, as GitHub makes it. */
function slugify(heading) {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-');
}

/** `text` without its blocks of code. */
const prose = (text) => text.replace(/^( *)(```+)[^`]*?\n.*?^\1\2 *$/gms, '');

/** A heading without what formats it. */
const plain = (heading) => heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '').trim();

/** The headings of a page: `{ level, text, anchor }`. */
function headingsOf(file) {
  const seen = new Map();
  const text = prose(fs.readFileSync(path.join(ROOT, file), 'utf8'));
  return [...text.matchAll(/^(#+) +(.+)$/gm)].map(([, marks, heading]) => {
    const words = plain(heading);
    const slug = slugify(words);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return { level: marks.length, text: words, anchor: count === 0 ? slug : `${slug}-${count}` };
  });
}

/** Whether a link to `anchor` in the page `file` leads to a heading or an element with an id. */
function hasAnchor(file, anchor) {
  if (headingsOf(file).some((heading) => heading.anchor === anchor)) return true;
  return prose(fs.readFileSync(path.join(ROOT, file), 'utf8')).includes(`<a id="${anchor}"></a>`);
}

/**
 * What the relative link `href` in the page `file` leads to: `{ page, anchor }`, or `{ other }` for a file or folder
 * that is no page. Throws if there is nothing.
 */
function follow(file, href) {
  const dead = (why) => new Error(`${file}: dead link: ${href} (${why})`);
  const [pathname, hash = ''] = href.split('#');
  const target = pathname === '' ? file : path.posix.join(path.posix.dirname(file), decodeURIComponent(pathname));
  if (!fs.existsSync(path.join(ROOT, target))) throw dead(`there is no ${target}`);
  if (!listPages().includes(target)) return { other: target };
  const anchor = decodeURIComponent(hash);
  if (anchor !== '' && !hasAnchor(target, anchor)) throw dead(`no heading of ${target} has this anchor`);
  return { page: target, anchor };
}

const isRelative = (href) => !/^([a-z][a-z+.-]*:|\/)/i.test(href);

/** The relative links of a page. */
function linksOf(file) {
  const text = prose(fs.readFileSync(path.join(ROOT, file), 'utf8')).replace(/`[^`\n]*`/g, 'code');
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, href]) => href).filter(isRelative);
}

/** The pages that `text`, a part of the page `file`, links to, as items of the sidebar. */
function itemsOf(file, text) {
  return [...text.matchAll(/\[([^\]]+)\]\(([^()\s]+)\)/g)].flatMap(([, words, href]) => {
    const { page } = isRelative(href) ? follow(file, href) : {};
    if (page === undefined) return [];
    const item = { text: plain(words), link: `/${placeOf(page)}` };
    return path.posix.dirname(page) !== 'docs' && page.endsWith('/README.md') ? [item, ...itemsOfIndex(page)] : [item];
  });
}

/** The pages of a folder, in the order of its README.md, by their titles. */
function itemsOfIndex(index) {
  const folder = path.posix.dirname(index);
  const inFolder = linksOf(index).map((href) => follow(index, href).page)
    .filter((page) => page !== undefined && path.posix.dirname(page) === folder && page !== index);
  return [...new Set(inFolder)].map((page) => ({ text: headingsOf(page)[0].text, link: `/${placeOf(page)}` }));
}

/** The sidebar: the sections of docs/README.md, each a heading of level 2 with a list of links below it. */
function sidebar() {
  const list = 'docs/README.md';
  const sections = fs.readFileSync(path.join(ROOT, list), 'utf8').split(/^## /m).slice(1);
  return sections.map((section) => ({ text: section.split('\n')[0], items: itemsOf(list, section) }));
}

module.exports = { ROOT, follow, headingsOf, isRelative, linksOf, listPages, placeOf, sidebar, slugify };
