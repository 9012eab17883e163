'use strict';

// `npm run bench`: ours against node:net or another side, taking turns. See README.md beside this file.

const fs = require('fs');
const { parseArgs } = require('util');
const { chart } = require('./chart');
const { measureAll } = require('./measure');
const { describe, origin } = require('./origin');
const { buildLoad, cleanUp, isOurs, isSide } = require('./processes');
const { bottlenecks, failed, goals, summarize, table } = require('./report');
const { works } = require('./works');

const USAGE = `Usage: npm run bench -- [options]
  --work NAME      only this work (may be repeated): ${works.map((work) => work.name).join(', ')}
  --rounds N       rounds of each work (default 5)
  --seconds S      how long each side is measured in a round (default 0.8)
  --ours SIDE      which of ours: rust-net (default), or rust-net/node
  --against SIDE   whom to compare ours with: node (default), node@24 or another version, bun, deno, or tokio, which is
                   the limit: no JavaScript at all
  --server SIDE    only "ours" or the other side, as for a profiler
  --json FILE      also write all that was measured to FILE
  --svg FILE       also draw a chart of the ratios`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      work: { type: 'string', multiple: true, default: works.map((work) => work.name) },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '0.8' },
      server: { type: 'string' },
      ours: { type: 'string', default: 'rust-net' },
      against: { type: 'string', default: 'node' },
      json: { type: 'string' },
      svg: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const unknown = values.work.find((name) => !works.some((work) => work.name === name));
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (unknown !== undefined) throw new Error(`There is no work "${unknown}".\n${USAGE}`);
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error(`--rounds must be a count.\n${USAGE}`);
  if (!(seconds > 0)) throw new Error(`--seconds must be a time.\n${USAGE}`);
  if (!isOurs(values.ours)) throw new Error(`"${values.ours}" is not ours.\n${USAGE}`);
  if (!isSide(values.against) || values.against === values.ours) {
    throw new Error(`There is no "${values.against}" to compare with.\n${USAGE}`);
  }
  if (values.server !== undefined && !['ours', values.against].includes(values.server)) {
    throw new Error(`--server must be "ours" or "${values.against}".\n${USAGE}`);
  }
  const sides = [values.ours, values.against];
  return {
    help: values.help,
    json: values.json,
    svg: values.svg,
    rounds,
    seconds,
    ours: values.ours,
    against: values.against,
    sides: values.server === undefined ? sides : [values.server === 'ours' ? values.ours : values.against],
    works: works.filter((work) => values.work.includes(work.name) && isPossible(work, values.against)),
  };
}

/** Only Node's own process tells how late its loop is. */
function isPossible(work, against) {
  return !work.delay || against.startsWith('node') || isOurs(against);
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const program = buildLoad();
  const from = origin('bench', options.sides);
  console.log(`${describe(from.machine)}\n${Object.entries(from.versions).map((pair) => pair.join(': ')).join('\n')}`);
  const summaries = [];
  for (const work of options.works) {
    const summary = await measure(program, work, options);
    summaries.push(summary);
    const [, line] = table([summary], options.against);
    console.error(line);
  }
  console.log(`\n${table(summaries, options.against).join('\n')}`);
  list('The load was the limit', bottlenecks(summaries, options.against));
  // The goals are about node:net.
  if (options.against === 'node') list('Goals (node/ours)', goals(summaries));
  const { ours, against, rounds, seconds } = options;
  const result = { ...from, ours, against, rounds, seconds, works: summaries };
  if (options.json !== undefined) fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.svg !== undefined) fs.writeFileSync(options.svg, chart(result));
  if (summaries.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

/** What a work amounts to. That it could not be measured doesn't keep the others from it. */
async function measure(program, work, options) {
  try {
    return summarize(work, await measureAll(program, work, options), options);
  } catch (error) {
    return failed(work, error);
  }
}

function list(title, lines) {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.join('\n')}`);
}

process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
