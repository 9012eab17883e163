'use strict';

// The transfers over a bad network for `npm run soak`:
//   node __tests__/network/run.js --seconds 60 --seed 1 --only rust-net

const { parseArgs } = require('util');
const { run } = require('./machine');

const IMPLEMENTATIONS = { 'node:net': 'net', 'rust-net/node': '../../node', 'rust-net': '../..' };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: ['rust-net/node', 'rust-net'] },
  },
});

async function main() {
  for (const name of values.only) {
    const options = { seed: Number(values.seed), seconds: Number(values.seconds) / values.only.length };
    const { played, cuts, failures } = await run(require(IMPLEMENTATIONS[name]), options);
    console.log(`${name}: ${played} transfers from seed ${values.seed} on, cuts: ${JSON.stringify(cuts)}`);
    for (const failure of failures) console.log(JSON.stringify(failure));
    if (failures.length > 0) process.exitCode = 1;
  }
}

main();
