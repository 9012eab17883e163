// The site: the pages of the repository with a sidebar and a search. `npm run docs` builds it into target/site. A
// link to a page, an anchor or a file that is not there fails the build.

import path from 'node:path';
import { createRequire } from 'node:module';
import { defineConfig } from 'vitepress';
import pages from './pages.js';

const { ROOT, follow, isRelative, placeOf, sidebar, slugify } = pages;
const { description, repository } = createRequire(import.meta.url)('../../package.json');

const source = repository.url.replace(/^git\+/, '').replace(/\.git$/, '');

const icon = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">' +
  '<rect width="16" height="16" rx="3" fill="%231f6feb"/>' +
  '<path d="M3 5.5h10M3 10.5h10" stroke="%23fff" stroke-width="2"/></svg>';

/** In the results of a search, pages about the project come after those about its use. */
function boostDocument(id) {
  const project = /^\/(architecture|benchmark|changelog|contract|contributing|decisions|releasing|reliability)\b/;
  return project.test(id) ? 0.3 : 1;
}

/** Relative links lead to the pages of the site, and those to other files to the repository. Charts can scroll. */
function resolveLinks(md) {
  md.core.ruler.push('resolve_links', ({ tokens, env }) => {
    const file = path.relative(ROOT, env.realPath ?? env.path).split(path.sep).join('/');
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type === 'image' && /\bperformance\//.test(token.attrGet('src'))) token.attrJoin('class', 'chart');
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href === null || !isRelative(href) || token.attrGet('class') === 'header-anchor') continue;
      const { page, anchor, other } = follow(file, href);
      token.attrSet('href', page === undefined ? `${source}/blob/main/${other}` : `/${placeOf(page)}${anchor && `#${anchor}`}`);
    }
  });
}

/**
 * In the reference, parameters and options have anchors of their own: that of the heading, and the names that lead to
 * the option. The name is the link.
 */
function linkOptions(md) {
  md.core.ruler.push('link_options', ({ tokens, env, Token }) => {
    if (!path.relative(ROOT, env.realPath ?? env.path).startsWith(path.join('docs', 'api'))) return;
    const taken = new Set();
    let heading = null;
    const names = [];
    tokens.forEach((token, i) => {
      if (token.type === 'heading_open') heading = token.attrGet('id');
      if (token.type === 'list_item_open') names.push(optionIn(tokens[i + 2]));
      if (token.type === 'list_item_close') names.pop();
      const id = [heading, ...names].join('-').toLowerCase();
      if (token.type !== 'list_item_open' || names.includes(null) || taken.has(id)) return;
      taken.add(id);
      token.attrSet('id', id);
      const open = new Token('link_open', 'a', 1);
      open.attrSet('class', 'option');
      open.attrSet('href', `#${id}`);
      const { children } = tokens[i + 2];
      children.splice(0, 1, open, children[0], new Token('link_close', 'a', -1));
    });
  });
}

/** The name that an item of a list begins with; null without one. */
function optionIn({ type, children }) {
  const first = type === 'inline' ? children[0] : undefined;
  return first?.type === 'code_inline' && /^\w+$/.test(first.content) ? first.content : null;
}

export default defineConfig({
  title: 'rust-net',
  description,
  lang: 'en',
  srcDir: '..',
  outDir: '../target/site',
  cacheDir: '../target/vitepress',
  srcExclude: ['!(docs|benchmark)/**/*', 'benchmark/*/**/*'],
  rewrites: placeOf,
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${icon}` }]],
  markdown: {
    anchor: { slugify },
    config(md) {
      resolveLinks(md);
      linkOptions(md);
    },
    languageAlias: { cjs: 'js' },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark' },
  },
  themeConfig: {
    nav: [
      { text: 'Getting started', link: '/guides/getting-started' },
      { text: 'Guides', link: '/contents#guides' },
      { text: 'Reference', link: '/contents#reference' },
      { text: 'Performance', link: '/performance' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: {
      provider: 'local',
      options: { miniSearch: { searchOptions: { boostDocument } } },
    },
    socialLinks: [{ icon: 'github', link: source }],
    editLink: { pattern: `${source}/edit/main/:path` },
    docFooter: { prev: 'Before', next: 'Next' },
  },
});
