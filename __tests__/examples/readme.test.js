'use strict';

// README.md: its length, and its code, which "reads a key and a certificate from the current folder": those of the
// tests, or those that the command of the TLS guide makes.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { describeWith } = require('../peers/program');
const { blocksOf, examplesOf, folderWithKey, run } = require('./blocks');

const EXAMPLES = examplesOf('README.md');

test('it has 150 lines at most', () => {
  const readme = fs.readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8');
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('it has examples', () => {
  expect(EXAMPLES).toHaveLength(2);
});

test.each(EXAMPLES)('"%s" (%s)', (_words, language, code, output) => {
  expect(run(folderWithKey('localhost'), language, code)).toBe(output);
});

describeWith(['openssl'], 'with the key and the certificate that "one command makes"', () => {
  const blocks = blocksOf(path.join('docs', 'guides', 'tls.md'));
  const [, , , command] = blocks.find(([, , language, text]) => language === 'sh' && text.startsWith('openssl '));

  test.each(EXAMPLES)('"%s"', (_words, language, code, output) => {
    const folder = scratch();
    execFileSync('sh', ['-e', '-c', command], { cwd: folder, stdio: 'ignore' });
    expect(run(folder, language, code)).toBe(output);
  });
});
