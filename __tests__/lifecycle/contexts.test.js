'use strict';

// The asynchronous contexts of events, as in Node, where only a process of its own can show them.

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const RUNS = {
  'what is thrown comes up in the context of its event': ['uncaught', 'accepted,,TCPWRAP connected,client,TCPWRAP true\n'],
  'what is accepted is in the root context, wherever the engine was started': ['accepted', 'data undefined\n'],
};

describe.each(Object.entries(RUNS))('%s', (_, [what, stdout]) => {
  test('with node:net', async () => {
    expect(await run('contexts.js', ['node', what])).toEqual({ ...GOOD, stdout });
  });

  test('with ours', async () => {
    expect(await run('contexts.js', ['ours', what])).toEqual({ ...GOOD, stdout });
  });
});

test('a stream whose server a hook has closed is closed, too', async () => {
  expect(await run('contexts.js', ['ours', 'hook'])).toEqual({ ...GOOD, stdout: 'closed\n' });
});

test('a stream that a hook destroys as it connects is not connected', async () => {
  expect(await run('contexts.js', ['ours', 'destroyed'])).toEqual({ ...GOOD, stdout: 'closed\n' });
});
