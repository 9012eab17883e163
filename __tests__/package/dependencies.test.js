'use strict';

// "What we depend on": the rules of deny.toml, as `npm run dependencies` reads them where there is no cargo-deny.

const fs = require('fs');
const path = require('path');
const { isLicensed, offences } = require('../../scripts/dependencies');

const RULES = fs.readFileSync(path.join(__dirname, '..', '..', 'deny.toml'), 'utf8');
const SOURCE = 'registry+https://github.com/rust-lang/crates.io-index';

const crate = (given) => ({ name: 'a', version: '1.0.0', license: 'MIT', source: SOURCE, ...given });

test.each([
  ['MIT', true],
  ['GPL-3.0', false],
  ['GPL-3.0 OR MIT', true],
  ['GPL-3.0 AND MIT', false],
  ['MIT/Apache-2.0', true],
  ['ISC AND (GPL-3.0 OR MIT) AND Unicode-3.0', true],
  ['ISC AND (GPL-3.0 OR MPL-2.0)', false],
  ['MIT OR GPL-3.0 AND ISC', true],
  ['Apache-2.0 WITH LLVM-exception', true],
  ['MIT WITH LLVM-exception', false],
  ['', false],
])('the licence %j', (expression, expected) => {
  expect(isLicensed(expression, ['MIT', 'ISC', 'Apache-2.0', 'Unicode-3.0', 'Apache-2.0 WITH LLVM-exception'])).toBe(expected);
});

test.each([
  ['nothing', [crate()], []],
  ['a licence', [crate({ license: 'GPL-3.0' })], ['a 1.0.0 has the licence GPL-3.0']],
  ['no licence', [crate({ license: null })], ['a 1.0.0 has the licence null']],
  ['a pre-release', [crate({ version: '1.0.0-pre.1' })], ['a 1.0.0-pre.1 is a pre-release']],
  ['a source', [crate({ source: 'git+https://example.test/a' })], ['a 1.0.0 comes from git+https://example.test/a']],
  ['two versions', [crate(), crate({ version: '2.0.0' })], ['a is there in several versions: 1.0.0, 2.0.0']],
  ['two versions, of which one is excused', [crate({ name: 'syn', version: '2.0.1' }), crate({ name: 'syn', version: '3.0.0' })], []],
  ['our own', [crate({ source: null, license: null })], []],
])('what is wrong: %s', (_, packages, expected) => {
  expect(offences(packages, RULES)).toEqual(expected);
});
