'use strict';

// "Where none fits, the load error names the platform, what was tried and the command that builds from source."

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');

const ROOT = path.join(__dirname, '..', '..');
const REPORT = `
try {
  require('./index.js');
} catch ({ code, message }) {
  process.stdout.write(JSON.stringify({ code, message }));
}`;

/** The error of a copy of the package that has `files` beside its JavaScript, but no binary. */
function loadError(files) {
  const folder = scratch();
  for (const name of ['index.js', 'lib', ...files]) {
    fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  return JSON.parse(execFileSync(process.execPath, ['-e', REPORT], { cwd: folder, encoding: 'utf8' }));
}

test.each([
  ['without anything that was built', []],
  ['with the loader but no binary', ['binding.js']],
])('%s, the error says what to do', (_case, files) => {
  const { code, message } = loadError(files);
  expect(code).toBe('ERR_RUST_NET_BINDING');
  expect(message).toContain(`${process.platform}-${process.arch}`);
  expect(message).toContain(process.version);
  expect(message).toContain('Tried:');
  expect(message).toMatch(/Cannot find module/);
  expect(message).toContain('npm run build');
});
