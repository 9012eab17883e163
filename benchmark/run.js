'use strict';

// `npm run bench`: ours against node:net, in rounds that take turns. See README.md beside this file.

const fs = require('fs');
const os = require('os');
const { parseArgs } = require('util');
const { Load, Server, buildLoad, isPinned, killAll } = require('./processes');
const { goals, summarize, table } = require('./report');
const { works } = require('./works');

const MODULES = { ours: 'rust-net', node: 'net' };

/** Seconds to warm a server up, so that its code is compiled before it is measured. */
const WARM_UP = 0.4;

const USAGE = `Usage: npm run bench -- [options]
  --work NAME      only this work (may be repeated): ${works.map((work) => work.name).join(', ')}
  --rounds N       rounds of each work (default 5)
  --seconds S      how long each measurement takes (default 0.8)
  --server SIDE    only "ours" or "node", as for a profiler
  --json FILE      also write all that was measured to FILE`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      work: { type: 'string', multiple: true, default: works.map((work) => work.name) },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '0.8' },
      server: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const unknown = values.work.find((name) => !works.some((work) => work.name === name));
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (unknown !== undefined) throw new Error(`There is no work "${unknown}".\n${USAGE}`);
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error(`--rounds must be a count.\n${USAGE}`);
  if (!(seconds > 0)) throw new Error(`--seconds must be a time.\n${USAGE}`);
  if (values.server !== undefined && !(values.server in MODULES)) {
    throw new Error(`--server must be "ours" or "node".\n${USAGE}`);
  }
  return {
    help: values.help,
    json: values.json,
    rounds,
    seconds,
    sides: values.server === undefined ? Object.keys(MODULES) : [values.server],
    works: works.filter((work) => values.work.includes(work.name)),
  };
}

/** One measurement of one side, with a server of its own. */
async function measure(program, work, side, seconds) {
  const server = await Server.start(MODULES[side], work);
  const load = new Load(program, work, server, { seconds, warmUp: WARM_UP });
  try {
    await load.ready();
    const look = () => (work.memory ? server.memory() : server.times());
    const before = await look();
    const { operations, seconds: time, share, fairness } = await load.measure();
    const after = await look();
    if (work.memory) return { cost: (after - before) / 1024 / operations };
    const cpu = after.cpu - before.cpu;
    return {
      cost: cpu / 1000 / operations,
      rate: operations / time,
      serverShare: cpu / 1e9 / time,
      disturbance: (after.waited - before.waited) / 1e9 / time,
      loadShare: share,
      fairness,
    };
  } finally {
    await load.stop();
    await server.stop();
  }
}

/** All rounds of a work. Each round begins with the other side. */
async function measureAll(program, work, { rounds, seconds, sides }) {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? sides : sides.toReversed?.() ?? [...sides].reverse();
    const result = {};
    for (const side of order) result[side] = await measure(program, work, side, seconds);
    measured.push(result);
  }
  return measured;
}

function machine() {
  const cores = isPinned ? 'server and load on a core of their own' : 'not pinned';
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${os.availableParallelism()} cores, ${cores}`;
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const program = buildLoad();
  console.log(machine());
  const summaries = [];
  for (const work of options.works) {
    const summary = summarize(work, await measureAll(program, work, options));
    summaries.push(summary);
    const [, line] = table([summary]);
    console.error(line);
  }
  console.log(`\n${table(summaries).join('\n')}`);
  const lines = goals(summaries);
  if (lines.length > 0) console.log(`\nGoals (node/ours):\n${lines.join('\n')}`);
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify({ machine: machine(), works: summaries }, null, 2)}\n`);
  }
}

process.on('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
