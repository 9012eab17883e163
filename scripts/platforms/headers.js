'use strict';

// What is wrong with a binding that was built, by what its own headers say: whether it is of its platform, what it
// needs of the system that it is to run on, and how large it is.

const fs = require('fs');
const path = require('path');
const { PLATFORMS } = require('./table');
const { output, python } = require('./toolchain');

/** What a binding may need of a system with that C library, and nothing else. */
const LIBRARIES = {
  glibc: /^(?:lib(?:c|m|dl|pthread|rt)\.so\.\d|ld-linux[\w.-]*|ld64?\.so\.\d)$/,
  musl: /^lib(?:c|c\.musl-\w+)\.so(?:\.1)?$/,
  darwin: /^(?:\/usr\/lib\/|\/System\/Library\/)/,
};

/** Node calls it when it loads an addon. */
const ENTRY = 'napi_register_module_v1';

/** The whole installation has 12 MB. */
const MAX_BYTES = 11 << 20;

/** What the headers of `file` say; see `headers.py`. */
function headersOf(file) {
  const headers = JSON.parse(output(python(), [path.join(__dirname, 'headers.py'), file]));
  return { ...headers, size: fs.statSync(file).size };
}

/** Compares versions such as `2.9` and `2.17`. */
function compareVersions(a, b) {
  const [one, other] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    if ((one[i] ?? 0) !== (other[i] ?? 0)) return (one[i] ?? 0) - (other[i] ?? 0);
  }
  return 0;
}

/** The newest system that is needed: the version of glibc or macOS, null for none. */
function neededVersion({ versions }) {
  const numbers = versions.map((version) => version.replace(/^GLIBC_/, '')).filter((version) => /^\d/.test(version));
  return numbers.toSorted(compareVersions).at(-1) ?? null;
}

/** All that is wrong with a binding of `platform`, a sentence each. */
function offences(platform, headers) {
  const { os, cpu, libc, oldest } = PLATFORMS[platform];
  const found = [];
  if (headers.os !== os || headers.cpu !== cpu) found.push(`it is for ${headers.os} on ${headers.cpu}`);
  if (!headers.exports.includes(ENTRY)) found.push(`it does not export ${ENTRY}`);
  const foreign = headers.libraries.filter((name) => !LIBRARIES[libc ?? os].test(name));
  if (foreign.length > 0) found.push(`it needs ${foreign.join(', ')}`);
  const needed = neededVersion(headers);
  if (libc === 'musl' && needed !== null) found.push(`it needs glibc ${needed}`);
  if (libc !== 'musl' && needed !== null && compareVersions(needed, oldest) > 0) {
    found.push(`it needs ${libc ?? 'macOS'} ${needed}, and is to run on ${oldest}`);
  }
  if (os === 'linux' && !headers.staysLoaded) found.push('it can be unloaded while its threads run');
  if (headers.unbound?.length > 0) found.push(`no library has ${headers.unbound.join(', ')}`);
  if (os === 'darwin' && cpu === 'arm64' && !headers.isSigned) found.push('it is not signed, and macOS would not load it');
  if (headers.size > MAX_BYTES) found.push(`it has ${headers.size} bytes, more than ${MAX_BYTES}`);
  return found;
}

module.exports = { headersOf, neededVersion, offences };
