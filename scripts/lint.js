'use strict';

// `npm run lint`: the linters, the format checks, the rules of the layout (`layout.js`) and the workflows
// (`workflows.js`).

const fs = require('fs');
const path = require('path');
const { ROOT, ensureBuilt, run } = require('./ensure-built');
const { findOffences } = require('./layout');
const { checkWorkflows } = require('./workflows');

/** Links lead somewhere. They may lead to what is private, and say more than they have to. */
const RUSTDOC_LINTS = [
  '-D rustdoc::broken_intra_doc_links',
  '-A rustdoc::private_intra_doc_links',
  '-A rustdoc::redundant_explicit_links',
];

function layout() {
  const offences = findOffences(ROOT);
  if (offences.length > 0) throw new Error(`the layout is broken:\n  ${offences.join('\n  ')}`);
}

/** The fuzzer is another package over the same sources, so it has to have the same dependencies. */
function fuzzer() {
  const section = (file, name) => {
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    return text.split(`\n[${name}]\n`)[1].split('\n\n')[0];
  };
  if (section('Cargo.toml', 'dependencies').trim() !== section('fuzz/Cargo.toml', 'dependencies').trim()) {
    throw new Error('the dependencies of fuzz/Cargo.toml are not those of Cargo.toml');
  }
}

function main() {
  layout();
  fuzzer();
  checkWorkflows();
  ensureBuilt();
  run('cargo', ['fmt', '--check']);
  run('cargo', ['fmt', '--check', '--manifest-path', 'fuzz/Cargo.toml']);
  run('cargo', ['fmt', '--check', '--manifest-path', 'benchmark/load/Cargo.toml']);
  run('cargo', ['clippy', '--locked', '--all-targets', '--all-features', '--', '-D', 'warnings']);
  const env = { ...process.env, RUSTDOCFLAGS: RUSTDOC_LINTS.join(' ') };
  run('cargo', ['doc', '--locked', '--quiet', '--no-deps', '--document-private-items'], { env });
  run('npx', ['--no-install', 'eslint', '--max-warnings', '0', '.']);
  console.log('lint: clean');
}

try {
  main();
} catch (error) {
  console.error(`lint: ${error.message}`);
  process.exitCode = 1;
}
