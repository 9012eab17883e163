'use strict';

// What a listener throws "must not lose the other events": with an 'uncaughtException' handler, Node goes on, and so do
// all streams, those of the same turn included. Unhandled rejections likewise.

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

/** Ten streams, and in the end an eleventh. Each place with how often its listener runs. */
const PLACES = [
  ['listening', 1],
  ['connection', 11],
  ['accepted connect', 11],
  ['accepted data', 11],
  ['accepted write callback', 11],
  ['accepted end', 10],
  ['accepted close', 10],
  ['client connect', 10],
  ['client data', 10],
  ['client drain', 10],
  ['client write callback', 10],
  ['client end callback', 10],
  ['client error', 10],
  ['server close', 1],
];

describe.each(['throw', 'reject'])('with a handler for what listeners %s', (how) => {
  test.each(PLACES)('in %s, nothing of the other streams is lost and the process goes on serving', async (place, times) => {
    const outcome = await run('survives.js', [place, how]);
    expect(outcome).toEqual({ ...GOOD, stdout: `caught ${times}, served 11, last\n` });
  });
});

test('Event: \'end\': a client without consumer whose \'connect\' listener throws still reads to its end', async () => {
  expect(await run('survives.js', ['unread', 'throw'])).toEqual({ ...GOOD, stdout: 'caught 1, end, close false\n' });
});

test("stream.end(): \"it sends a FIN packet\", also where a 'finish' listener throws before the stream is destroyed", async () => {
  expect(await run('survives.js', ['finish', 'throw'])).toEqual({ ...GOOD, stdout: 'caught 1, received that is all, end\n' });
});
