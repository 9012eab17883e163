'use strict';

// `npm test` (`node scripts/test.js`): installs and builds what is missing, then runs the Rust unit tests, jest and the
// type tests, once each: what shows within minutes that a change is right. `npm run test:rest` runs what that leaves
// out, the matrix: the other platforms, the folders in `MATRIX`, and all of jest under the other wake. `npm run
// test:all` runs both. Each ends with `N passed, N failed` over all that it has run.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, ensureBuilt } = require('./ensure-built');
const { ensurePeers } = require('./peers');
const { isPossible } = require('./platforms/toolchain');

/** Folders of `__tests__` that `npm test` leaves out. */
const MATRIX = [
  'benchmark', // what the benchmark makes of its measurements
  'bundlers', // bundlers, test runners and monitoring agents
  'cluster/nodes', // every Node but the one that runs the tests
  'cluster/packages', // packages of others
  'docs/site', // a browser
  'endurance', // a test's point is the number of rounds
  'faults', // a binding with faults in it, which is built first
  'install', // package managers, from a registry of our own
  'loading', // every Node, with and without a binding
  'node/packages', // packages and servers of others
  'node/programs', // programs of others, under the one flag
  'package', // the tarball, on every Node
  'panic', // a binding with faults in it, which is built first
  'parity/nodes', // every Node but the one that runs the tests
  'runtimes', // Bun and Deno
  'takeover/packages', // packages of others
  'tls/programs', // programs of others
];

/**
 * Folders whose tests are not run under the other wake: they ask no wake, or each of them, or they are about what is
 * there in Node alone, where libuv wakes the loop: the one flag, clusters, and programs on every Node. Nor do many
 * rounds tell more under the wake that no Node has.
 */
const ONCE = [
  'benchmark', 'bundlers', 'cluster', 'docs', 'endurance', 'examples', 'faults', 'install', 'loading', 'node/packages',
  'node/programs', 'package', 'panic', 'parity/nodes', 'runtimes', 'takeover', 'tls/programs', 'top', 'types',
];

/** Runs a command, shows its output, and returns its exit status and what it printed. */
function watch(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const [stream, target] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        target.write(text);
      });
    }
    child.on('error', (error) => resolve({ status: 1, output: String(error) }));
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

/** A suite that ended badly without naming a failure has one: itself. */
function counted(passed, failed, status) {
  return { passed, failed: failed === 0 && status !== 0 ? 1 : failed };
}

async function rust() {
  const { status, output } = await watch('cargo', ['test', '--locked']);
  let [passed, failed] = [0, 0];
  for (const [, ok, bad] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    passed += Number(ok);
    failed += Number(bad);
  }
  return counted(passed, failed, status);
}

/** Matches the files in these folders of `__tests__`. */
function inside(folders) {
  return `/__tests__/(${folders.join('|')})/`;
}

/** Runs jest under the way `wake` to wake the loop. */
async function jest(wake, args) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-jest-'));
  const report = path.join(folder, 'report.json');
  try {
    const all = [require.resolve('jest/bin/jest'), '--json', `--outputFile=${report}`, ...args];
    const { status } = await watch(process.execPath, all, { RUST_NET_WAKE: wake });
    if (!fs.existsSync(report)) return counted(0, 0, status || 1);
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(fs.readFileSync(report, 'utf8'));
    return counted(numPassedTests, Math.max(numFailedTests, numFailedTestSuites), status);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function types() {
  const { status } = await watch('npx', ['--no-install', 'tsc', '--noEmit', '-p', '__tests__/types']);
  return counted(status === 0 ? 1 : 0, 0, status);
}

/**
 * Platforms whose Rust code is compiled: the other system, the other C library, and the other size of a pointer. From
 * these, the rest of the platforms (`npm run build:all -- --check`) differ in their processors only.
 */
const OTHERS = ['darwin-arm64', 'linux-arm64-musl', 'linux-arm-gnueabihf'];

/** Compiles the Rust code for other platforms: one test each. */
async function platforms() {
  if (!isPossible()) {
    console.log('platforms: NOT CHECKED: their toolchain comes from packages of Debian and PyPI');
    return { passed: 0, failed: 0 };
  }
  const { status, output } = await watch(process.execPath, ['scripts/build-all.js', '--check', '--only', OTHERS.join(',')]);
  const count = (pattern) => [...output.matchAll(pattern)].length;
  return counted(count(/^\S+ +compiles /gm), count(/^\S+ +FAILED/gm), status);
}

const QUICK = {
  'Rust': rust,
  'jest': () => jest('uv', [`--testPathIgnorePatterns=${inside(MATRIX)}`]),
  'types': types,
};

const REST = {
  'platforms': platforms,
  'jest, the matrix': () => jest('uv', [`--testPathPatterns=${inside(MATRIX)}`]),
  'jest, woken by a thread': () => jest('thread', [`--testPathIgnorePatterns=${inside(ONCE)}`]),
};

/** Runs beside the suite that follows: it computes while the matrix waits for packages and for other processes. */
const BESIDE = 'platforms';

const SUITES = { quick: QUICK, rest: REST, all: { ...QUICK, ...REST } };

async function main([which = 'quick']) {
  const suites = SUITES[which];
  if (suites === undefined) throw new Error(`usage: node scripts/test.js [${Object.keys(SUITES).join('|')}]`);
  ensureBuilt();
  if (which !== 'quick') ensurePeers();
  const outcomes = [];
  for (const [name, suite] of Object.entries(suites)) {
    console.log(`\n=== ${name}`);
    const outcome = suite().then((counts) => ({ name, ...counts }));
    outcomes.push(name === BESIDE ? outcome : await outcome);
  }
  const total = { passed: 0, failed: 0 };
  const lines = [];
  for (const { name, passed, failed } of await Promise.all(outcomes)) {
    total.passed += passed;
    total.failed += failed;
    lines.push(`${name}: ${passed} passed, ${failed} failed`);
  }
  console.log(`\n${lines.join('\n')}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

main(process.argv.slice(2));
