'use strict';

// `npm test`: installs and builds what is missing, and the programs that the TLS tests talk to, where it may; then runs
// the Rust unit tests, jest once for each way to wake the loop, and the type tests. Ends with `N passed, N failed` over
// all of them.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, ensureBuilt } = require('./ensure-built');
const { ensurePeers } = require('./peers');

/** Runs a command, shows its output, and gives its exit status and what it printed. */
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

async function jest(wake) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-jest-'));
  const report = path.join(folder, 'report.json');
  try {
    const args = [require.resolve('jest/bin/jest'), '--json', `--outputFile=${report}`];
    const { status } = await watch(process.execPath, args, { RUST_NET_WAKE: wake });
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

async function main() {
  ensureBuilt();
  ensurePeers();
  const suites = {
    'Rust': rust,
    'jest, woken by libuv': () => jest('uv'),
    'jest, woken by a thread': () => jest('thread'),
    'types': types,
  };
  const total = { passed: 0, failed: 0 };
  const lines = [];
  for (const [name, suite] of Object.entries(suites)) {
    console.log(`\n=== ${name}`);
    const { passed, failed } = await suite();
    total.passed += passed;
    total.failed += failed;
    lines.push(`${name}: ${passed} passed, ${failed} failed`);
  }
  console.log(`\n${lines.join('\n')}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

main();
