'use strict';

// Runs the machines named on the command line for longer than the tests do; without a name, `production`:
//   npm run soak -- --minutes 60
//   npm run soak -- random faults --seconds 3600 --seed 1

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');

const root = path.join(__dirname, '..');
const MACHINES = {
  production: '__tests__/production/run.js',
  lifetimes: '__tests__/lifecycle/lifetimes.js',
  random: '__tests__/random/run.js',
  network: '__tests__/network/run.js',
  namespaces: '__tests__/network/namespaces.js',
  faults: 'scripts/faults.js',
  verdicts: '__tests__/tls/verdicts/run.js',
  fuzz: 'scripts/fuzz.js',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0x7fffffff)) },
  },
});

const seconds = values.minutes === undefined ? values.seconds : String(60 * Number(values.minutes));
if (positionals.length === 0) positionals.push('production');
for (const name of positionals) {
  const file = Object.hasOwn(MACHINES, name) ? path.join(root, MACHINES[name]) : undefined;
  let result = 'no such machine';
  if (file !== undefined && fs.existsSync(file)) {
    const { status, signal } = spawnSync(process.execPath, [file, '--seconds', seconds, '--seed', values.seed], { stdio: 'inherit' });
    result = status === 0 ? 'passed' : `FAILED (${signal ?? status})`;
  }
  if (result !== 'passed') process.exitCode = 1;
  console.log(`${name}: seed ${values.seed}, ${seconds} s: ${result}`);
}
