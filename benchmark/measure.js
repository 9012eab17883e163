'use strict';

// A workload, measured: rounds of it, in which the sides take turns.

const { Load, Server } = require('./processes');

/** Seconds to warm a server up: its code is compiled before it is measured, on a slow machine and with TLS, too. */
const WARM_UP = 1;

/** The time of a round is cut into so many slices, in which the sides take turns: a disturbance falls on both. */
const SLICES = 8;

/** A server of one side and the load on it, warmed up. */
class Run {
  static async start(program, workload, side, seconds) {
    const run = new Run();
    run.workload = workload;
    run.server = await Server.start(side, workload);
    run.load = new Load(program, workload, run.server, { seconds, warmUp: WARM_UP });
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
    if (this.workload.delay) return this.server.delay();
    return this.workload.memory ? this.server.memory() : this.server.times();
  }

  /** Measures once. What the server did on its own since the last time, such as collecting garbage, counts too. */
  async measure() {
    if (this.workload.resumes) {
      await this.load.prepare();
      this.before = await this.look();
    }
    const { before } = this;
    const { operations, seconds, share, p50, p99 } = await this.load.measure();
    const after = await this.look();
    this.before = after;
    if (this.workload.delay) return { cost: after, p50, p99 };
    if (this.workload.memory) return { cost: (after - before) / 1024 / operations };
    const cpu = after.cpu - before.cpu;
    return {
      cost: cpu / 1000 / operations,
      rate: operations / seconds,
      serverShare: cpu / 1e9 / seconds,
      disturbance: (after.waited - before.waited) / 1e9 / seconds,
      loadShare: share,
      p50,
      p99,
    };
  }

  async stop() {
    await this.load.stop();
    await this.server.stop();
  }
}

/**
 * A round of a workload: as many measurements of each side as there are slices, in turns. In each half of it, servers
 * are new, and another side is the first to be started: that one takes more CPU time from then on.
 */
async function measureRound(program, workload, { round, seconds, sides }) {
  const slices = [];
  for (const order of [sides, [...sides].reverse()]) {
    slices.push(...(await measureHalf(program, workload, { round, seconds, sides: order })));
  }
  return slices;
}

async function measureHalf(program, workload, { round, seconds, sides }) {
  const isWhole = Boolean(workload.memory || workload.delay);
  const [count, time] = isWhole ? [1, seconds] : [SLICES / 2, seconds / SLICES];
  const runs = {};
  const slices = [];
  try {
    for (const side of sides) runs[side] = await naming(side, Run.start(program, workload, side, time));
    for (let i = 0; i < count; i++) {
      const slice = { round };
      // Each slice begins with the side that the last one ended with.
      const order = i % 2 === 0 ? sides : [...sides].reverse();
      for (const side of order) slice[side] = await naming(side, runs[side].measure());
      slices.push(slice);
    }
  } finally {
    for (const run of Object.values(runs)) await run.stop();
  }
  return slices;
}

/** A failure says whose it is. */
async function naming(side, promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Error(`${side}: ${error.message}`, { cause: error });
  }
}

/** All slices of `rounds` rounds of `seconds` for each of the sides. */
async function measureAll(program, workload, { rounds, seconds, sides }) {
  const slices = [];
  for (let round = 0; round < rounds; round++) {
    slices.push(...(await measureRound(program, workload, { round, seconds, sides })));
  }
  return slices;
}

module.exports = { measureAll };
