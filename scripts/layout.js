'use strict';

// The rules of the layout that no linter knows. `scripts/lint.js` applies them to the sources.
//
// The map in ARCHITECTURE.md is the rule for imports: its rows name every file or folder of `lib/` and `src/`, from top to
// bottom, and a file imports only what stands below it. So the map can't be wrong without a failing check.

const path = require('path').posix;

/** The longest file, in lines. */
const LINES_MOST = 500;

/** Hand-written types, which document every member in one place. */
const LONG_FILES = ['index.d.ts'];

/** The only places that know Node-API. */
const NODE_API = ['src/binding/', 'src/reactor/wake/'];

/** The only places with `unsafe`, each with its reason. */
const UNSAFE = [
  'src/binding/', // Node-API
  'src/engine/tests/', // memory of a test
  'src/pipe.rs', // memory that is written before it is read
  'src/reactor/mod.rs', // a borrowed descriptor
  'src/reactor/receive_buffer.rs', // memory of JavaScript
  'src/reactor/wake/', // libuv, Node-API
  'src/socket/address.rs', // interface names, which no crate here offers
  'src/socket/descriptor.rs', // descriptors from outside, and some that are never closed
  'src/stream/receive.rs', // fault injection for the tests
  'src/tls/handshake/transport.rs', // tokio watches a descriptor
];

/** The layers of the map in `text` (ARCHITECTURE.md), from top to bottom: files, or folders with a slash at the end. */
function layersOf(text) {
  const map = text.split(/^## /m).find((section) => section.startsWith('The map\n'));
  if (map === undefined) throw new Error('ARCHITECTURE.md has no section "The map"');
  const rows = map.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => [...row.split('|')[1].matchAll(/`([^`]+)`/g)].map(([, place]) => place));
}

/** Where in `layers` a file belongs: in the most particular entry. -1 if it belongs in none. */
function layerOf(file, layers) {
  let found = -1;
  layers.forEach((layer, index) => {
    const isIn = layer.endsWith('/') ? file.startsWith(layer) : file === layer;
    if (isIn && (found === -1 || layer.length > layers[found].length)) found = index;
  });
  return found;
}

/** `files`: a Map from each name, relative to the root and with slashes, to its text. */
function importsOf(file, files) {
  if (file.endsWith('.js')) return requiredBy(file, files);
  return file.endsWith('.rs') ? usedBy(file, files) : [];
}

function requiredBy(file, files) {
  const found = new Set();
  for (const [, request] of files.get(file).matchAll(/\brequire\('(\.[^']*)'\)/g)) {
    const target = path.join(path.dirname(file), request);
    const name = [target, `${target}.js`, `${target}/index.js`].find((candidate) => files.has(candidate));
    if (name !== undefined && name !== file) found.add(name);
  }
  return [...found];
}

/** Without comments, and without the tests at the end of a file, which may use what they like. */
function codeOf(text) {
  return text.replace(/\/\/.*/g, '').split(/#\[cfg\((?:any\()?test/)[0];
}

function usedBy(file, files) {
  const code = codeOf(files.get(file));
  const paths = [...code.matchAll(/(?:^|\n)\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]+);/g)].flatMap(([, tree]) => flatten(tree));
  paths.push(...[...code.matchAll(/\bcrate(?:::\w+)+/g)].map(([whole]) => whole));
  const found = new Set(paths.map((used) => fileOf(used, file, files)));
  return [...found].filter((name) => name !== null && name !== file);
}

/** The paths of a `use` tree: `a::{b, c::d}` is `a::b` and `a::c::d`. */
function flatten(tree) {
  const [, prefix, inner] = /^([^{]*)\{([\s\S]*)\}\s*$/.exec(tree.trim()) ?? [];
  if (inner === undefined) return [tree.trim().split(/\s+as\s+/)[0]];
  const parts = [''];
  let depth = 0;
  for (const character of inner) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.filter((part) => part.trim() !== '').flatMap((part) => flatten(prefix.trim() + part.trim()));
}

/** The file of the module that `used` names, as far as it names modules; null if it is another crate's. */
function fileOf(used, file, files) {
  const names = used.split('::').map((name) => name.trim());
  const own = file.replace(/^src\//, '').replace(/(\/mod)?\.rs$/, '').split('/');
  let module = null;
  if (names[0] === 'crate') module = [];
  else if (names[0] === 'self') module = own;
  else if (names[0] === 'super') module = own.slice(0, -1);
  if (module === null) return null;
  let at = 1;
  while (names[at] === 'super') {
    module = module.slice(0, -1);
    at += 1;
  }
  const located = (parts) => {
    const base = `src/${parts.join('/')}`;
    return [`${base}.rs`, `${base}/mod.rs`].find((name) => files.has(name)) ?? null;
  };
  let found = module.length === 0 ? null : located(module);
  for (const name of names.slice(at)) {
    module = [...module, name];
    const next = located(module);
    if (next === null) break;
    found = next;
  }
  return found;
}

/** Test code in files of its own. */
function isTest(file) {
  return /\/tests(\/|\.rs$)|\/fixtures\.rs$/.test(file);
}

/** What is wrong with the imports of `files` by `layers`. */
function wrongImports(files, layers) {
  const wrong = [];
  const graph = new Map();
  const used = new Set();
  for (const file of files.keys()) {
    const layer = layerOf(file, layers);
    if (layer === -1) {
      wrong.push(`${file} is not on the map in ARCHITECTURE.md`);
      continue;
    }
    used.add(layer);
    if (isTest(file)) continue;
    const imports = importsOf(file, files);
    for (const name of imports) {
      const below = layerOf(name, layers);
      if (below !== -1 && below < layer) wrong.push(`${file} imports ${name}, which stands above it on the map`);
    }
    // The files of a folder are about the type in its mod.rs.
    graph.set(file, imports.filter((name) => name !== `${path.dirname(file)}/mod.rs`));
  }
  layers.forEach((layer, index) => {
    if (!used.has(index)) wrong.push(`the map in ARCHITECTURE.md names ${layer}, which does not exist`);
  });
  return [...wrong, ...cyclesOf(graph).map((cycle) => `a cycle of imports: ${cycle.join(' -> ')}`)];
}

/** A cycle through each file that closes one, as a list that begins and ends with the same file. */
function cyclesOf(graph) {
  const done = new Set();
  const cycles = [];
  const visit = (file, trail) => {
    const at = trail.indexOf(file);
    if (at !== -1) cycles.push([...trail.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}

/** Code lines of Rust files outside of `places` that match `pattern`. */
function outside(places, files, pattern, what) {
  const wrong = [];
  for (const [file, text] of files) {
    if (!file.endsWith('.rs') || places.some((place) => file.startsWith(place))) continue;
    text.split('\n').forEach((line, index) => {
      if (pattern.test(line.replace(/\/\/.*/, ''))) wrong.push(`${what} in ${file}:${index + 1}: ${line.trim()}`);
    });
  }
  return wrong;
}

/** What is wrong with Node-API and `unsafe` in `files`. */
function wrongPlaces(files) {
  return [
    ...outside(NODE_API, files, /\bnapi(_derive)?::|\buse napi\b/, 'Node-API'),
    ...outside(UNSAFE, files, /\bunsafe\b/, 'unsafe'),
  ];
}

/** What is wrong with the files themselves: too long, or without a word about their purpose at the top. */
function wrongFiles(files) {
  const wrong = [];
  for (const [file, text] of files) {
    const lines = text.split('\n').length - 1;
    if (lines > LINES_MOST && !LONG_FILES.includes(file)) wrong.push(`${file} has ${lines} lines; ${LINES_MOST} is the most`);
    const opening = { '.js': /^(#!.*\n)?'use strict';\n\n\/\//, '.rs': /^(\/\/!|#!\[)/ }[path.extname(file)];
    if (opening && !opening.test(text)) wrong.push(`${file} does not begin with its purpose`);
  }
  return wrong;
}

module.exports = { LINES_MOST, layersOf, wrongFiles, wrongImports, wrongPlaces };
