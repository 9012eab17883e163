'use strict';

// Compares verdicts for as long as one likes: node __tests__/tls/verdicts/run.js --seconds 3600 --seed 1
// `--case N` shows one case: its description, and what both say of it.

const { parseArgs } = require('util');
const rustNet = require('../../..');
const { caseOf } = require('./cases');
const { Comparison } = require('./compare');

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' }, case: { type: 'string' } } });

async function main() {
  const comparison = await new Comparison(rustNet).open();
  const first = Number(values.case ?? values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const until = Date.now() + 1000 * Number(values.seconds ?? 60);
  console.log(`The first case is ${first}.`);
  if (values.case !== undefined) console.dir(caseOf(first), { depth: null });
  let seed = first;
  do {
    for (const finding of await comparison.compare(seed)) {
      process.exitCode = 1;
      console.log(JSON.stringify(finding));
    }
    seed += 1;
  } while (values.case === undefined && Date.now() < until);
  comparison.close();
  console.log(`The last case is ${seed - 1}.`, comparison.counts);
  const differences = [...comparison.differences].sort((a, b) => b[1] - a[1]);
  for (const [reason, count] of differences) console.log(String(count).padStart(6), reason);
}

main();
