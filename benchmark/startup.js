'use strict';

// `npm run bench:startup`: what a process costs until it listens, with rust-net/register and without; the package is as
// it is published. See README.md beside this file.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');
const { commandOf, isSide } = require('./processes');
const { median } = require('./statistics');

const ROOT = path.join(__dirname, '..');

/** What the process says of itself when `done()` is called. */
const REPORT = `
  const done = () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    require('fs').writeSync(1, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, memory: maxRSS / 1024 }));
    process.exit();
  };
`;

const PROGRAMS = {
  empty: 'done();',
  http: "require('http').createServer().listen(0, 'localhost', done);",
  https: "require('https').createServer().listen(0, 'localhost', done);",
};

const USAGE = `Usage: npm run bench:startup -- [options]
  --rounds N   how often each process is started (default 20)
  --node SIDE  which Node: node (the one that runs, default), or node@26 or another version
  --source     with the modules as in the repository, a file for each`;

/** CPU time in milliseconds, and the most memory in MiB, of a process that runs `program` with these flags. */
function start(node, flags, program) {
  // Node reads these when it starts, or loads TLS, which can take longer than all else.
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '', NODE_OPTIONS: '' };
  return JSON.parse(execFileSync(node, [...flags, '--eval', REPORT + program], { encoding: 'utf8', env }));
}

/** The package as it is published, with the binding of the repository, in `folder`. */
function lay(folder) {
  execFileSync(process.execPath, [path.join(ROOT, 'scripts', 'bundle.js'), folder]);
  for (const name of fs.readdirSync(ROOT).filter((one) => one.endsWith('.node'))) {
    fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
  }
}

/** What `program` costs: the medians without the flag, and of what it costs more with it in the same round. */
function measure(node, register, program, rounds) {
  const without = [];
  const more = [];
  for (let round = 0; round < rounds; round++) {
    const plain = start(node, [], program);
    const ours = start(node, ['--require', register], program);
    without.push(plain);
    more.push({ cpu: ours.cpu - plain.cpu, memory: ours.memory - plain.memory });
  }
  const middle = (list, key) => median(list.map((one) => one[key])).toFixed(1);
  return ['cpu', 'memory'].map((key) => `${middle(without, key)} + ${middle(more, key)}`);
}

function main() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      node: { type: 'string', default: 'node' },
      source: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a count.\n${USAGE}`);
  if (!values.node.startsWith('node') || !isSide(values.node)) throw new Error(`There is no "${values.node}".\n${USAGE}`);
  const { program: node } = commandOf(values.node);
  console.log(execFileSync(node, ['--version'], { encoding: 'utf8' }).trim());
  console.log('program  CPU time, ms   memory, MiB   (without the flag + what the flag adds)');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-startup-'));
  try {
    if (!values.source) lay(folder);
    const register = path.join(values.source ? ROOT : folder, 'register.js');
    for (const [name, program] of Object.entries(PROGRAMS)) {
      const [cpu, memory] = measure(node, register, program, rounds);
      console.log(`${name.padEnd(7)}  ${cpu.padEnd(13)}  ${memory}`);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
