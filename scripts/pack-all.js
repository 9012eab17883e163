'use strict';

// `npm run pack:all`: makes the tarballs that are published, in `target/packages`: the main package, which has its
// modules in few files (`bundle.js`), no binding, no dependency that has to be there and no script, and one package for
// each platform, which has its binding. The main package names them all as optional dependencies, of which npm installs
// the one that fits.
//
//   npm run pack:all -- --only linux-x64-gnu   these platforms only (several, with commas between them)
//   npm run pack:all -- --local                this platform only, with the binding of `npm run build`
//   npm run pack:all -- --to FOLDER            into another folder
//
// `npm run build:all` comes first: a platform whose binding is missing, or older than its sources, is an error.

const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');
const { bindingOf, isCurrent } = require('./build-all');
const { ENTRIES } = require('./bundle');
const { ROOT } = require('./ensure-built');
const { PLATFORMS, SCOPE, chosen, fileOf } = require('./platforms/table');
const { output } = require('./platforms/unpacking');

const PACKAGES = path.join(ROOT, 'target', 'packages');

/** Of package.json: what the packages of the platforms have in common with the main one. */
const COMMON = ['version', 'license', 'author', 'repository', 'homepage', 'bugs', 'engines'];

/** Of `files`: pages, which are read on the web. A manager that knows no C libraries installs two bindings. */
const PAGES = new Set(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs']);

/** In the folders of `files`: what is compiled for tests only, the end of a file of Rust that is, and its comments. */
const TESTS = /[\\/](?:tests|tests\.rs)$/;
const TESTS_IN_FILE = /\n#\[cfg\(test\)\]\n(?:#\[.*\]\n)*mod tests \{\n(?:(?:[ ].*)?\n)*\}\n$/;
const COMMENTS = /^ *\/\/.*\n/gm;

/** Of package.json: what only the repository needs. */
const PRIVATE = ['private', 'scripts', 'devDependencies'];

/** Under these conditions, npm's registry accepts the packages of a scope, and says where they were made. */
const PUBLISHING = { access: 'public', provenance: true };

function manifest() {
  return JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
}

function writeJson(file, value) {
  fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Makes the folder of the package of `platform`, with `binding`. */
function stagePlatform(folder, platform, binding) {
  const { target, os, cpu, libc } = PLATFORMS[platform];
  const main = manifest();
  const file = fileOf(platform);
  const system = `${os === 'darwin' ? 'macOS' : 'Linux'} on ${cpu}${libc ? ` with ${libc}` : ''}`;
  fs.mkdirSync(folder, { recursive: true });
  writeJson(path.join(folder, 'package.json'), {
    name: `${SCOPE}/${platform}`,
    description: `The native binding of rust-net for ${system}`,
    ...Object.fromEntries(COMMON.filter((key) => key in main).map((key) => [key, main[key]])),
    main: file,
    files: [file],
    os: [os],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
    publishConfig: PUBLISHING,
  });
  fs.writeFileSync(
    path.join(folder, 'README.md'),
    `# ${SCOPE}/${platform}\n\nThe native binding of [rust-net](${main.homepage}) for ${system} (\`${target}\`). ` +
      'It is installed with `rust-net`; there is no other use for it.\n',
  );
  fs.copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
  fs.copyFileSync(binding, path.join(folder, file));
}

/** Has the links in a page lead to what the repository has of this version, and pictures come from there. */
function linkToWeb(page, { repository, version }) {
  const url = repository.url.replace(/^git\+|\.git$/g, '');
  const text = fs.readFileSync(page, 'utf8');
  const linked = text.replaceAll(/(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^()\s]+)\)/g, (_, mark, words, target) =>
    `${mark}[${words}](${url}/${mark === '' ? 'blob' : 'raw'}/v${version}/${target})`);
  fs.writeFileSync(page, linked);
}

/**
 * Takes out of the package in `folder`, of its sources of Rust, what only those need who read them: tests and comments,
 * and the lint that asks for these. A manager that knows no C libraries installs two bindings: there is not much room.
 */
function dropUnbuilt(folder) {
  const cargo = path.join(folder, 'Cargo.toml');
  fs.writeFileSync(cargo, fs.readFileSync(cargo, 'utf8').replace(/^missing_docs = .*\n/m, ''));
  const sources = path.join(folder, 'src');
  for (const name of fs.readdirSync(sources, { recursive: true }).filter((name) => name.endsWith('.rs'))) {
    const file = path.join(sources, name);
    const text = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, text.replace(TESTS_IN_FILE, '').replaceAll(COMMENTS, ''));
  }
}

/** Makes the folder of the main package, which may be completed by the packages of `platforms`. */
function stageMain(folder, platforms) {
  const main = manifest();
  for (const key of PRIVATE) delete main[key];
  main.files = main.files.filter((name) => !name.endsWith('.node'));
  main.optionalDependencies = Object.fromEntries(platforms.map((platform) => [`${SCOPE}/${platform}`, main.version]));
  main.publishConfig = PUBLISHING;
  fs.mkdirSync(folder, { recursive: true });
  main.files = main.files.filter((name) => !PAGES.has(name));
  const bundled = new Set([...ENTRIES, 'lib']);
  for (const name of [...main.files.filter((name) => !bundled.has(name)), 'README.md', 'LICENSE']) {
    const options = { recursive: true, filter: (file) => !TESTS.test(file) };
    fs.cpSync(path.join(ROOT, name), path.join(folder, name), options);
  }
  dropUnbuilt(folder);
  for (const name of ['README.md', 'CHANGELOG.md']) linkToWeb(path.join(folder, name), main);
  output(process.execPath, [path.join(__dirname, 'bundle.js'), folder]);
  writeJson(path.join(folder, 'package.json'), main);
}

/** Packs the package in `folder` into `to`: `{ file, packed, unpacked }`, with its sizes in bytes. */
function pack(folder, to) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', to];
  const [{ filename, size, unpackedSize }] = Object.values(JSON.parse(output('npm', args, { cwd: folder })));
  const file = path.join(to, path.basename(filename.replace('@', '').replace('/', '-')));
  return { file, packed: size, unpacked: unpackedSize };
}

/** Makes the packages for the platforms of `bindings`, `[[platform, file], ...]`, in the folder `to`. */
function packAll(bindings, to) {
  const platforms = bindings.map(([platform]) => platform);
  fs.rmSync(to, { recursive: true, force: true });
  for (const [platform, binding] of bindings) stagePlatform(path.join(to, platform), platform, binding);
  stageMain(path.join(to, 'rust-net'), platforms);
  return ['rust-net', ...platforms].map((name) => ({ name, ...pack(path.join(to, name), to) }));
}

/** The platform that `npm run build` has made a binding for, and where that is. */
function localBinding() {
  const found = Object.keys(PLATFORMS).filter((platform) => fs.existsSync(path.join(ROOT, fileOf(platform))));
  if (found.length !== 1) throw new Error(`expected one binding in ${ROOT}, found ${found.length}: npm run build`);
  return [[found[0], path.join(ROOT, fileOf(found[0]))]];
}

function builtBindings(only) {
  const platforms = chosen(only);
  const missing = platforms.filter((platform) => !isCurrent(platform));
  if (missing.length > 0) throw new Error(`not built, or older than their sources: ${missing.join(', ')}: npm run build:all`);
  return platforms.map((platform) => [platform, bindingOf(platform)]);
}

function main() {
  const options = { only: { type: 'string' }, to: { type: 'string' }, local: { type: 'boolean', default: false } };
  const { only, local, to = PACKAGES } = parseArgs({ options }).values;
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  for (const { file, packed, unpacked } of packAll(local ? localBinding() : builtBindings(only), path.resolve(to))) {
    console.log(`${path.basename(file).padEnd(48)} ${megabytes(packed)}, installed ${megabytes(unpacked)}`);
  }
}

if (require.main === module) {
  try {
    main();
  } catch (error) {
    console.error(`pack:all: ${error.message}`);
    process.exitCode = 1;
  }
}

module.exports = { localBinding, packAll };
