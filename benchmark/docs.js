'use strict';

// `npm run bench:docs`: all that docs/performance.md and the README show, one command after the other. Charts go to
// docs/performance/, tables to docs/performance.md, and what was measured and printed to results/, which is not in git.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');
const { fill } = require('./tables');

const RESULTS = path.join(__dirname, 'results');
const CHARTS = path.join(__dirname, '..', 'docs', 'performance');
const PAGE = `${CHARTS}.md`;

/** Works that show how near the limit is; the others have no part in which JavaScript could be left out. */
const NEAR_LIMIT = [
  'echo-1', 'echo-50', 'echo-500', 'echo-4k', 'pipelined', 'strings', 'replies', 'connect', 'unix', 'in-4', 'proxy-50',
  'tls-connect', 'tls-echo-50', 'tls-in-1',
];

const each = (option, names) => names.flatMap((name) => [option, name]);

/** Works that there is a server on io_uring for. */
const ECHOES = ['echo-1', 'echo-50', 'echo-500', 'echo-4k', 'unix'];

/** What there is to be done: the script, and what it is asked for besides the rounds. */
const steps = [
  { name: 'node', script: 'run.js', args: ['--svg', path.join(CHARTS, 'works.svg')] },
  { name: 'tokio', script: 'run.js', args: ['--against', 'tokio', ...each('--workload', NEAR_LIMIT)] },
  { name: 'io_uring', script: 'run.js', args: ['--against', 'io_uring', ...each('--workload', ECHOES)] },
  { name: 'curves', script: 'curves.js', args: ['--svg', CHARTS] },
  { name: 'scale', script: 'scale.js', args: [] },
  // Only when they are asked for: each needs as long as all before.
  { name: 'node@26', script: 'run.js', args: ['--ours', 'rust-net@26', '--against', 'node@26'], isExtra: true },
  ...['bun', 'deno'].map((against) => (
    { name: against, script: 'run.js', args: ['--against', against], isExtra: true }
  )),
  { name: 'entry', script: 'run.js', args: ['--ours', 'rust-net/node'], isExtra: true },
];

const USAGE = `Usage: npm run bench:docs -- [options]
  --rounds N       rounds of everything (default 3)
  --step NAME      only this step (may be repeated): ${steps.map(({ name }) => name).join(', ')}
                   (default: ${steps.filter(({ isExtra }) => !isExtra).map(({ name }) => name).join(', ')})
  --tables         only makes the tables again, from what was measured before`;

/** Runs a step, shows what it prints and keeps it. */
async function take({ name, script, args }, rounds) {
  const output = fs.createWriteStream(path.join(RESULTS, `${name}.txt`));
  const all = [path.join(__dirname, script), ...args, '--rounds', rounds, '--json', path.join(RESULTS, `${name}.json`)];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.pipe(output);
  child.stdout.pipe(process.stdout, { end: false });
  const [code, signal] = await once(child, 'close');
  return code === 0 ? 'done' : `FAILED (${signal ?? `exit status ${code}`})`;
}

/** What was measured so far, by the names of the steps. */
function measured() {
  const files = steps.map(({ name }) => [name, path.join(RESULTS, `${name}.json`)]).filter(([, file]) => fs.existsSync(file));
  return Object.fromEntries(files.map(([name, file]) => [name, JSON.parse(fs.readFileSync(file, 'utf8'))]));
}

/** Makes the tables of the page, of all that was measured so far. */
function tabulate() {
  const { page, left } = fill(fs.readFileSync(PAGE, 'utf8'), measured());
  fs.writeFileSync(PAGE, page);
  if (left.length > 0) console.log(`\nTables that are as they were, for lack of results: ${left.join(', ')}`);
}

async function main() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      step: { type: 'string', multiple: true },
      tables: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const unknown = values.step?.find((name) => !steps.some((step) => step.name === name));
  if (unknown !== undefined) throw new Error(`There is no step "${unknown}".\n${USAGE}`);
  for (const folder of [RESULTS, CHARTS]) fs.mkdirSync(folder, { recursive: true });
  if (values.tables) {
    tabulate();
    return;
  }
  for (const step of steps.filter(({ name, isExtra }) => values.step?.includes(name) ?? !isExtra)) {
    const began = Date.now();
    console.log(`\n== ${step.name}\n`);
    const outcome = await take(step, values.rounds);
    if (outcome !== 'done') process.exitCode = 1;
    console.log(`\n== ${step.name}: ${outcome}, after ${((Date.now() - began) / 60_000).toFixed(1)} minutes`);
  }
  tabulate();
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
