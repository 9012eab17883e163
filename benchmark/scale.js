'use strict';

// `npm run bench:scale`: what several processes, or several worker threads, on one port (`reusePort`) get done,
// compared with one. See README.md beside this file.

const fs = require('fs');
const { runInUsualNetwork } = require('./network');
const { readOptions, runMain } = require('./options');
const { describe, origin } = require('./origin');
const { Load, Server, buildLoad, cleanUp } = require('./processes');
const { median, range } = require('./statistics');

const WARM_UP = 0.4;
const SLICES = 4;

/** Servers and the load share the same two cores: there is no third one for a load of its own. */
const CORES = 2;

const workloads = [
  { name: 'echo', title: 'echo 64 B x 50', server: 'echo', load: 'echo', connections: 50, isShared: true },
  { name: 'compute', title: 'echo after 0.1 ms of JavaScript', server: 'compute', load: 'echo', connections: 50, isShared: true },
];

/** How the port is shared. */
const ways = [
  { name: '1 process', processes: 1 },
  { name: '2 processes', processes: 2 },
  { name: '2 workers', processes: 1, workers: 2 },
];

const USAGE = `Usage: npm run bench:scale -- [options]
  --rounds N       rounds of each workload (default 3)
  --seconds S      how long each way is measured in a round (default 0.8)
  --ours SIDE      which of ours: rust-net (default), or rust-net/node
  --json FILE      also write all that was measured to FILE`;

/** The servers of one way, and the load on them. */
class Group {
  static async start(program, workload, side, { processes, workers }, seconds) {
    const group = new Group();
    group.servers = [];
    try {
      for (let i = 0; i < processes; i++) {
        const port = group.servers[0]?.place ?? 0;
        group.servers.push(await Server.start(side, { ...workload, ...(workers ? { workers } : { port }) }));
      }
      group.load = new Load(program, workload, group.servers[0], { seconds, warmUp: WARM_UP });
      await group.load.ready();
    } catch (error) {
      await group.stop();
      throw error;
    }
    return group;
  }

  async measure() {
    const before = await this.cpu();
    const { operations, seconds, cpu, p50, p99 } = await this.load.measure();
    const after = await this.cpu();
    const shares = after.map((one, i) => one - before[i]);
    const total = shares.reduce((sum, one) => sum + one);
    return {
      rate: operations / seconds,
      cost: (total * 1e6) / operations,
      loadCost: (cpu * 1e6) / operations,
      busy: (total + cpu) / seconds,
      least: Math.min(...shares) / total,
      p50,
      p99,
    };
  }

  /** CPU time of each process, in seconds. */
  async cpu() {
    return Promise.all(this.servers.map(async (server) => (await server.times()).cpu / 1e9));
  }

  async stop() {
    await this.load?.stop();
    for (const server of this.servers) await server.stop();
  }
}

/** A round: each way has new servers, and they take turns. */
async function measureRound(program, workload, { ours, seconds }, round) {
  const groups = [];
  const slices = [];
  try {
    for (const way of ways) groups.push(await Group.start(program, workload, ours, way, seconds / SLICES));
    for (let i = 0; i < SLICES; i++) {
      const measured = [];
      for (const group of groups) measured.push(await group.measure());
      slices.push({ round, measured });
    }
  } finally {
    for (const group of groups) await group.stop();
  }
  return slices;
}

/** What each way amounts to, and its rate compared with that of the first way in the same slice. */
function summarize(slices) {
  const rounds = [...new Set(slices.map(({ round }) => round))];
  return ways.map(({ name }, i) => {
    const keys = ['rate', 'cost', 'loadCost', 'busy', 'least', 'p50', 'p99'];
    const medians = keys.map((key) => [key, median(slices.map(({ measured }) => measured[i][key]))]);
    const gains = rounds.map((round) => slices
      .filter((slice) => slice.round === round)
      .map(({ measured }) => measured[i].rate / measured[0].rate));
    return { name, ...Object.fromEntries(medians), gain: median(gains.flat()), spread: range(gains) };
  });
}

/**
 * The most that the rate could grow by: one server's loop can't use more than a core, nor can the load, and all of them
 * together not more than the cores.
 */
function most({ cost, loadCost }) {
  const one = 1 / Math.max(cost, loadCost, (cost + loadCost) / CORES);
  const several = 1 / Math.max(loadCost, (cost + loadCost) / CORES);
  return several / one;
}

function lines(workload, summary) {
  const limit = most(summary[0]);
  return [
    `${workload.title}: on ${CORES} cores, the rate could grow by ${limit.toFixed(2)} at most`,
    ...summary.map(({ name, rate, gain, spread, cost, busy, least, p50, p99 }) => [
      `  ${name.padEnd(11)}`,
      `${Math.round(rate)}/s`.padStart(9),
      `${gain.toFixed(2)} (${spread.map((one) => one.toFixed(2)).join('-')})`,
      `${cost.toFixed(2)} us of CPU`,
      `p50/p99 ${Math.round(p50)}/${Math.round(p99)} us`,
      `${busy.toFixed(2)} of ${CORES} cores busy`,
      least < 1 ? `least busy process: ${Math.round(least * 100)}%` : '',
    ].filter(Boolean).join('  ')),
  ];
}

async function main() {
  const options = readOptions(USAGE, { rounds: '3', seconds: '0.8', isAlone: true });
  const program = buildLoad();
  const from = origin('bench:scale', [options.ours]);
  if (await runInUsualNetwork()) return;
  console.log(describe({ ...from.machine, pinned: false }));
  const result = { ...from, rounds: options.rounds, seconds: options.seconds, workloads: {} };
  for (const workload of workloads) {
    const slices = [];
    for (let round = 0; round < options.rounds; round++) {
      slices.push(...(await measureRound(program, workload, options, round)));
    }
    const summary = summarize(slices);
    result.workloads[workload.name] = { ways: summary, most: most(summary[0]) };
    console.log(lines(workload, summary).join('\n'));
  }
  if (options.json !== undefined) fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
}

runMain(main, cleanUp);
