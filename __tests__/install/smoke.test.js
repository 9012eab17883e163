'use strict';

// `npm run smoke` with this machine's own binding: the programs, and the README's examples.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { examplesOf } = require('../examples/pages');

const ROOT = path.join(__dirname, '..', '..');
const [readme, programs] = [examplesOf('README.md'), fs.readdirSync(path.join(__dirname, 'programs'))];

jest.setTimeout(300_000);

test('runs every program, and every example of the README', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/smoke.js', '--local'], { cwd: ROOT, encoding: 'utf8' });
  const total = programs.length + readme.length;
  expect(stderr).toBe('');
  expect(stdout).toMatch(new RegExp(`^\\S+ +${total} of ${total} programs, on Node ${process.version}\n$`));
  expect(status).toBe(0);
});
