'use strict';

// What a load error advises mends it: the command is run as it stands there, by npm, with a registry that has the
// packages and nothing else.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { localBinding, packAll } = require('../../scripts/pack-all');
const { cleanEnvironment } = require('../install/managers');
const { startRegistry, tools } = require('../install/tools');
const { scratch } = require('../helpers');
const { bindingOf } = require('./application');

jest.setTimeout(600_000);

let registry;
let folder;
let env;

const shell = (command) => execFileSync('sh', ['-c', command], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' });

/** What loading fails with in the project: the lines of the message; null if it does not. */
function failure() {
  const script = 'try { require("rust-net"); } catch ({ message }) { process.stdout.write(message); }';
  const message = execFileSync(process.execPath, ['-e', script], { cwd: folder, env, encoding: 'utf8' });
  return message === '' ? null : message.split('\n');
}

/** The command that an error advises. */
const remedyOf = (lines) => /^Remedy: (.*)$/.exec(lines[2])[1];

beforeAll(async () => {
  tools();
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-remedies-'));
  const packed = packAll(localBinding(), path.join(place, 'packages'));
  registry = await startRegistry(path.join(place, 'registry'));
  registry.folder = place;
  const token = `--${registry.url.replace('http:', '')}/:_authToken=any`;
  for (const { file } of packed) {
    const args = ['publish', file, '--registry', registry.url, token, '--provenance=false'];
    execFileSync('npm', args, { cwd: place, env: cleanEnvironment(place), stdio: ['ignore', 'ignore', 'pipe'] });
  }
});

afterAll(async () => {
  await registry.close();
  fs.rmSync(registry.folder, { recursive: true, force: true });
});

beforeEach(() => {
  folder = scratch();
  env = cleanEnvironment(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "name": "project", "version": "1.0.0", "private": true }\n');
  fs.writeFileSync(path.join(folder, '.npmrc'), `registry=${registry.url}/\naudit=false\nfund=false\n`);
});

test('without optional dependencies', () => {
  shell('npm install --omit=optional rust-net');
  const lines = failure();
  expect(lines[1]).toMatch(/optional dependency .* is not installed/);
  shell(remedyOf(lines));
  expect(failure()).toBeNull();
});

test.each([
  ['a truncated file', (file) => fs.truncateSync(file, 1000), /is truncated/],
  ['a file that is something else', (file) => fs.writeFileSync(file, 'something else'), /is no native library/],
  ['no file', (file) => fs.rmSync(file), /is installed, but incomplete/],
])('%s', (_what, damage, cause) => {
  shell('npm install rust-net');
  expect(failure()).toBeNull();
  damage(bindingOf(folder));
  const lines = failure();
  expect(lines[1]).toMatch(cause);
  shell(remedyOf(lines));
  expect(failure()).toBeNull();
});
