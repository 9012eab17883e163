'use strict';

// What the sources have and the reference lists: error codes, environment variables, diagnostics channels. Nothing is
// missing on a page, and a page lists nothing that is not there.

const fs = require('fs');
const path = require('path');
const channels = require('../../lib/channels');
const { FOLDER, itemsOf, sectionsOf } = require('./reference');
const { ROOT, filesIn, page } = require('./sources');

/** Without comments, and in Rust without the tests at the bottom. */
function codeOf(file) {
  const text = fs.readFileSync(file, 'utf8').split('\n#[cfg(test)]\n')[0];
  return text.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
}

const ENTRIES = ['index.js', 'node.js', 'tls.js', 'http.js', 'https.js', 'register.js'].map((name) => path.join(ROOT, name));
const javascript = [...filesIn(path.join(ROOT, 'lib'), '.js'), ...ENTRIES].map(codeOf).join('\n');
const rust = filesIn(path.join(ROOT, 'src'), '.rs').filter((file) => !/\btests?\b|fixtures/.test(file)).map(codeOf).join('\n');

const allOf = (text, pattern) => [...text.matchAll(pattern)].map(([, one]) => one);
const unique = (list) => [...new Set(list)].sort();
const titles = (name) => sectionsOf(page(path.join(FOLDER, name))).map(({ title }) => title);
const namedBy = (name) => titles(name).flatMap((title) => allOf(title, /^`([A-Z]\w+)`$/g));

/** What Node's own modules throw, where ours let them. */
const OF_NODE = [
  'ABORT_ERR',
  'ERR_OSSL_BAD_DECRYPT',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_NULL_VALUES',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_UNKNOWN_ENCODING',
];

/** Not codes of errors, or turned into another: the last is what a stand-in for a handle returns to Node's core. */
const INTERNAL = ['ERR_DLOPEN_DISABLED', 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED', 'ENOTCONN'];

/** OpenSSL's reasons in src/tls/error.rs, of which codes are made. */
function reasons() {
  const text = codeOf(path.join(ROOT, 'src', 'tls', 'error.rs'));
  const found = [
    ...allOf(text, /of_reason\("([^"]+)"\)/g),
    ...allOf(text, /(?:=> |=> Some\()"([a-z][a-z0-9 ]+)",?$/gm),
    ...allOf(text, /^\s+"([a-z][a-z0-9 ]+)"$/gm),
  ];
  return found.map((reason) => `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`);
}

/** The codes of verdicts. */
function verdicts() {
  const text = codeOf(path.join(ROOT, 'src', 'tls', 'trust', 'verdict.rs'));
  const [, body] = /pub fn code\(&self\)(.*?)\n {4}\}\n/s.exec(text);
  return allOf(body, /"([A-Z_]+)"/g);
}

describe('errors.md', () => {
  const text = page(path.join(FOLDER, 'errors.md'));
  const rows = allOf(text, /^\| `(ERR_SSL_\w+)` \|/gm);
  const listed = [...namedBy('errors.md').filter((name) => name === name.toUpperCase()), ...rows];

  test('has each code that is thrown or emitted, once, and no other', () => {
    const literal = [...allOf(javascript, /(?<!startsWith\()'(ERR_\w+[^_])'/g), ...allOf(rust, /"(ERR_\w+[^_])"/g)];
    const warnings = allOf(javascript, /(?<!variable\()'(RUST_NET_[A-Z]+)'/g).filter((name) => !javascript.includes(`env.${name}`));
    const made = unique([...literal, ...reasons(), ...verdicts(), ...warnings, ...OF_NODE]);
    expect(made.length).toBeGreaterThan(100);
    expect([...listed].sort()).toEqual(made.filter((code) => !INTERNAL.includes(code)));
  });

  test('the reasons of OpenSSL are found in the source', () => {
    const found = reasons();
    for (const code of ['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_NO_SHARED_CIPHER', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA']) {
      expect(found).toContain(code);
    }
  });

  test('each code has a cause', () => {
    const sections = sectionsOf(text).filter(({ title }) => /^`[A-Z_]+`$/.test(title));
    expect(sections.filter(({ lines }) => lines.join('').trim() === '').map(({ title }) => title)).toEqual([]);
  });

  test('the system errors that are made here are among the usual ones', () => {
    const made = unique([...allOf(javascript, /ERRNO\.(E\w+)/g), ...allOf(javascript, /code: '(E[A-Z]+)'/g)]);
    expect(made).toContain('EPIPE');
    const usual = allOf(text, /^\| ((?:`E[A-Z]+`(?:, )?)+) \|/gm).flatMap((names) => names.match(/\w+/g));
    expect(made.filter((code) => !usual.includes(code) && !INTERNAL.includes(code))).toEqual([]);
  });

  test.each(['SystemError', 'TlsError'])('the properties of %s are those of the types', (name) => {
    const [, body] = new RegExp(`^export interface ${name} extends Error \\{(.*?)^\\}`, 'ms').exec(page('index.d.ts'));
    const section = sectionsOf(text).find(({ title }) => title === `\`${name}\``);
    expect(itemsOf(section).map((item) => item.name).sort()).toEqual(allOf(body, /^ {2}(\w+)\??:/gm).sort());
  });
});

describe('environment.md', () => {
  /** Where it is explained that the variable is for the tests of the engine. */
  const FOR_TESTS = ['RUST_NET_FAULT_DELAY'];

  test('has each variable that is read, and no other', () => {
    const destructured = allOf(javascript, /\{ ([\w, ]+) \} = process\.env/g).flatMap((names) => names.split(', '));
    const read = [
      ...allOf(javascript, /process\.env\.(\w+)/g),
      ...allOf(javascript, /\bvariable\('(\w+)'\)/g),
      ...destructured,
      ...allOf(rust, /env::var(?:_os)?\("(\w+)"\)/g),
      ...(/env::var_os\(NAME\)/.test(rust) ? allOf(rust, /const NAME: &str = "(\w+)"/g) : []),
      ...(/debuglog\(/.test(javascript) ? ['NODE_DEBUG'] : []),
    ];
    expect(read).toContain('NODE_EXTRA_CA_CERTS');
    expect(namedBy('environment.md').sort()).toEqual(unique(read).filter((name) => !FOR_TESTS.includes(name)));
    for (const name of FOR_TESTS) expect(page(path.join(FOLDER, 'environment.md'))).toContain(name);
  });

  test('has each flag of Node that is looked for', () => {
    const flags = unique(allOf(javascript, /'(--[a-z][a-z-]+)/g));
    expect(flags).toContain('--use-system-ca');
    const text = page(path.join(FOLDER, 'environment.md'));
    expect(flags.filter((flag) => !text.includes(`\`${flag}`))).toEqual([]);
  });
});

test('diagnostics.md has each channel', () => {
  const names = Object.values(channels).flatMap((one) =>
    (one.asyncEnd ? ['asyncStart', 'asyncEnd', 'error'].map((step) => one[step].name) : [one.name]));
  const listed = titles('diagnostics.md').flatMap((title) => allOf(title, /^`([a-z.:A-Z-]+\.[a-z.:A-Z]+)`$/g));
  expect(listed.sort()).toEqual(names.sort());
});

test('diagnostics.md has each line that NODE_DEBUG=rust-net prints', () => {
  const formats = allOf(javascript, /debug(?:log\('rust-net'\))?\('([^']+ [^']+)'/g);
  expect(formats.length).toBeGreaterThan(5);
  const lines = allOf(page(path.join(FOLDER, 'diagnostics.md')), /^\| `([^`]+)`/gm);
  const isListed = (format) => {
    const pattern = new RegExp(`^${format.replace(/[()]/g, '\\$&').replace(/%\w/g, '.+')}$`);
    return lines.some((line) => pattern.test(line));
  };
  expect(formats.filter((format) => !isListed(format))).toEqual([]);
});
