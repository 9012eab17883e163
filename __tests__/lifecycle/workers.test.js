'use strict';

// D26: "a script that closes all it opened exits by itself, in a worker thread [too], and process.exit() and
// worker.terminate() at any moment neither crash nor hang".

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const SCENARIOS = [
  ['terminate an echo server', 'terminated 12'],
  ['terminate several echo servers at once', 'terminated 12'],
  ['terminate a flooding server', 'terminated 12'],
  ['terminate clients', 'terminated 12'],
  ['terminate openings', 'terminated 12'],
  ['terminate traffic with itself', 'terminated 12'],
  ['terminate a worker in a worker', 'terminated 12'],
  ['terminate before it has begun', 'terminated 12'],
  ['terminate at any time of the start', 'terminated 12'],
  ['exit with workers in full traffic', 'busy'],
  ['a worker that ends by itself', 'hello 0'],
  ['a worker told to end', 'hello 0'],
  ['a worker that throws', 'thrown in a worker'],
  ['a worker that calls process.exit', 'exited 12'],
  ['two workers that talk to each other', 'terminated 12'],
];

test.each(SCENARIOS)('D26: workers at any moment neither crash nor hang: %s', async (name, said) => {
  expect(await run('workers.js', [name])).toEqual({ ...GOOD, stdout: `${said}\n` });
});
