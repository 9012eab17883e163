'use strict';

// "Each of these runs as it stands and prints what is below it": the code in README.md. That of TLS wants a key and a
// certificate beside it: some of the tests', or those that the command in the README makes.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { describeWith } = require('../peers/program');
const { identity } = require('../tls/pki');

const ROOT = path.join(__dirname, '..', '..');
const DEADLINE = 20_000;

/** Each block as a match: words above, language, what is in it. */
function blocksOfReadme() {
  const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  return [...readme.matchAll(/(?<=^([^\n]*)\n\n)```(\w+)\n(.*?)^```$/gms)];
}

/** `[words above, language, code, output]` of each example: a block of code, and the block of text behind it. */
function examples() {
  const blocks = blocksOfReadme();
  return blocks.flatMap(([, words, language, code], i) => {
    if (language !== 'js' && language !== 'mjs') return [];
    const [, , below, output] = blocks[i + 1] ?? [];
    return [[words, language, code, below === 'text' ? output : '']];
  });
}

/** Runs an example in `folder`, and gives what it prints. */
function run(folder, language, code) {
  fs.mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
  const file = path.join(folder, `example.${language === 'js' ? 'cjs' : 'mjs'}`);
  fs.writeFileSync(file, code);
  const printed = execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: DEADLINE });
  return printed.replaceAll('\r\n', '\n');
}

test('there is code for CommonJS and for ES modules', () => {
  expect(new Set(examples().map(([, language]) => language))).toEqual(new Set(['js', 'mjs']));
});

test.each(examples())('"%s" (%s)', (_words, language, code, output) => {
  const folder = scratch();
  const { key, cert } = identity('cnOnly');
  fs.writeFileSync(path.join(folder, 'key.pem'), key);
  fs.writeFileSync(path.join(folder, 'cert.pem'), cert);
  expect(run(folder, language, code)).toBe(output);
});

describeWith(['openssl'], 'with "a key and a certificate that this command makes"', () => {
  const command = blocksOfReadme().find(([, , language, text]) => language === 'sh' && text.startsWith('openssl '));

  test.each(examples().filter(([, , code]) => code.includes('cert.pem')))('"%s"', (_words, language, code, output) => {
    const folder = scratch();
    execFileSync('sh', ['-e', '-c', command[3]], { cwd: folder, stdio: 'ignore' });
    expect(run(folder, language, code)).toBe(output);
  });
});
