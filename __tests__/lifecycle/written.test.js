'use strict';

// D12: "Small writes of one turn of the event loop may be gathered [...] as long as [...] nothing is lost when the
// process exits normally". The peer is node:net, in another process.

const net = require('net');
const path = require('path');
const { collect, listening, scratch } = require('../helpers');
const { DEADLINE, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const LINES = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join('');

const PLACES = [
  ['connect', LINES],
  ['data', LINES],
  ['a microtask', LINES],
  ['a tick', LINES],
  ['an immediate', LINES],
  ['a write callback', `first\n${LINES}`],
  ['end', 'the end\n'],
  ['corked writes', LINES],
  ['an exit listener', LINES],
];

const TRANSPORTS = [
  ['TCP', () => [0, '127.0.0.1']],
  ['UNIX', () => [path.join(scratch(), 's')]],
];

/** Runs the fixture against a server of node:net: `{ outcome, text }`. */
async function written(place, address) {
  const server = net.createServer();
  await listening(server, ...address);
  const received = new Promise((resolve, reject) => {
    server.once('connection', (stream) => {
      // What the child leaves unread would make its exit a reset.
      if (place === 'data') stream.write('read this');
      collect(stream.setEncoding('utf8')).then(resolve, reject);
    });
  });
  const bound = server.address();
  const outcome = await run('writes-and-exits.js', [bound.port ?? bound, place]);
  return { outcome, text: await received };
}

describe.each(TRANSPORTS)('over %s', (_, address) => {
  test.each(PLACES)('D12: "nothing is lost when the process exits normally": exit in %s', async (place, expected) => {
    const { outcome, text } = await written(place, address());
    expect(outcome).toEqual({ code: 3, signal: null, stdout: '', stderr: '' });
    expect(text).toBe(expected);
  });

  test('D12: what was written before an uncaught exception arrives', async () => {
    const { outcome, text } = await written('an uncaught exception', address());
    expect(outcome).toMatchObject({ code: 1, signal: null });
    expect(text).toBe(LINES);
  });
});
