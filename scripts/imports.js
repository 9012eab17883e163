'use strict';

// The graph of imports: each file of a tree with the files that it imports, read from `require()` in JavaScript and
// from paths (`use crate::a::B`, `super::c()`) in Rust. What is compiled for tests only is left out: a test may import
// anything.

const fs = require('fs');
const path = require('path');

/** The files under `folder` of `root` with one of the suffixes, relative to `root`; none if there is no such folder. */
function filesIn(root, folder, suffixes) {
  if (!fs.existsSync(path.join(root, folder))) return [];
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['node_modules', 'target'].includes(entry.name) ? [] : filesIn(root, file, suffixes);
    return suffixes.includes(path.extname(file)) ? [file] : [];
  });
}

const read = (root, file) => fs.readFileSync(path.join(root, file), 'utf8');

/** The imports of `files`, which are JavaScript: `Map` of a file to the files that it requires. */
function javascriptImports(root, files) {
  return new Map(files.map((file) => {
    const code = read(root, file).replaceAll(/^\s*(?:\/\/|\/?\*).*/gm, '');
    const targets = [...code.matchAll(/\brequire\('(\.[^']*)'\)/g)].map(([, target]) => {
      const place = path.posix.join(path.posix.dirname(file), target);
      return [place, `${place}.js`, `${place}/index.js`].find((one) => files.includes(one));
    });
    return [file, new Set(targets.filter((target) => target !== undefined && target !== file))];
  }));
}

/** Rust without comments, texts and what is compiled for tests only. */
function code(text) {
  let rest = text
    .replaceAll(/\/\/.*/g, '')
    .replaceAll(/"(?:\\[^]|[^"\\])*"/g, '""')
    .replaceAll(/'(?:\\.|[^'\\\n])'/g, '\'\'');
  for (;;) {
    const found = /#\[cfg\((?:test|any\(test[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*/.exec(rest);
    if (found === null) return rest;
    const behind = rest.slice(found.index + found[0].length);
    rest = rest.slice(0, found.index) + behind.slice(itemLength(behind));
  }
}

/** How long the item is that `text` begins with: up to its `;`, or to the brace that closes its block. */
function itemLength(text) {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === ';' && depth === 0) return i + 1;
    if (text[i] === '{') depth++;
    if (text[i] === '}' && --depth === 0) return /^;/.test(text.slice(i + 1)) ? i + 2 : i + 1;
  }
  return text.length;
}

/** `a::{b, c::{self, D as E}}` as the paths `a::b`, `a::c`, `a::c::D`, each with the name that it is known by. */
function useTree(tree, prefix = []) {
  const group = /^((?:\w+::)*)\{([^]*)\}$/.exec(tree.trim());
  if (group) {
    const inner = [...prefix, ...group[1].split('::').filter(Boolean)];
    return parts(group[2]).flatMap((part) => useTree(part, inner));
  }
  const [whole, name] = tree.trim().split(/\s+as\s+/);
  const all = [...prefix, ...whole.split('::').map((one) => one.trim())];
  const segments = all.filter((one, i) => one !== 'self' || i === 0);
  return whole.trim() === '' ? [] : [{ segments, name: name ?? segments.at(-1) }];
}

/** What the commas of a group separate. */
function parts(text) {
  const found = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (char === ',' && depth === 0) found.push('');
    else found[found.length - 1] += char;
  }
  return found.filter((part) => part.trim() !== '');
}

/** The modules of a crate, by path: `''` is the crate, `socket::io` a module of a module. */
class Crate {
  constructor(root, folder) {
    this.modules = new Map();
    const entry = `${folder}/lib.rs`;
    if (fs.existsSync(path.join(root, entry))) this.add(root, entry, folder, []);
  }

  add(root, file, folder, segments) {
    const text = code(read(root, file));
    const children = [...text.matchAll(/\bmod\s+(\w+)\s*;/g)].map(([, name]) => name);
    const uses = [...text.matchAll(/^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);/gm)];
    const imports = uses.flatMap(([, visibility, tree]) =>
      useTree(tree).map((one) => ({ ...one, isPublic: visibility !== undefined })));
    const body = text.replaceAll(/^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+[^;]+;/gm, '');
    this.modules.set(segments.join('::'), { file, segments, children, imports, body });
    for (const child of children) {
      const places = [`${folder}/${child}.rs`, `${folder}/${child}/mod.rs`];
      const place = places.find((one) => fs.existsSync(path.join(root, one)));
      if (place !== undefined) this.add(root, place, `${folder}/${child}`, [...segments, child]);
    }
  }

  /** The file that has what a path means in a module, or `undefined` if that is in another crate. */
  fileOf(path, { segments, children }) {
    const [first, ...rest] = path;
    if (first === 'crate') return this.find([], rest);
    if (first === 'self') return this.find(segments, rest);
    if (first === 'super') {
      const up = path.findIndex((one) => one !== 'super');
      const levels = up === -1 ? path.length : up;
      return this.find(segments.slice(0, segments.length - levels), path.slice(levels));
    }
    return children.includes(first) ? this.find(segments, path) : undefined;
  }

  /** The file of what `path` leads to from the module at `segments`: through its modules, and what it exports again. */
  find(segments, path) {
    const module = this.modules.get(segments.join('::'));
    if (module === undefined || path.length === 0) return module?.file;
    const [first, ...rest] = path;
    if (this.modules.has([...segments, first].join('::'))) return this.find([...segments, first], rest);
    const exported = module.imports.find(({ isPublic, name }) => isPublic && name === first);
    return (exported && this.fileOf(exported.segments, module)) ?? module.file;
  }

  /** A module's imports. What it only exports again is none. */
  importsOf(module) {
    const { imports, body, children, file } = module;
    const used = imports.filter(({ isPublic, name }) => !isPublic || new RegExp(`\\b${name}\\b`).test(body));
    const starts = ['crate', 'super', 'self', ...children].join('|');
    const inline = [...body.matchAll(new RegExp(`(?<![\\w:])(?:${starts})(?:::\\w+)+`, 'g'))].map(([one]) => one.split('::'));
    const targets = [...used.map((one) => one.segments), ...inline].map((one) => this.fileOf(one, module));
    return new Set(targets.filter((target) => target !== undefined && target !== file));
  }
}

/** The imports among the modules of the crate in `folder`: `Map` of a file to the files that it uses. */
function rustImports(root, folder) {
  const crate = new Crate(root, folder);
  return new Map([...crate.modules.values()].map((module) => [module.file, crate.importsOf(module)]));
}

/** The circles in a graph, each as its files in order and the first once more; none is named twice. */
function cycles(graph) {
  const found = [];
  const done = new Set();
  const trail = [];
  const visit = (file) => {
    if (trail.includes(file)) found.push([...trail.slice(trail.indexOf(file)), file]);
    if (trail.includes(file) || done.has(file)) return;
    trail.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    trail.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

module.exports = { cycles, filesIn, javascriptImports, read, rustImports };
