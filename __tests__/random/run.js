'use strict';

// The random sequences for `npm run soak`: node __tests__/random/run.js --seconds 60 --seed 1

const { parseArgs } = require('util');
const { run } = require('./machine');

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } } });

async function main() {
  for (const [name, net] of [['rust-net/node', require('../../node')], ['rust-net', require('../..')]]) {
    const { played, failure } = await run(net, { seed: Number(values.seed), seconds: Number(values.seconds) / 2 });
    console.log(`${name}: ${played} sequences from seed ${values.seed} on${failure ? `: ${JSON.stringify(failure)}` : ''}`);
    if (failure) process.exitCode = 1;
  }
}

main();
