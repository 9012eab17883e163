'use strict';

// "A soak of an hour of mixed clients (slow, fast, cut, TLS, PROXY) during which certificates are replaced, workers die
// and the process is replaced: no lost answer, descriptors and memory flat." A minute of it.

const path = require('path');
const { DEADLINE, run } = require('../lifecycle/child');

const PROGRAM = path.join(__dirname, '..', 'production', 'run.js');

jest.setTimeout(5 * DEADLINE);

test('a minute of the soak', async () => {
  const { stdout, stderr, code } = await run(PROGRAM, ['--seconds', '60'], { deadline: 4 * DEADLINE });
  const summary = JSON.parse(stdout.slice(stdout.indexOf('{')));
  expect([code, stderr, summary.failures]).toEqual([0, '', []]);
  expect(summary).toMatchObject({
    certificates: 4,
    deaths: { drain: 2, exit: 2, terminate: 2, throw: 2 },
    replacements: 2,
  });
  expect(summary.answers).toBeGreaterThan(summary.served);
});
