'use strict';

// scripts/nodes-tests.js, on tests that are made here: what it calls a finding, and what makes it fail.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');

const SCRIPT = path.join(__dirname, '../../scripts/nodes-tests.js');

/** A test that passes unless the module that stands for rust-net/register is loaded. */
const BREAKS = "if (globalThis.isRegistered) throw new TypeError('not with this');";

/**
 * Runs the script on `tests`, `{ 'suite/name': source }`. Returns its exit status, what it prints, and `runs`, the
 * lines that the tests have added to the file named by the variable RUNS.
 */
function run(tests, { reasons = [], args = [] } = {}) {
  const folder = scratch();
  const write = (name, text) => {
    fs.mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  for (const [name, source] of Object.entries(tests)) write(`test/${name}.js`, source);
  const register = write('register.js', 'globalThis.isRegistered = true;');
  const list = write('reasons.js', `module.exports = ${JSON.stringify(reasons)};`);
  const runs = write('runs', '');
  const given = [SCRIPT, folder, '--register', register, '--reasons', list, '--seconds', '20', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, given, {
    encoding: 'utf8',
    env: { ...process.env, RUNS: runs },
  });
  return { status, text: stdout + stderr, runs: fs.readFileSync(runs, 'utf8').split('\n').filter(Boolean) };
}

test('what passes without and fails with it is a finding, named with its error; all else is not', () => {
  const { status, text } = run({
    'parallel/test-both': '',
    'parallel/test-neither': 'process.exit(1);',
    'parallel/test-gained': 'process.exitCode = globalThis.isRegistered ? 0 : 1;',
    'parallel/test-skipped': "console.log('1..0 # Skipped: no reason');",
    'sequential/test-breaks': BREAKS,
    'parallel/no-test': 'process.exit(1);',
  });
  expect(status).toBe(1);
  expect(text).toContain('pass without rust-net/register and fail with it:\n  test-breaks: TypeError: not with this\n');
  expect(text).toContain('1 of 2 pass with it; 0 fail for a reason, 1 without one');
  expect(text).toContain('(1 fail either way, 1 pass only with it, 1 skipped, 0 differ from run to run)');
});

test('a reason makes a finding none, on the Node that it is for', () => {
  const [here] = process.versions.node.split('.').map(Number);
  const reason = 'made to break';
  const explained = run({ 'parallel/test-breaks': BREAKS }, { reasons: [{ tests: ['test-breaks'], reason }] });
  expect(explained.status).toBe(0);
  expect(explained.text).toContain('0 of 1 pass with it; 1 fail for a reason, 0 without one');
  const elsewhere = [{ tests: ['test-breaks'], nodes: [here + 2], reason }];
  expect(run({ 'parallel/test-breaks': BREAKS }, { reasons: elsewhere }).status).toBe(1);
});

test('a reason that is not needed is as bad as a finding', () => {
  const { status, text } = run({ 'parallel/test-both': '' }, { reasons: [{ tests: ['test-both'], reason: 'hearsay' }] });
  expect(status).toBe(1);
  expect(text).toContain('have a reason to fail, and pass:\n  test-both: passed\n');
});

test('a test runs with its flags, in a folder of its own, and not for longer than it may', () => {
  const hangs = 'if (globalThis.isRegistered) setInterval(() => {}, 1000);';
  const { text } = run(
    {
      'parallel/test-flags': `// Flags: --expose-gc --no-warnings\nif (!globalThis.gc) throw new Error('no flags');`,
      'parallel/test-folder': "require('fs').mkdirSync(process.env.NODE_TEST_DIR + '/.tmp.' + process.env.TEST_THREAD_ID);",
      'parallel/test-hangs': hangs,
    },
    { args: ['--seconds', '2', '--jobs', '1'] },
  );
  expect(text).toContain('  test-hangs: has not ended in 2 s');
  expect(text).toContain('2 of 3 pass with it');
});

test('what differs from run to run is named apart', () => {
  const source = "const fs = require('fs'); fs.appendFileSync(process.env.RUNS, '.\\n');"
    + "process.exitCode = fs.readFileSync(process.env.RUNS, 'utf8').length === 4 ? 1 : 0;";
  const { status, text } = run({ 'parallel/test-moody': source });
  expect(status).toBe(0);
  expect(text).toContain('differ from run to run:\n  test-moody: passed\n');
});

test('--match and --using choose, and --baseline remembers what passed without it', () => {
  const source = "require('fs').appendFileSync(process.env.RUNS, String(Boolean(globalThis.isRegistered)) + '\\n');";
  const tests = { 'parallel/test-net-one': source, 'parallel/test-http-one': source };
  const baseline = path.join(scratch(), 'baseline.json');
  const args = ['--match', 'test-net-*', '--baseline', baseline];
  expect(run(tests, { args }).runs).toEqual(['false', 'true']);
  expect(run(tests, { args }).runs).toEqual(['true']);
  expect(run(tests, { args: ['--using', 'fs', '--match', '*-net-*'] }).runs).toEqual(['false', 'true']);
  expect(run(tests, { args: ['--using', 'net'] }).status).toBe(2);
  expect(run(tests, { args: ['--match', 'nothing'] }).status).toBe(2);
});
