'use strict';

// D26: "A listening server or an open stream keeps the process alive, unref()/ref() change that".

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const KEEPS = [
  'a listening server',
  'a listening UNIX server',
  'a server that pauses',
  'a server after unref and ref',
  'a server that is referenced before it listens',
  'one server of two',
  'a server closed once and listening again',
  'an accepted stream',
  'a client stream',
  'a paused stream',
  'a stream that has ended its side only',
];

const LETS_GO = [
  'a server that unref has been called on',
  'a server that unref has been called on before it listens',
  'two streams that unref has been called on',
  'a stream with a timeout that unref has been called on',
  'a stream that is destroyed after ref',
  'a stream that has ended',
  'a stream that unref has been called on before it connects',
];

describe('D26: "a listening server or an open stream keeps the process alive"', () => {
  test.each(KEEPS)('%s does', async (name) => {
    expect(await run('stays.js', [name])).toEqual({ ...GOOD, stdout: 'alive\nexit\n' });
  });

  test('a stream that can not connect yet does', async () => {
    const outcome = await run('stays.js', ['a stream that can not connect yet']);
    expect(outcome).toEqual({ ...GOOD, stdout: 'alive\nopening\nexit\n' });
  });

  test.each(KEEPS)('%s does so for a worker thread', async (name) => {
    expect(await run('stays.js', [name, 'worker'])).toEqual({ ...GOOD, stdout: 'alive\nworker 0\nexit\n' });
  });
});

describe('D26: "unref()/ref() change that; nothing else of ours does"', () => {
  test.each(LETS_GO)('%s does not keep the process alive', async (name) => {
    expect(await run('stays.js', [name])).toEqual({ ...GOOD, stdout: 'exit\n' });
  });

  test.each(LETS_GO)('%s does not keep a worker thread alive', async (name) => {
    expect(await run('stays.js', [name, 'worker'])).toEqual({ ...GOOD, stdout: 'worker 0\nexit\n' });
  });
});
