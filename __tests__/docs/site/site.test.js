'use strict';

// The site: it is built from the pages, and used in a browser, on a phone and a desktop, in light and dark.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { chromium } = require('playwright-core');
const { find } = require('../../../scripts/peers');
const { ROOT, listPages, placeOf, slugify } = require('../../../docs/.vitepress/pages');
const { atLast, scratch } = require('../../helpers');
const { describeWith } = require('../../peers/program');
const { documented } = require('../reference');
const { serve } = require('./serve');

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1440, height: 900 };
const DEADLINE = 180_000;

jest.setTimeout(DEADLINE);

/** Builds the site of the pages in `root` into a folder, as `npm run docs` does, and returns the folder. */
function build(root) {
  const folder = scratch(atLast);
  const script = path.join(ROOT, 'node_modules', 'vitepress', 'bin', 'vitepress.js');
  execFileSync(process.execPath, [script, 'build', path.join(root, 'docs'), '--outDir', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: 'pipe',
    timeout: DEADLINE,
  });
  return folder;
}

let folder;

beforeAll(() => {
  folder = build(ROOT);
});

describe('npm run docs', () => {
  test('makes a page of every page', () => {
    for (const page of listPages()) {
      expect(fs.existsSync(path.join(folder, placeOf(page).replace(/\.md$/, '.html')))).toBe(true);
    }
  });

  test('gives each option of the reference an anchor of its own', () => {
    const ids = ['net', 'tls-in-place'].flatMap((name) =>
      [...fs.readFileSync(path.join(folder, 'api', `${name}.html`), 'utf8').matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const missing = documented().flatMap(({ title, items }) => {
      const names = [];
      return items.flatMap(({ depth, name }) => {
        names.splice(depth, Infinity, name);
        // Of two headings with the same words, the second has a number.
        const id = new RegExp(`^${slugify(title)}(-\\d+)?-${names.join('-').toLowerCase()}$`);
        return names.includes(undefined) || ids.some((one) => id.test(one)) ? [] : [id];
      });
    });
    expect(missing).toEqual([]);
    expect(ids).toContain('new-netstreamoptions-options-allowhalfopen');
  });

  test('fails at a dead link', () => {
    const root = scratch();
    for (const page of listPages()) fs.cpSync(path.join(ROOT, page), path.join(root, page));
    fs.cpSync(path.join(ROOT, 'docs'), path.join(root, 'docs'), { recursive: true });
    for (const name of fs.readdirSync(ROOT)) {
      if (!fs.existsSync(path.join(root, name))) fs.symlinkSync(path.join(ROOT, name), path.join(root, name));
    }
    fs.appendFileSync(path.join(root, 'README.md'), '\n[dead](docs/guides/nothing.md)\n');
    expect(() => build(root)).toThrow('README.md: dead link: docs/guides/nothing.md');
  });
});

describeWith(['chromium'], 'in a browser', () => {
  let browser;
  let origin;

  beforeAll(async () => {
    const { server, ...place } = await serve(folder);
    atLast(() => server.close());
    origin = place.origin;
    const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: find('chromium'), args });
    atLast(() => browser.close());
  });

  /** A page, and what it has complained of: its console, which has failed requests, too, and requests to elsewhere. */
  async function open(viewport, colorScheme) {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!/^data:/.test(request.url()) && !request.url().startsWith(origin)) complaints.push(request.url());
    });
    return { context, page, complaints };
  }

  /** How far the page can be scrolled sideways: by nothing, on a page that fits. */
  const excess = (page) => page.evaluate('document.documentElement.scrollWidth - window.innerWidth');

  const kinds = [PHONE, DESKTOP].flatMap((viewport) => ['light', 'dark'].map((scheme) => [viewport.width, scheme, viewport]));

  test.each(kinds)('%i px, %s: a search for setSecure leads to a page about it', async (_width, scheme, viewport) => {
    const { context, page, complaints } = await open(viewport, scheme);
    await page.goto(`${origin}/`);
    expect(await page.locator('h1').innerText()).toContain('rust-net');
    await page.locator('#local-search button, .VPNavBarSearch button').first().click();
    await page.locator('#localsearch-input').fill('setSecure');
    const result = page.locator('#localsearch-list a').first();
    const href = await result.getAttribute('href');
    await result.click();
    await page.waitForURL((url) => url.pathname !== '/' && `${url.pathname}${url.hash}` === href);
    expect(await page.locator('.vp-doc').innerText()).toContain('setSecure');
    const isDark = await page.evaluate('document.documentElement.classList.contains("dark")');
    expect(isDark).toBe(scheme === 'dark');
    expect(await excess(page)).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('the name of an option is a link to it', async () => {
    const { context, page, complaints } = await open(DESKTOP, 'light');
    await page.goto(`${origin}/api/net.html`);
    const option = page.locator('#new-netstreamoptions-options-allowhalfopen');
    await option.locator('a.option').first().click();
    expect(new URL(page.url()).hash).toBe('#new-netstreamoptions-options-allowhalfopen');
    await page.reload();
    expect(await option.evaluate((item) => item.matches(':target'))).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('the switch changes the theme, and that of the charts', async () => {
    const { context, page, complaints } = await open(DESKTOP, 'light');
    await page.goto(`${origin}/performance.html`);
    const chart = page.locator('.vp-doc img.chart').first();
    await chart.scrollIntoViewIfNeeded();
    const light = await chart.screenshot();
    await page.locator('.VPSwitchAppearance:visible').click();
    expect(await chart.evaluate((image) => image.ownerDocument.defaultView.getComputedStyle(image).colorScheme)).toBe('dark');
    expect((await chart.screenshot()).equals(light)).toBe(false);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test.each([['phone', PHONE], ['desktop', DESKTOP]])('every page fits on a %s, without a complaint', async (_name, viewport) => {
    const { context, page, complaints } = await open(viewport, 'light');
    for (const file of listPages()) {
      const place = placeOf(file).replace(/\.md$/, '.html');
      const response = await page.goto(`${origin}/${place}`);
      expect([file, response.status(), await excess(page)]).toEqual([file, 200, 0]);
      const broken = await page.locator('.vp-doc img').evaluateAll((all) => all.filter((image) => image.naturalWidth === 0).length);
      expect([file, broken]).toEqual([file, 0]);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});
