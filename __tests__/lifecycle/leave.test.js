'use strict';

// D26: "process.exit() and worker.terminate() at any moment neither crash nor hang"; and what a listener throws is an
// uncaught exception, as in Node: exit code 1 and the message.

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const PLACES = [
  'server listening',
  'listen callback',
  'server connection',
  'accepted connect',
  'accepted data',
  'accepted drain',
  'accepted end',
  'accepted finish',
  'accepted close',
  'accepted error',
  'accepted write callback',
  'after connect',
  'lookup function',
  'client lookup',
  'client connectionAttempt',
  'client connect',
  'client ready',
  'connect callback',
  'client data',
  'client drain',
  'client end',
  'client finish',
  'client close',
  'client timeout',
  'client write callback',
  'client end callback',
  'refused connectionAttemptFailed',
  'refused error',
  'refused close',
  'busy server error',
  'server drop',
  'server close',
  'server close callback',
  'tick',
  'microtask',
  'immediate',
];

describe('D26: "process.exit() at any moment neither crashes nor hangs"', () => {
  test.each(PLACES)('in %s, in the main thread and in a worker', async (place) => {
    const [main, worker] = await Promise.all([
      run('leaves.js', [place, 'exit']),
      run('leaves.js', [place, 'exit', 'worker']),
    ]);
    expect(main).toEqual({ code: 7, signal: null, stdout: '', stderr: '' });
    expect(worker).toEqual({ ...GOOD, stdout: 'worker 7\n' });
  });
});

describe('D26: what a listener throws ends the process as in Node, with code 1 and the message', () => {
  test.each(PLACES)('in %s', async (place) => {
    const [thrown, rejected, worker] = await Promise.all([
      run('leaves.js', [place, 'throw']),
      run('leaves.js', [place, 'reject']),
      run('leaves.js', [place, 'throw', 'worker']),
    ]);
    const end = { code: 1, signal: null, stdout: '' };
    const message = (what) => expect.stringContaining(`\nError: ${what} in ${place}\n    at leave `);
    expect(thrown).toEqual({ ...end, stderr: message('thrown') });
    expect(rejected).toEqual({ ...end, stderr: message('rejected') });
    expect(worker).toEqual({ ...GOOD, stdout: `error thrown in ${place}\nworker 1\n` });
  });
});
