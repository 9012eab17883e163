'use strict';

// `npm run lint`: the linters and format checks, and the rules of the layout (`scripts/layout.js`).

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT, ensureBuilt, run } = require('./ensure-built');
const { layersOf, wrongFiles, wrongImports, wrongPlaces } = require('./layout');

/** The files in `folder` with one of the `extensions`, each with its text. */
function sources(folder, extensions) {
  const files = new Map();
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', folder], { cwd: ROOT, encoding: 'utf8' });
  for (const file of list.split('\n')) {
    const isThere = extensions.includes(path.extname(file)) && fs.existsSync(path.join(ROOT, file));
    if (isThere) files.set(file, fs.readFileSync(path.join(ROOT, file), 'utf8'));
  }
  return files;
}

function layout() {
  const layers = layersOf(fs.readFileSync(path.join(ROOT, 'ARCHITECTURE.md'), 'utf8'));
  const house = new Map([...sources('lib', ['.js']), ...sources('src', ['.rs'])]);
  const all = sources('.', ['.js', '.rs', '.ts']);
  const wrong = [...wrongImports(house, layers), ...wrongPlaces(house), ...wrongFiles(all)];
  if (wrong.length > 0) throw new Error(`the layout is broken:\n  ${wrong.join('\n  ')}`);
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
