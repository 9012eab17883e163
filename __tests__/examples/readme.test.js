'use strict';

// "Each of these runs as it stands and prints what is below it": the code in README.md. That of TLS wants a key and a
// certificate beside it: some of the tests', or those that the command in the README makes.

const { execFileSync } = require('child_process');
const { scratch } = require('../helpers');
const { describeWith } = require('../peers/program');
const { blocksOf, examplesOf, folderWithKey, run } = require('./blocks');

const EXAMPLES = examplesOf('README.md');

test('there is code for CommonJS and for ES modules', () => {
  expect(new Set(EXAMPLES.map(([, language]) => language))).toEqual(new Set(['js', 'mjs']));
});

test.each(EXAMPLES)('"%s" (%s)', (_words, language, code, output) => {
  expect(run(folderWithKey('cnOnly'), language, code)).toBe(output);
});

describeWith(['openssl'], 'with "a key and a certificate that this command makes"', () => {
  const [, , , command] = blocksOf('README.md').find(([, , language, text]) => language === 'sh' && text.startsWith('openssl '));

  test.each(EXAMPLES.filter(([, , code]) => code.includes('cert.pem')))('"%s"', (_words, language, code, output) => {
    const folder = scratch();
    execFileSync('sh', ['-e', '-c', command], { cwd: folder, stdio: 'ignore' });
    expect(run(folder, language, code)).toBe(output);
  });
});
