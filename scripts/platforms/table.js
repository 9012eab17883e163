'use strict';

// The platforms that a binding is built for: each is a package, `@rust-net/<platform>`. All that differs between them
// stands here.
//
// `target` is Rust's name, `os`, `cpu` and `libc` are npm's. `oldest` is the oldest system that the binding may need:
// the version of glibc, or of macOS. 2.17 is what Red Hat Enterprise Linux 7 has; riscv64 came later.

const PLATFORMS = {
  'linux-x64-gnu': { target: 'x86_64-unknown-linux-gnu', os: 'linux', cpu: 'x64', libc: 'glibc', oldest: '2.17' },
  'linux-arm64-gnu': { target: 'aarch64-unknown-linux-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc', oldest: '2.17' },
  'linux-x64-musl': { target: 'x86_64-unknown-linux-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  'linux-arm64-musl': { target: 'aarch64-unknown-linux-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
  'darwin-x64': { target: 'x86_64-apple-darwin', os: 'darwin', cpu: 'x64', oldest: '11.0' },
  'darwin-arm64': { target: 'aarch64-apple-darwin', os: 'darwin', cpu: 'arm64', oldest: '11.0' },
  'linux-arm-gnueabihf': {
    target: 'armv7-unknown-linux-gnueabihf', os: 'linux', cpu: 'arm', libc: 'glibc', oldest: '2.17',
  },
  'linux-riscv64-gnu': {
    target: 'riscv64gc-unknown-linux-gnu', os: 'linux', cpu: 'riscv64', libc: 'glibc', oldest: '2.27',
  },
  'linux-s390x-gnu': { target: 's390x-unknown-linux-gnu', os: 'linux', cpu: 's390x', libc: 'glibc', oldest: '2.17' },
};

/** The scope of the packages of the platforms. */
const SCOPE = '@rust-net';

/** The file of a platform's binding. */
function fileOf(platform) {
  return `rust-net.${platform}.node`;
}

/** The platforms that `--only` names (several, with commas between them), all without it; throws for an unknown one. */
function chosen(only) {
  if (only === undefined) return Object.keys(PLATFORMS);
  const names = only.split(',');
  const unknown = names.filter((name) => !Object.hasOwn(PLATFORMS, name));
  if (unknown.length === 0) return names;
  throw new Error(`unknown platform: ${unknown.join(', ')}; there are ${Object.keys(PLATFORMS).join(', ')}`);
}

module.exports = { PLATFORMS, SCOPE, chosen, fileOf };
