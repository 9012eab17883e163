'use strict';

// The rules of the layout that no linter knows; CONTRIBUTING.md has their reasons. `npm run lint` fails if one is
// broken.
//
// The layers stand in one place: the map in ARCHITECTURE.md. Its tables name every file of `lib/` and `src/`, or its
// folder, and imports go down the list.

const fs = require('fs');
const path = require('path');
const { cycles, filesIn, javascriptImports, read, rustImports } = require('./imports');

const ENTRIES = ['http.js', 'https.js', 'index.js', 'node.js', 'register.js', 'tls.js'];
const CODE = ['.js', '.mjs', '.rs', '.ts', '.mts'];
const FOLDERS = ['bin', 'lib', 'src', 'scripts', '__tests__', 'benchmark', 'examples', 'fuzz'];
const MOST_LINES = 500;

/** The only places that know Node-API. */
const NODE_API = ['src/binding/', 'src/reactor/wake/'];

/** The only places with `unsafe`, each with its reason beside it. */
const UNSAFE = [
  'src/binding/arguments.rs', // Node-API
  'src/binding/async_contexts.rs', // Node-API
  'src/binding/calls.rs', // Node-API
  'src/binding/events.rs', // Node-API
  'src/binding/fast.rs', // Node-API
  'src/binding/lifetime.rs', // Node-API
  'src/binding/memory.rs', // memory of JavaScript
  'src/binding/mod.rs', // Node-API
  'src/binding/turn.rs', // Node-API
  'src/binding/values.rs', // Node-API
  'src/engine/tests/mod.rs', // memory to receive into
  'src/reactor/mod.rs', // a borrowed descriptor
  'src/reactor/receive_buffer.rs', // memory of JavaScript
  'src/reactor/wake/', // libuv, Node-API
  'src/socket/address.rs', // interface names, which no crate here has
  'src/socket/numbered_options.rs', // options by number, which no crate here has
  'src/socket/descriptor.rs', // descriptors from outside, and some that are not closed
  'src/socket/tcp_info.rs', // TCP_INFO, which no crate here has
  'src/socket/window.rs', // a socket option that no crate here has
  'src/tls/handshake/transport.rs', // tokio watches a descriptor
];

/** Everything that breaks a rule in the tree at `root`, a line each. */
function findOffences(root) {
  const rust = filesIn(root, 'src', ['.rs']);
  const entries = ENTRIES.filter((file) => fs.existsSync(path.join(root, file)));
  const javascript = [...entries, ...filesIn(root, 'lib', ['.js'])];
  const graph = new Map([...javascriptImports(root, javascript), ...rustImports(root, 'src')]);
  const map = readMap(root);
  return [
    ...mapOffences(map, [...javascript, ...rust]),
    ...importOffences(map, graph),
    ...cycles(withoutParents(graph)).map((files) => `a circle of imports: ${files.join(' -> ')}`),
    ...placeOffences(root, rust),
    ...FOLDERS.flatMap((folder) => filesIn(root, folder, CODE)).flatMap((file) => shapeOffences(root, file)),
  ];
}

/** The paths that the tables of the map name in their first column, from top to bottom. */
function readMap(root) {
  const section = read(root, 'ARCHITECTURE.md').split('\n## The map\n')[1]?.split('\n## ')[0] ?? '';
  return section.split('\n').filter((line) => line.startsWith('| ')).flatMap((line) => {
    const names = line.split('|')[1].match(/`[^`]+`/g) ?? [];
    const paths = names.map((name) => name.slice(1, -1));
    return paths.filter((name) => ENTRIES.includes(name) || /^(?:lib|src)\/./.test(name));
  });
}

/** The line of the map that a file belongs to: itself, or the innermost folder that is named. */
function placeOf(map, file) {
  const around = map.filter((name) => name === file || (name.endsWith('/') && file.startsWith(name)));
  return around.toSorted((a, b) => b.length - a.length)[0];
}

function mapOffences(map, files) {
  return [
    ...map.filter((name, i) => map.indexOf(name) !== i).map((name) => `named twice in the map: ${name}`),
    ...map
      .filter((name) => !files.some((file) => placeOf([name], file)))
      .map((name) => `in the map, but not there: ${name}`),
    ...files.filter((file) => placeOf(map, file) === undefined).map((file) => `not in the map: ${file}`),
  ];
}

/** Arrows upwards. Within one line of the map, files may import each other, but not in a circle. */
function importOffences(map, graph) {
  const offences = [];
  for (const [file, targets] of graph) {
    for (const target of targets) {
      const [from, to] = [file, target].map((one) => map.indexOf(placeOf(map, one)));
      if (from > to && to !== -1) offences.push(`upwards in the map: ${file} imports ${target}`);
    }
  }
  return offences;
}

/**
 * The graph without the arrows from a file to the `mod.rs` of its own folder: the methods of a type may be spread over
 * the files of a folder, and each of them names the type.
 */
function withoutParents(graph) {
  return new Map([...graph].map(([file, targets]) => {
    const parents = [`${path.posix.dirname(file)}/mod.rs`, `${path.posix.dirname(file)}.rs`];
    return [file, new Set([...targets].filter((target) => !parents.includes(target)))];
  }));
}

/** Code lines of `file` that match `pattern`. */
function lines(root, file, pattern) {
  return read(root, file).split('\n').flatMap((line, i) =>
    (pattern.test(line.replace(/\/\/.*/, '')) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
}

/** Node-API and `unsafe` outside of the places that are for them, and places that no longer need to be. */
function placeOffences(root, files) {
  const isIn = (places, file) => places.some((place) => file.startsWith(place));
  const offences = files.flatMap((file) => {
    const nodeApi = isIn(NODE_API, file) ? [] : lines(root, file, /\bnapi(_derive)?::|\buse napi\b/);
    const unsafe = isIn(UNSAFE, file) ? [] : lines(root, file, /\bunsafe\b/);
    return [...nodeApi.map((line) => `Node-API in ${line}`), ...unsafe.map((line) => `unsafe in ${line}`)];
  });
  const idle = files.filter((file) => UNSAFE.includes(file) && lines(root, file, /\bunsafe\b/).length === 0);
  return [...offences, ...idle.map((file) => `listed for unsafe, but has none: ${file}`)];
}

function shapeOffences(root, file) {
  const text = read(root, file);
  const count = text.split('\n').length - 1;
  const first = text.split('\n').find((line) => !/^(?:#!.*|'use strict';|\s*)$/.test(line)) ?? '';
  const purpose = file.endsWith('.rs') ? /^\/\/! .*\w/ : /^(?:\/\/|\/\*) ?.*\w|^\/\*\*?$/;
  return [
    ...(count > MOST_LINES ? [`longer than ${MOST_LINES} lines: ${file} (${count})`] : []),
    ...(purpose.test(first) ? [] : [`does not open with its purpose: ${file}`]),
  ];
}

module.exports = { findOffences };
