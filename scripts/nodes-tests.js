'use strict';

// Runs tests of Node's own, from a folder outside of this repository, without rust-net/register and with it, and
// compares. What passes without it and fails with it is a finding, unless `nodes-tests.reasons.js` has the reason.
//   node scripts/nodes-tests.js FOLDER --match 'test-net-*' --node /usr/bin/node
//
// FOLDER holds the `test` of Node's repository, of about the version of `--node`. Each file runs in a process of its
// own, as Node's `tools/test.py` runs it.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const REGISTER = path.join(__dirname, '..', 'register.js');

/** The folders of tests, each with whether its tests may run side by side. */
const SUITES = { 'async-hooks': true, 'parallel': true, 'sequential': false };

/** As much of the output of a test is looked at. */
const MAX_OUTPUT = 256 * 1024;

const USAGE = `usage: node scripts/nodes-tests.js FOLDER [options]
  --match GLOB       names of tests, such as 'test-net-*' (may be repeated; default: all)
  --using MODULE     only tests that load one of these modules of Node's (may be repeated)
  --suite NAME       ${Object.keys(SUITES).join(', ')} (may be repeated; default: parallel, sequential)
  --node PATH        the Node that runs them (default: this one)
  --flags FLAGS      more flags for each test, with rust-net/register and without it
  --register PATH    the module that is required in the second run (default: register.js)
  --reasons PATH     the list of reasons (default: nodes-tests.reasons.js)
  --jobs N           tests that run at once (default: 2)
  --seconds N        how long one may take (default: 60)
  --baseline PATH    a file to keep the outcomes without rust-net/register in, so that the next run needs not find out
  --verbose          also name what fails either way, and what has a reason`;

/** A regular expression for a glob with `*`. */
function globbed(glob) {
  const text = glob.replace(/\.m?js$/, '').replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${text}$`);
}

/**
 * The tests below `folder` as `{ name, suite, file }`, sorted: those that match one of `globs`, if there are any, and
 * load one of `modules`, likewise.
 */
function findTests(folder, suites, globs, modules) {
  const patterns = globs.map(globbed);
  const loads = new RegExp(`(?:require\\(|from )'(?:node:)?(?:${modules.join('|')})'`);
  return suites.flatMap((suite) => {
    const place = path.join(folder, suite);
    if (!fs.existsSync(place)) return [];
    return fs.readdirSync(place)
      .filter((file) => /^test-.*\.m?js$/.test(file))
      .map((file) => ({ name: file.replace(/\.m?js$/, ''), suite, file: path.join(place, file) }))
      .filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => pattern.test(name)))
      .filter(({ file }) => modules.length === 0 || loads.test(fs.readFileSync(file, 'utf8')))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  });
}

/** The words after `// Flags:` (or another heading) in a test. */
function heading(source, name) {
  const lines = [...source.matchAll(new RegExp(`//\\s+${name}:(.*)`, 'g'))];
  return lines.flatMap(([, words]) => words.trim().split(/\s+/)).filter((word) => word !== '');
}

/** What a test has complained of: one line. */
function complaint(output) {
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const telling = lines.find((line) => /^(?:Uncaught )?\w*(?:Error|Exception)\b|^Mismatched |panicked/.test(line));
  return (telling ?? lines[0] ?? 'no output').slice(0, 200);
}

/**
 * Runs `test` once, in a group of processes that is ended with it. Returns `{ outcome, why }`, of which `outcome` is
 * 'passed', 'skipped' or 'failed'.
 */
async function runOnce(test, { node, flags, seconds, folder, thread, temporary }) {
  const source = fs.readFileSync(test.file, 'utf8');
  const variables = Object.fromEntries(heading(source, 'Env').map((pair) => pair.split(/=(.*)/s, 2)));
  const env = { ...process.env, NODE_TEST_DIR: temporary, TEST_THREAD_ID: thread, TEST_SERIAL_ID: thread };
  if (SUITES[test.suite]) env.TEST_PARALLEL = '1';
  delete env.NODE_OPTIONS;
  Object.assign(env, variables);
  // A file, as in Node's runner: with a pipe, `process.stdout` would be a socket.
  const report = path.join(temporary, `${thread}.out`);
  const output = fs.openSync(report, 'w');
  const child = spawn(node, [...flags, ...heading(source, 'Flags'), test.file], {
    cwd: path.dirname(folder),
    env,
    stdio: ['ignore', output, output],
    detached: true,
  });
  fs.closeSync(output);
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    endGroup(child.pid);
  }, seconds * 1000);
  const { status, signal, error } = await new Promise((resolve) => {
    child.on('error', (failure) => resolve({ error: failure }));
    child.on('exit', (code, by) => resolve({ status: code, signal: by }));
  });
  clearTimeout(deadline);
  if (error) throw error;
  endGroup(child.pid);
  const printed = fs.readFileSync(report, 'utf8').slice(0, MAX_OUTPUT);
  fs.rmSync(path.join(temporary, `.tmp.${thread}`), { recursive: true, force: true });
  if (status === 0) return { outcome: /^1\.\.0 # Skipped/m.test(printed) ? 'skipped' : 'passed', why: '' };
  if (isLate) return { outcome: 'failed', why: `has not ended in ${seconds} s; ${complaint(printed)}` };
  return { outcome: 'failed', why: signal ? `${signal}: ${complaint(printed)}` : complaint(printed) };
}

/** Ends what a test has left of itself. */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Runs `test` without the flag and with it. A difference has to come twice: tests of Node's depend on their machine,
 * and on what else it does. Returns `{ test, without, with, isSteady }`.
 */
async function compare(test, settings, baseline) {
  const registered = { ...settings, flags: ['--require', settings.register, ...settings.flags] };
  const without = baseline[test.name] ?? (baseline[test.name] = await runOnce(test, settings));
  const found = await runOnce(test, registered);
  if (found.outcome === without.outcome) return { test, without, with: found, isSteady: true };
  baseline[test.name] = await runOnce(test, settings);
  const again = await runOnce(test, registered);
  const isSteady = baseline[test.name].outcome === without.outcome && again.outcome === found.outcome;
  return { test, without: baseline[test.name], with: again, isSteady };
}

/** Compares all `tests`: those of one suite side by side or one after the other. */
async function compareAll(tests, settings, baseline) {
  const results = [];
  for (const suite of new Set(tests.map((test) => test.suite))) {
    const queue = tests.filter((test) => test.suite === suite);
    const width = SUITES[suite] ? settings.jobs : 1;
    await Promise.all(Array.from({ length: width }, async (_, lane) => {
      for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
        const result = await compare(test, { ...settings, thread: String(lane) }, baseline);
        results.push(result);
        settings.onResult(result);
      }
    }));
  }
  return results;
}

/** The reason for `name` on Node `major`, if the list has one. */
function reasonFor(reasons, name, major) {
  return reasons.find(({ tests, nodes = [major] }) => tests.includes(name) && nodes.includes(major))?.reason;
}

/**
 * Sorts results: `findings` are differences without a reason, `explained` those with one, `needless` have a reason and
 * pass, `unsteady` have given different results.
 */
function judge(results, reasons, major) {
  const kinds = ['both', 'neither', 'skipped', 'gained', 'findings', 'explained', 'unsteady', 'needless'];
  const judged = Object.fromEntries(kinds.map((kind) => [kind, []]));
  for (const result of results) {
    const reason = reasonFor(reasons, result.test.name, major);
    const [before, after] = [result.without.outcome, result.with.outcome];
    if (!result.isSteady) judged.unsteady.push(result);
    else if (before === 'skipped') judged.skipped.push(result);
    else if (before === 'failed') judged[after === 'passed' ? 'gained' : 'neither'].push(result);
    else if (after === 'passed') judged[reason ? 'needless' : 'both'].push(result);
    else judged[reason ? 'explained' : 'findings'].push({ ...result, reason });
  }
  return judged;
}

/** The outcomes of `judge` as text. */
function describe(judged, version, verbose) {
  const { both, neither, skipped, gained, findings, explained, unsteady, needless } = judged;
  const line = ({ test, with: { outcome, why }, reason }) => `  ${test.name}: ${reason ?? (why || outcome)}`;
  const list = (title, results) => (results.length === 0 ? [] : [title, ...results.map(line)]);
  const passed = both.length + needless.length;
  return [
    ...(verbose ? list('fail either way:', neither) : []),
    ...(verbose ? list('pass only with rust-net/register:', gained) : []),
    ...(verbose ? list('fail for a reason:', explained) : []),
    ...list('differ from run to run:', unsteady),
    ...list('have a reason to fail, and pass:', needless),
    ...list('pass without rust-net/register and fail with it:', findings),
    `Node ${version}: of the tests that pass without rust-net/register, ${passed} of ` +
      `${passed + findings.length + explained.length} pass with it; ${explained.length} fail for a reason, ` +
      `${findings.length} without one (${neither.length} fail either way, ${gained.length} pass only with it, ` +
      `${skipped.length} skipped, ${unsteady.length} differ from run to run)`,
  ].join('\n');
}

function versionOf(node) {
  const { status, stdout } = require('child_process').spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`no Node: ${node}`);
  return stdout.trim();
}

function readArguments(args) {
  const text = (value) => ({ type: 'string', default: value });
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      match: { type: 'string', multiple: true, default: [] },
      using: { type: 'string', multiple: true, default: [] },
      suite: { type: 'string', multiple: true, default: ['parallel', 'sequential'] },
      node: text(process.execPath),
      flags: text(''),
      register: text(REGISTER),
      reasons: text(path.join(__dirname, 'nodes-tests.reasons.js')),
      jobs: text('2'),
      seconds: text('60'),
      baseline: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  if (positionals.length !== 1) throw new Error(USAGE);
  const [given] = positionals.map((place) => path.resolve(place));
  const inner = path.join(given, 'test');
  return { ...values, folder: fs.existsSync(inner) ? inner : given };
}

async function main(args) {
  const options = readArguments(args);
  const version = versionOf(options.node);
  const tests = findTests(options.folder, options.suite, options.match, options.using);
  if (tests.length === 0) throw new Error(`no such tests in ${options.folder}`);
  const isKept = options.baseline !== undefined;
  const baseline = isKept && fs.existsSync(options.baseline) ? JSON.parse(fs.readFileSync(options.baseline, 'utf8')) : {};
  const known = (baseline[version] ??= {});
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'rn-'));
  let done = 0;
  try {
    const results = await compareAll(tests, {
      ...options,
      flags: options.flags.split(' ').filter((flag) => flag !== ''),
      jobs: Number(options.jobs),
      register: path.resolve(options.register),
      seconds: Number(options.seconds),
      temporary,
      onResult: () => process.stderr.isTTY && process.stderr.write(`\r${++done} of ${tests.length}`),
    }, known);
    const judged = judge(results, require(path.resolve(options.reasons)), Number(version.slice(1).split('.')[0]));
    console.log(describe(judged, version, options.verbose));
    if (judged.findings.length + judged.needless.length > 0) process.exitCode = 1;
  } finally {
    if (isKept) fs.writeFileSync(options.baseline, JSON.stringify(baseline));
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});
