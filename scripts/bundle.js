'use strict';

// The modules of `lib/` as the main package has them: in few files, because a program that starts pays for each file.
// esbuild puts them together as they are, each in a function of its own that runs when it is first required, so that
// names, the order of loading and what is loaded late stay as they are in the repository.
//
//   node scripts/bundle.js FOLDER    writes the entries and `lib/` of the package there

const esbuild = require('esbuild');
const fs = require('fs');
const path = require('path');
const lexer = require('cjs-module-lexer');
const { ROOT } = require('./ensure-built');
const { filesIn } = require('./imports');

/** The folder of the files that are made. It is as deep as `lib/loading`, from where the binding is looked for. */
const FOLDER = path.join('lib', 'packed');

/** The entries, which stay files of their own. */
const ENTRIES = ['index.js', 'node.js', 'tls.js', 'http.js', 'https.js', 'register.js'];

/** Modules that threads begin with: files of their own beside the others, by their names. */
const THREADS = ['lib/serve/thread.js'];

/**
 * The files that are made, in this order: a module is in the first of them that has it, or one that requires it when it
 * is loaded itself. What a server of http needs under the flag is in the first two, for https in the first three.
 */
const CHUNKS = {
  start: ['lib/fallback.js', 'lib/loading/index.js', 'lib/own-modules.js', 'lib/takeover.js', 'lib/timers.js'],
  sockets: ['lib/entries/node.js', 'lib/bridge.js', 'lib/stream/parsing.js', 'lib/wrapped.js'],
  secure: ['lib/entries/tls.js', 'lib/stream/secure-members.js', 'lib/tls/credentials.js'],
  rest: null,
};

/** Of the files in `root`, all that `file` requires when it is loaded, and itself. */
function withImports(root, file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const code = fs.readFileSync(path.join(root, file), 'utf8');
  // What is required later stands in a function: it is indented, or after an arrow.
  for (const [, name] of code.matchAll(/^(?:(?!\/\/)[^\s=](?:(?!=>).)*| {2}\.\.\.)require\('(\.[^']*)'\)/gm)) {
    const target = path.relative(root, require.resolve(path.resolve(root, path.dirname(file), name)));
    if (target.startsWith('lib')) withImports(root, target, found);
  }
  return found;
}

/** The chunk of each module in `root`, by its file. */
function assign(root) {
  const chunks = new Map();
  for (const [chunk, roots] of Object.entries(CHUNKS)) {
    const files = roots?.flatMap((file) => [...withImports(root, file)]) ?? filesIn(root, 'lib', ['.js']);
    for (const file of files) if (!chunks.has(file)) chunks.set(file, chunk);
  }
  return chunks;
}

/** The call that loads the module `file` of a chunk, in a file of the folder `from`. */
function loading(file, chunk, from) {
  return `require('./${path.join(path.relative(from, FOLDER), chunk)}')['${file.replace(/\.js$/, '')}']()`;
}

/** Writes the files, and notes which modules are required from outside the chunk that has them. */
class Bundle {
  constructor(root, to) {
    this.root = root;
    this.to = to;
    this.chunks = assign(root);
    this.required = new Map(Object.keys(CHUNKS).map((chunk) => [chunk, new Set()]));
  }

  /** The code that loads `file` from somewhere else. */
  load(file, from) {
    const chunk = this.chunks.get(file);
    this.required.get(chunk).add(file);
    return loading(file, chunk, from);
  }

  /** Writes an entry: its code, which finds modules in the chunks, and the names that ES modules can import of it. */
  entry(file) {
    const code = fs.readFileSync(path.join(this.root, file), 'utf8');
    const text = code.replaceAll(/require\('(\.\/lib\/[^']*)'\)/g, (_, name) =>
      this.load(path.relative(this.root, require.resolve(path.join(this.root, name))), '.'));
    const names = [...exportsOf(path.join(this.root, file))];
    // As esbuild does it: this never runs, and is what is found by those who read a module before they load it.
    const list = `\n// The names for ES modules.\n0 && (module.exports = {\n  ${names.join(',\n  ')},\n});\n`;
    fs.writeFileSync(path.join(this.to, file), `${text}${names.length > 0 ? list : ''}`);
  }

  /** Writes a chunk. */
  chunk(name) {
    const modules = [...this.required.get(name)].sort();
    const members = modules.map((file) => `  '${file.replace(/\.js$/, '')}': () => require('./${file}'),\n`);
    return esbuild.build({
      stdin: { contents: `module.exports = {\n${members.join('')}};\n`, resolveDir: this.root, sourcefile: `${name}.js` },
      absWorkingDir: this.root,
      outfile: path.join(this.to, FOLDER, `${name}.js`),
      bundle: true,
      charset: 'utf8',
      format: 'cjs',
      legalComments: 'none',
      platform: 'node',
      plugins: [{ name: 'chunks', setup: (build) => this.separate(build, name) }],
      target: 'node20',
    });
  }

  /** Has esbuild leave what is in another chunk to that. */
  separate(build, chunk) {
    build.onResolve({ filter: /^\./ }, ({ namespace, path: name, resolveDir }) => {
      if (namespace === 'elsewhere') return { path: name, external: true };
      const file = path.relative(this.root, require.resolve(path.resolve(resolveDir, name)));
      if (file === 'package.json') return { path: file, namespace: 'manifest' };
      return this.chunks.get(file) === chunk ? undefined : { path: file, namespace: 'elsewhere' };
    });
    build.onLoad({ filter: /.*/, namespace: 'elsewhere' }, ({ path: file }) =>
      ({ contents: `module.exports = ${this.load(file, FOLDER)};`, resolveDir: this.root }));
    build.onLoad({ filter: /.*/, namespace: 'manifest' }, () => ({ contents: this.manifest(), loader: 'json' }));
  }

  /** What modules read in the manifest. */
  manifest() {
    const { version, repository } = JSON.parse(fs.readFileSync(path.join(this.root, 'package.json'), 'utf8'));
    return JSON.stringify({ version, repository });
  }

  async write() {
    for (const file of ENTRIES) this.entry(file);
    fs.mkdirSync(path.join(this.to, FOLDER), { recursive: true });
    for (const file of THREADS) {
      const place = path.join(this.to, FOLDER, path.basename(file));
      fs.writeFileSync(place, `'use strict';\n\n${this.load(file, FOLDER)};\n`);
    }
    // What a chunk needs of another is known when it is made: the first round finds that out.
    for (let round = 0; round < 2; round++) {
      for (const chunk of Object.keys(CHUNKS)) await this.chunk(chunk);
    }
  }
}

/** The names of what a module exports, as Node finds them for ES modules: without running it. */
function exportsOf(file, names = new Set()) {
  const { exports, reexports } = lexer.parse(fs.readFileSync(file, 'utf8'));
  for (const name of exports) names.add(name);
  for (const name of reexports) exportsOf(require.resolve(path.resolve(path.dirname(file), name)), names);
  return names;
}

if (require.main === module) {
  lexer.initSync();
  new Bundle(ROOT, path.resolve(process.argv[2])).write().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

module.exports = { CHUNKS, ENTRIES, FOLDER };
