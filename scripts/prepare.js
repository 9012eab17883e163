'use strict';

// `prepare`, which npm runs in a clone after `npm install` or `npm ci`, and before it packs a dependency that comes
// from git: builds the binding, if a source is newer. Where that fails, so does the installation: without a binding, it
// would only seem to have succeeded. RUST_NET_SKIP_BUILD=1 leaves it out, for what needs no binding.

const { built, run } = require('./ensure-built');

try {
  if (!process.env.RUST_NET_SKIP_BUILD && !built()) run('npm', ['run', '--silent', 'build']);
} catch (error) {
  console.error(`rust-net has not been built: ${error.message}\nWithout a build: RUST_NET_SKIP_BUILD=1 npm install`);
  process.exitCode = 1;
}
