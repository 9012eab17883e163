'use strict';

// `prepare`, which npm runs in a clone after `npm install` or `npm ci`, and before it packs a dependency that comes
// from git: builds the binding, if a source is newer. Where that fails, so does the installation: without a binding, it
// would only seem to have succeeded. RUST_NET_SKIP_BUILD=1 leaves it out, for what needs no binding. CARGO_TARGET_DIR
// names a folder with what cargo has built before.

const { built, run } = require('./ensure-built');

try {
  const folder = process.env.CARGO_TARGET_DIR || 'target';
  const build = ['bin/rust-net.js', 'build', '--target-dir', folder];
  if (!process.env.RUST_NET_SKIP_BUILD && !built()) run(process.execPath, build);
} catch (error) {
  console.error(`rust-net has not been built: ${error.message}\nWithout a build: RUST_NET_SKIP_BUILD=1 npm install`);
  process.exitCode = 1;
}
