'use strict';

// `npm run bench`: ours against node:net or another side, taking turns. See README.md beside this file.

const fs = require('fs');
const { chart } = require('./chart');
const { measureAll } = require('./measure');
const { runInUsualNetwork } = require('./network');
const { chosen, readOptions, runMain } = require('./options');
const { describe, origin } = require('./origin');
const { buildLoad, cleanUp, runsNode } = require('./processes');
const { bottlenecks, failed, summarize, table } = require('./report');
const { usesNodesModules, workloads } = require('./workloads');

const USAGE = `Usage: npm run bench -- [options]
  --workload NAME  only this workload (may be repeated): ${workloads.map((workload) => workload.name).join(', ')}
  --rounds N       rounds of each workload (default 5)
  --seconds S      how long each side is measured in a round (default 0.8)
  --ours SIDE      which of ours: rust-net (default), or rust-net/node; rust-net/node@26 is the same on another Node
  --against SIDE   whom to compare ours with: node (default), node@24 or another version, bun, deno, tokio, which is
                   the limit: no JavaScript at all, io_uring, which is the same for the echo, on another interface, or
                   the folder of another checkout, built
  --server SIDE    only "ours" or the other side, as for a profiler
  --json FILE      also write all that was measured to FILE
  --svg FILE       also draw a chart of the ratios`;

function read() {
  const names = workloads.map((workload) => workload.name);
  const options = readOptions(USAGE, {
    rounds: '5',
    seconds: '0.8',
    workload: { type: 'string', multiple: true },
    // Its former name.
    work: { type: 'string', multiple: true },
    server: { type: 'string' },
  });
  const { against, ours, server } = options;
  if (server !== undefined && !['ours', against].includes(server)) {
    throw new Error(`--server must be "ours" or "${against}".\n${USAGE}`);
  }
  const named = [...(options.workload ?? []), ...(options.work ?? [])];
  const wanted = chosen(named.length > 0 ? named : names, names, 'workload', USAGE);
  return {
    ...options,
    sides: server === undefined ? options.sides : [server === 'ours' ? ours : against],
    workloads: workloads.filter((workload) => wanted.includes(workload.name) && isPossible(workload, against)),
  };
}

/** Only Node's own process tells how late its loop is, and only a runtime of JavaScript has its modules. */
function isPossible(workload, against) {
  if (workload.delay) return runsNode(against);
  return !usesNodesModules(workload) || !['tokio', 'io_uring'].includes(against);
}

async function main() {
  const options = read();
  const program = buildLoad();
  const from = origin('bench', options.sides);
  if (await runInUsualNetwork()) return;
  console.log(`${describe(from.machine)}\n${Object.entries(from.versions).map((pair) => pair.join(': ')).join('\n')}`);
  const summaries = [];
  for (const workload of options.workloads) {
    const summary = await measure(program, workload, options);
    summaries.push(summary);
    const [, line] = table([summary], options.against);
    console.error(line);
  }
  console.log(`\n${table(summaries, options.against).join('\n')}`);
  list('The load was the limit', bottlenecks(summaries, options.against));
  const { ours, against, rounds, seconds } = options;
  const result = { ...from, ours, against, rounds, seconds, workloads: summaries };
  if (options.json !== undefined) fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.svg !== undefined) fs.writeFileSync(options.svg, chart(result));
  if (summaries.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

/** What a workload amounts to. That it could not be measured doesn't keep the others from it. */
async function measure(program, workload, options) {
  try {
    return summarize(workload, await measureAll(program, workload, options), options);
  } catch (error) {
    return failed(workload, error);
  }
}

function list(title, lines) {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.join('\n')}`);
}

runMain(main, cleanUp);
