'use strict';

// The packages that are published: what is in them, and what publint and Are the Types Wrong have to say of them.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { localBinding, packAll } = require('../../scripts/pack-all');
const { output } = require('../../scripts/platforms/unpacking');
const manifest = require('../../package.json');
const { tools } = require('./tools');

const ROOT = path.join(__dirname, '..', '..');

let folder;
let packed;
let files;

jest.setTimeout(300_000);

beforeAll(() => {
  files = tools();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-packages-'));
  packed = packAll(localBinding(), folder);
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** The names of the files in a tarball. */
function contents({ file }) {
  return output('tar', ['-tzf', file]).split('\n').map((name) => name.replace(/^package\//, '')).sort();
}

function manifestOf({ name }) {
  return JSON.parse(fs.readFileSync(path.join(folder, name, 'package.json'), 'utf8'));
}

test('the main package has no binding, no script and nothing that has to be there', () => {
  const [main, platform] = packed;
  const names = contents(main);
  expect(names.filter((name) => name.endsWith('.node'))).toEqual([]);
  expect([...new Set(names.map((name) => name.split('/')[0]))].sort()).toEqual([
    ...['.cargo', 'CHANGELOG.md', 'Cargo.lock', 'Cargo.toml', 'LICENSE', 'README.md', 'bin', 'build.rs'],
    ...['http.d.ts', 'http.js', 'https.d.ts', 'https.js', 'index.d.ts', 'index.js', 'lib', 'node.d.ts', 'node.js'],
    ...['package.json', 'register.d.ts', 'register.js', 'src', 'tls.d.ts', 'tls.js'],
  ].sort());
  expect(names.filter((name) => /^src\/.*\btests(?:\/|\.rs$)/.test(name))).toEqual([]);
  const published = manifestOf(main);
  expect(published).toMatchObject({ name: 'rust-net', version: manifest.version, bin: { 'rust-net': 'bin/rust-net.js' } });
  for (const key of ['private', 'scripts', 'dependencies', 'devDependencies']) {
    expect(published).not.toHaveProperty(key);
  }
  expect(published.optionalDependencies).toEqual({ [`@rust-net/${platform.name}`]: manifest.version });
});

test.each(['README.md', 'CHANGELOG.md'])('links in %s lead to the repository, to files of this version', (page) => {
  const texts = [path.join(folder, 'rust-net'), ROOT].map((place) => fs.readFileSync(path.join(place, page), 'utf8'));
  const [targets, sources] = texts.map((text) => [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target));
  const isWeb = (target) => /^https:/.test(target);
  expect(targets.filter((target) => !isWeb(target))).toEqual([]);
  const place = new RegExp(`^${manifest.homepage.replace('#readme', '')}/(?:blob|raw)/v${manifest.version}/`);
  const files = targets.filter((target) => place.test(target)).map((target) => target.replace(place, ''));
  expect(files).toEqual(sources.filter((target) => !isWeb(target)));
  expect(files.filter((file) => !fs.existsSync(path.join(ROOT, file.split('#')[0])))).toEqual([]);
  expect(files).not.toEqual([]);
});

test('the package of a platform has its binding, and says where it belongs', () => {
  const [, platform] = packed;
  const file = `rust-net.${platform.name}.node`;
  expect(contents(platform)).toEqual(['LICENSE', 'README.md', 'package.json', file].sort());
  expect(manifestOf(platform)).toMatchObject({
    name: `@rust-net/${platform.name}`,
    version: manifest.version,
    main: file,
    os: [process.platform],
    cpu: [process.arch],
    repository: manifest.repository,
  });
});

test('what is published is not the folder of the repository', () => {
  expect(manifest.private).toBe(true);
});

test('publint finds nothing', () => {
  const { status, stdout } = spawnSync(process.execPath, [files.publint, 'run', '--strict', path.join(folder, 'rust-net')], {
    encoding: 'utf8',
  });
  expect(stdout).toMatch(/All good!/);
  expect(status).toBe(0);
});

test('the types of every entry are found, and are those of what is loaded', () => {
  const args = [files.attw, '--format', 'json', '--no-color', packed[0].file];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const { analysis } = JSON.parse(stdout);
  expect(Object.keys(analysis.entrypoints).sort()).toEqual(Object.keys(manifest.exports).sort());
  // `moduleResolution: node` of TypeScript, which knows no `exports`, looks for files: all entries are some.
  expect(analysis.problems).toEqual([]);
});
