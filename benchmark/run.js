'use strict';

// `npm run bench`: ours against node:net or another side, taking turns. See README.md beside this file.

const fs = require('fs');
const os = require('os');
const { parseArgs } = require('util');
const { Load, Server, buildLoad, cleanUp, isPinned, isSide } = require('./processes');
const { goals, summarize, table } = require('./report');
const { works } = require('./works');

/** Seconds to warm a server up, so that its code is compiled before it is measured. */
const WARM_UP = 0.4;

/** The time of a round is cut into so many slices, in which the sides take turns: a disturbance falls on both. */
const SLICES = 8;

const USAGE = `Usage: npm run bench -- [options]
  --work NAME      only this work (may be repeated): ${works.map((work) => work.name).join(', ')}
  --rounds N       rounds of each work (default 5)
  --seconds S      how long each side is measured in a round (default 0.8)
  --against SIDE   whom to compare ours with: node (default), node@24 or another version, bun, deno, or tokio, which is
                   the limit: no JavaScript at all
  --server SIDE    only "ours" or the other side, as for a profiler
  --json FILE      also write all that was measured to FILE`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      work: { type: 'string', multiple: true, default: works.map((work) => work.name) },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '0.8' },
      server: { type: 'string' },
      against: { type: 'string', default: 'node' },
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
  if (!isSide(values.against) || values.against === 'ours') {
    throw new Error(`There is no "${values.against}" to compare with.\n${USAGE}`);
  }
  const sides = ['ours', values.against];
  if (values.server !== undefined && !sides.includes(values.server)) {
    throw new Error(`--server must be "ours" or "${values.against}".\n${USAGE}`);
  }
  return {
    help: values.help,
    json: values.json,
    rounds,
    seconds,
    against: values.against,
    sides: values.server === undefined ? sides : [values.server],
    works: works.filter((work) => values.work.includes(work.name) && isPossible(work, values.against)),
  };
}

/** Only Node's own process tells how late its loop is. */
function isPossible(work, against) {
  return !work.delay || against.startsWith('node');
}

/** A server of one side and the load on it, warmed up. */
class Run {
  static async start(program, work, side, seconds) {
    const run = new Run();
    run.work = work;
    run.server = await Server.start(side, work);
    run.load = new Load(program, work, run.server, { seconds, warmUp: WARM_UP });
    try {
      await run.load.ready();
      run.before = await run.look();
    } catch (error) {
      await run.stop();
      throw error;
    }
    return run;
  }

  look() {
    if (this.work.delay) return this.server.delay();
    return this.work.memory ? this.server.memory() : this.server.times();
  }

  /** Measures once. What the server did on its own since the last time, such as collecting garbage, counts too. */
  async measure() {
    if (this.work.resumes) {
      await this.load.prepare();
      this.before = await this.look();
    }
    const { before } = this;
    const { operations, seconds, share, fairness } = await this.load.measure();
    const after = await this.look();
    this.before = after;
    if (this.work.delay) return { cost: after };
    if (this.work.memory) return { cost: (after - before) / 1024 / operations };
    const cpu = after.cpu - before.cpu;
    return {
      cost: cpu / 1000 / operations,
      rate: operations / seconds,
      serverShare: cpu / 1e9 / seconds,
      disturbance: (after.waited - before.waited) / 1e9 / seconds,
      loadShare: share,
      fairness,
    };
  }

  async stop() {
    await this.load.stop();
    await this.server.stop();
  }
}

/** A round of a work: new servers, and as many measurements of each side as there are slices, in turns. */
async function measureRound(program, work, { seconds, sides }) {
  const count = work.memory || work.delay ? 1 : SLICES;
  const runs = {};
  const slices = [];
  try {
    for (const side of sides) runs[side] = await Run.start(program, work, side, seconds / count);
    for (let i = 0; i < count; i++) {
      const slice = {};
      // Each slice begins with the side that the last one ended with.
      const order = i % 2 === 0 ? sides : [...sides].reverse();
      for (const side of order) slice[side] = await runs[side].measure();
      slices.push(slice);
    }
  } finally {
    for (const run of Object.values(runs)) await run.stop();
  }
  return slices;
}

async function measureAll(program, work, options) {
  const slices = [];
  for (let round = 0; round < options.rounds; round++) slices.push(...(await measureRound(program, work, options)));
  return slices;
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
    const summary = summarize(work, await measureAll(program, work, options), options.against);
    summaries.push(summary);
    const [, line] = table([summary], options.against);
    console.error(line);
  }
  console.log(`\n${table(summaries, options.against).join('\n')}`);
  // The goals are about node:net.
  const lines = options.against === 'node' ? goals(summaries) : [];
  if (lines.length > 0) console.log(`\nGoals (node/ours):\n${lines.join('\n')}`);
  if (options.json !== undefined) {
    fs.writeFileSync(options.json, `${JSON.stringify({ machine: machine(), works: summaries }, null, 2)}\n`);
  }
}

process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
