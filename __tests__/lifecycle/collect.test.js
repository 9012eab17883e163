'use strict';

// "Garbage collection frees what nobody can reach, nothing that somebody can."

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const node = ['--expose-gc'];

test('what is closed or never was opened is collected', async () => {
  const { stdout, ...outcome } = await run('collects.js', ['what nobody can reach'], { node });
  expect(stdout.trimEnd().split('\n')).toEqual([
    'true a new stream',
    'true a new server',
    'true a closed client',
    'true a closed accepted stream',
    'true a closed server',
    'true a destroyed stream with unsent data',
    'true a stream that was refused',
    'true a stream destroyed while it connects',
  ]);
  expect(outcome).toEqual(GOOD);
});

test('an open stream that nobody refers to keeps being served by its listeners', async () => {
  const outcome = await run('collects.js', ['an open stream that nobody refers to'], { node });
  expect(outcome).toEqual({ ...GOOD, stdout: 'served 0\nserved 1\nserved 2\n' });
});

test('a listening server whose module nobody refers to goes on serving', async () => {
  const outcome = await run('collects.js', ['a server whose module nobody refers to'], { node });
  expect(outcome).toEqual({ ...GOOD, stdout: 'served\n' });
});

test('D26: a module that is loaded again and again, as under jest, gives its engine and descriptors back', async () => {
  // Engines held descriptors; all are back; one 'exit' listener serves all.
  const outcome = await run('collects.js', ['modules'], { node });
  expect(outcome).toEqual({ ...GOOD, stdout: 'true true true\n' });
});
