'use strict';

// The random sequences for `npm run soak`:
//   node __tests__/random/run.js --seconds 60 --seed 1 --only rust-net --way here

const { parseArgs } = require('util');
const { runInherited } = require('./inherit');
const { run } = require('./machine');
const { runInThreads } = require('./threads');
const { runTraces } = require('./traces');

const IMPLEMENTATIONS = {
  'node:net': 'net',
  'rust-net/node': require.resolve('../../node'),
  'rust-net': require.resolve('../..'),
};

/** How sequences are played, and the share of the time that each way has. */
const WAYS = {
  here: { share: 0.55, play: (entry, options) => run(require(entry), options) },
  inherited: { share: 0.15, play: runInherited },
  threads: { share: 0.15, play: runInThreads },
  // Only for today's contract: the events of the page are others.
  traces: { share: 0.15, play: (entry, options) => runTraces(require(entry), options) },
};

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    // Has node:tls wrap the streams of `rust-net/node` in half of its sequences with TLS.
    wraps: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: ['rust-net/node', 'rust-net'] },
    way: { type: 'string', multiple: true, default: Object.keys(WAYS) },
  },
});

let current = Number(values.seed);

async function main() {
  console.log(`random: seed ${values.seed}`);
  process.on('uncaughtExceptionMonitor', () => console.log(`uncaught exception, seed ${current}`));
  for (const name of values.only) {
    const ways = values.way.filter((way) => way !== 'traces' || name !== 'rust-net');
    const shares = ways.reduce((sum, way) => sum + WAYS[way].share, 0);
    for (const way of ways) {
      const { played, failure, idlest = 0 } = await WAYS[way].play(IMPLEMENTATIONS[name], {
        seed: Number(values.seed),
        seconds: (Number(values.seconds) / values.only.length) * (WAYS[way].share / shares),
        wraps: values.wraps,
        onSeed: (seed) => { current = seed; },
      });
      const outcome = failure ? JSON.stringify(failure) : `fine, idle for ${idlest} ms at most`;
      console.log(`${name}, ${way}: ${played} sequences from seed ${values.seed} on: ${outcome}`);
      if (failure) process.exitCode = 1;
    }
  }
}

main();
