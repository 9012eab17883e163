'use strict';

// `npm run lint`: the linters and format checks, and the rules of the layout that no linter knows.

const fs = require('fs');
const path = require('path');
const { ROOT, ensureBuilt, run } = require('./ensure-built');

/** The only places that know Node-API. */
const NODE_API = ['src/binding/', 'src/reactor/wake/'];

/** The only places with `unsafe`, each with its reason beside it. */
const UNSAFE = [
  'src/binding/context.rs', // Node-API
  'src/binding/core.rs', // Node-API
  'src/binding/fast.rs', // Node-API
  'src/binding/mod.rs', // Node-API
  'src/engine/tests/mod.rs', // memory to receive into
  'src/engine/pipe.rs', // memory that is written before it is read
  'src/reactor/mod.rs', // a borrowed descriptor
  'src/reactor/receive_buffer.rs', // memory of JavaScript
  'src/reactor/wake/', // libuv, Node-API
  'src/stream/receive.rs', // fault injection for the tests
  'src/socket/address.rs', // interface names, which no crate here gives
  'src/socket/descriptor.rs', // descriptors from outside, and some that are not closed
  'src/tls/handshake/transport.rs', // tokio watches a descriptor
];

function rustFiles(folder) {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return rustFiles(file);
    return file.endsWith('.rs') ? [file] : [];
  });
}

/** Code lines (comments left out) of `file` that match `pattern`. */
function lines(file, pattern) {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8').split('\n');
  return text.flatMap((line, i) => (pattern.test(line.replace(/\/\/.*/, '')) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
}

function layout() {
  const offences = [];
  for (const file of rustFiles('src')) {
    const isIn = (places) => places.some((place) => file.startsWith(place));
    if (!isIn(NODE_API)) offences.push(...lines(file, /\bnapi(_derive)?::|\buse napi\b/).map((line) => `Node-API in ${line}`));
    if (!isIn(UNSAFE)) offences.push(...lines(file, /\bunsafe\b/).map((line) => `unsafe in ${line}`));
  }
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
  ensureBuilt();
  run('cargo', ['fmt', '--check']);
  run('cargo', ['fmt', '--check', '--manifest-path', 'fuzz/Cargo.toml']);
  run('cargo', ['fmt', '--check', '--manifest-path', 'benchmark/load/Cargo.toml']);
  run('cargo', ['clippy', '--locked', '--all-targets', '--all-features', '--', '-D', 'warnings']);
  run('npx', ['--no-install', 'eslint', '--max-warnings', '0', '.']);
  layout();
  fuzzer();
  console.log('lint: clean');
}

try {
  main();
} catch (error) {
  console.error(`lint: ${error.message}`);
  process.exitCode = 1;
}
