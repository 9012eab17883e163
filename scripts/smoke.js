'use strict';

// `npm run smoke`: runs the programs of `__tests__/install/programs` and the examples of the README on the platforms
// whose bindings have been built, in a project that has the packages of `npm run pack:all` and nothing else: on this
// machine's own Node, and emulated for other processors and the other C library (`platforms/emulation.js`). Says of
// each platform what has been run.
//
//   npm run smoke -- --only linux-arm64-gnu,linux-x64-musl
//   npm run smoke -- --local    this machine's own binding only, as `npm run build` has made it

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');
const { platformOf } = require('../bin/rust-net');
const { blocksOf, examplesOf } = require('../__tests__/examples/pages');
const { files, identity } = require('../__tests__/tls/pki');
const { bindingOf, isCurrent } = require('./build-all');
const { ROOT } = require('./ensure-built');
const { localBinding, packAll } = require('./pack-all');
const { nodeOf } = require('./platforms/emulation');
const { SCOPE, chosen } = require('./platforms/table');
const { output } = require('./platforms/unpacking');

const PROGRAMS = path.join(ROOT, '__tests__', 'install', 'programs');

/** Emulated, a program takes twenty times as long. */
const DEADLINE = 300_000;

/** A project in `folder` that has the packages `packed`, as an installation from a registry would lay them out. */
function makeProject(folder, packed) {
  for (const { name, file } of packed) {
    const place = path.join(folder, 'node_modules', name === 'rust-net' ? name : `${SCOPE}/${name}`);
    fs.mkdirSync(place, { recursive: true });
    output('tar', ['-xzf', file, '--strip-components=1', '-C', place]);
  }
  fs.cpSync(PROGRAMS, folder, { recursive: true });
  const { key, cert } = files('selfSigned', folder);
  // Those that the README's examples read.
  for (const [name, text] of Object.entries(identity('localhost'))) fs.writeFileSync(path.join(folder, `${name}.pem`), text);
  return { SMOKE_KEY: key, SMOKE_CERT: cert };
}

/**
 * The flags that the README puts an application under. Programs that are to run under them are ES modules here, and the
 * others are not.
 */
function applicationFlags() {
  const [, , , command] = blocksOf('README.md').find(([, , language, code]) => language === 'sh' && code.startsWith('node '));
  return command.trim().split(' ').slice(1, -1);
}

/** What is run: `{ file, flags, output }` each, where `output` is what it has to print in the end. */
function programs(folder) {
  const ours = fs.readdirSync(PROGRAMS).map((file) =>
    ({ file, flags: file.endsWith('.mjs') ? applicationFlags() : [], output: 'ok\n' }));
  const examples = examplesOf('README.md').map(([, language, code, output], i) => {
    const file = `README-${i + 1}.${language === 'js' ? 'cjs' : 'mjs'}`;
    fs.writeFileSync(path.join(folder, file), code);
    return { file, flags: [], output };
  });
  return [...ours, ...examples];
}

/** Runs a program by the command `node` and returns what has gone wrong, or null. */
function run(node, { file, flags, output: expected }, cwd, env) {
  const [command, ...args] = [...node, ...flags, file];
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    cwd, env: { ...process.env, ...env }, encoding: 'utf8', timeout: DEADLINE,
  });
  if (status === 0 && stdout.replaceAll('\r\n', '\n').endsWith(expected)) return null;
  return `${file} ended with ${signal ?? status}:\n${stdout}${stderr}`;
}

/** Runs all programs with the binding `file` of `platform`: `{ version, total, failures }`. */
function smoke(platform, file, node) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-smoke-'));
  try {
    const env = makeProject(folder, packAll([[platform, file]], path.join(folder, 'packages')));
    const [command, ...args] = [...node, '-p', 'process.version'];
    const version = output(command, args, { cwd: folder });
    const all = programs(folder);
    const failures = all.map((program) => run(node, program, folder, env)).filter((failure) => failure !== null);
    return { version, total: all.length, failures };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The platform of this machine: that of its compiler. */
function ownPlatform() {
  return platformOf(/^host: (\S+)/m.exec(output('rustc', ['--version', '--verbose']))[1]).platform;
}

/** The bindings that `npm run build:all` has made. One of other sources may not fit the modules. */
function bindings(only) {
  const built = chosen(only).filter((platform) => fs.existsSync(bindingOf(platform)));
  const missing = chosen(only).filter((platform) => only !== undefined && !built.includes(platform));
  const old = built.filter((platform) => !isCurrent(platform));
  if (missing.length > 0) throw new Error(`not built: ${missing.join(', ')}`);
  if (old.length > 0) throw new Error(`older than their sources: ${old.join(', ')}: npm run build:all`);
  return built.map((platform) => [platform, bindingOf(platform)]);
}

function main() {
  const options = { only: { type: 'string' }, local: { type: 'boolean', default: false } };
  const { only, local } = parseArgs({ options }).values;
  const all = local ? localBinding() : bindings(only);
  // Where the binding is only run, there need be no compiler.
  const own = local ? all[0][0] : ownPlatform();
  for (const [platform, file] of all) {
    try {
      report(platform, file, platform === own);
    } catch ({ message }) {
      console.error(`${platform.padEnd(20)} FAILED: ${message}`);
      process.exitCode = 1;
    }
  }
}

/** Runs all on a platform, and says so. */
function report(platform, file, isOwn) {
  const node = isOwn ? [process.execPath] : nodeOf(platform);
  if (node === null) {
    console.log(`${platform.padEnd(20)} built, and not run: no Node for it runs on this machine`);
    return;
  }
  const { version, total, failures } = smoke(platform, file, node);
  const how = isOwn ? '' : ', emulated';
  console.log(`${platform.padEnd(20)} ${total - failures.length} of ${total} programs, on Node ${version}${how}`);
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
}

if (require.main === module) {
  try {
    main();
  } catch ({ message }) {
    console.error(`smoke: ${message}`);
    process.exitCode = 1;
  }
}

module.exports = { smoke };
