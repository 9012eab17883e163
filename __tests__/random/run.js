'use strict';

// The random sequences for `npm run soak`, and for the tests in a worker:
//   node __tests__/random/run.js --seconds 60 --seed 1 --only rust-net

const { parseArgs } = require('util');
const { run } = require('./machine');

const IMPLEMENTATIONS = { 'node:net': 'net', 'rust-net/node': '../../node', 'rust-net': '../..' };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    // Has node:tls wrap the streams of `rust-net/node` in half of its sequences with TLS.
    wraps: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: ['rust-net/node', 'rust-net'] },
  },
});

let current = Number(values.seed);

async function main() {
  console.log(`random: seed ${values.seed}`);
  process.on('uncaughtExceptionMonitor', () => console.log(`uncaught exception, seed ${current}`));
  for (const name of values.only) {
    const { played, failure, idlest } = await run(require(IMPLEMENTATIONS[name]), {
      seed: Number(values.seed),
      seconds: Number(values.seconds) / values.only.length,
      wraps: values.wraps,
      onSeed: (seed) => { current = seed; },
    });
    const outcome = failure ? JSON.stringify(failure) : `idle for ${idlest} ms at most`;
    console.log(`${name}: ${played} sequences from seed ${values.seed} on: ${outcome}`);
    if (failure) process.exitCode = 1;
  }
}

main();
