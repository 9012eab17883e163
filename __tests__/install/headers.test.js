'use strict';

// What `npm run build:all` refuses of a binding, by its headers.

const fs = require('fs');
const path = require('path');
const { neededVersion, offences } = require('../../scripts/platforms/headers');
const { PLATFORMS, chosen } = require('../../scripts/platforms/table');

const GLIBC = {
  os: 'linux',
  cpu: 'arm64',
  libraries: ['libm.so.6', 'libc.so.6', 'libpthread.so.0', 'libdl.so.2', 'ld-linux-aarch64.so.1'],
  versions: ['GLIBC_2.17', 'GLIBC_2.9'],
  exports: ['napi_register_module_v1'],
  staysLoaded: true,
  size: 4_000_000,
};
const MUSL = { ...GLIBC, libraries: ['libc.so'], versions: [] };
const MACOS = {
  os: 'darwin',
  cpu: 'arm64',
  libraries: ['/usr/lib/libSystem.B.dylib'],
  versions: ['11.0'],
  exports: ['napi_register_module_v1'],
  unbound: [],
  isSigned: true,
  size: 4_000_000,
};

test.each([
  ['linux-arm64-gnu', GLIBC],
  ['linux-arm64-musl', MUSL],
  ['darwin-arm64', MACOS],
])('%s: nothing is wrong', (platform, headers) => {
  expect(offences(platform, headers)).toEqual([]);
});

test.each([
  ['linux-arm64-gnu', GLIBC, { cpu: 'x64' }, 'it is for linux on x64'],
  ['linux-arm64-gnu', GLIBC, { os: 'darwin', libraries: [] }, 'it is for darwin on arm64'],
  ['linux-arm64-gnu', GLIBC, { exports: [] }, 'it does not export napi_register_module_v1'],
  ['linux-arm64-gnu', GLIBC, { libraries: ['libc.so.6', 'libgcc_s.so.1'] }, 'it needs libgcc_s.so.1'],
  ['linux-arm64-gnu', GLIBC, { versions: ['GLIBC_2.9', 'GLIBC_2.34'] }, 'it needs glibc 2.34, and is to run on 2.17'],
  ['linux-arm64-gnu', GLIBC, { staysLoaded: false }, 'it can be unloaded while its threads run'],
  ['linux-arm64-gnu', GLIBC, { size: 12_000_000 }, 'it has 12000000 bytes, more than 11534336'],
  ['linux-arm64-musl', MUSL, { versions: ['GLIBC_2.17'] }, 'it needs glibc 2.17'],
  ['linux-arm64-musl', MUSL, { libraries: ['libc.so.6'] }, 'it needs libc.so.6'],
  ['darwin-arm64', MACOS, { versions: ['13.0'] }, 'it needs macOS 13.0, and is to run on 11.0'],
  ['darwin-arm64', MACOS, { libraries: ['/opt/lib/libz.dylib'] }, 'it needs /opt/lib/libz.dylib'],
  ['darwin-arm64', MACOS, { unbound: ['_pipe2'] }, 'no library has _pipe2'],
  ['darwin-arm64', MACOS, { isSigned: false }, 'it is not signed, and macOS would not load it'],
])('%s: %#', (platform, headers, changed, expected) => {
  expect(offences(platform, { ...headers, ...changed })).toEqual([expected]);
});

test('the newest version that is needed is not the last one by its letters', () => {
  expect(neededVersion({ versions: ['GLIBC_2.2.5', 'GLIBC_2.17', 'GLIBC_2.9', 'GCC_4.2.0'] })).toBe('2.17');
  expect(neededVersion({ versions: [] })).toBe(null);
});

test('platforms are chosen by name', () => {
  expect(chosen()).toEqual(Object.keys(PLATFORMS));
  expect(chosen('darwin-x64,linux-x64-gnu')).toEqual(['darwin-x64', 'linux-x64-gnu']);
  expect(() => chosen('linux-x64')).toThrow('unknown platform: linux-x64; there are linux-x64-gnu,');
});

test('the crates of every platform are checked', () => {
  const rules = fs.readFileSync(path.join(__dirname, '..', '..', 'deny.toml'), 'utf8');
  const [, targets] = /^targets = \[([^\]]*)\]/m.exec(rules);
  expect(targets.match(/[\w-]+/g).sort()).toEqual(Object.values(PLATFORMS).map(({ target }) => target).sort());
});
