'use strict';

// A stream that is opened again after 'close' is a new one for Duplex, while pipes, iterators and other code of Node's
// keep the state objects that they have found on it.

const { once } = require('events');
const nodeNet = require('net');
const { PassThrough } = require('stream');
const page = require('../..');
const today = require('../../node');
const { destroyAtEnd, listening } = require('../helpers');

const SIZE = 200_000;

/** `stream`, whose peer may close with bytes unread. */
function mayBeReset(stream) {
  return destroyAtEnd(stream).on('error', () => {});
}

/** A server that sends `text` to each client, and ends. */
function greeting(text) {
  return listening(nodeNet.createServer((stream) => stream.end(text)));
}

describe.each([['node:net', nodeNet], ['rust-net', page], ['rust-net/node', today]])('%s', (_, net) => {
  test('a pipe that was kept, and another one', async () => {
    const server = await listening(nodeNet.createServer((stream) => mayBeReset(stream).write('x'.repeat(SIZE))));
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    const [kept, added] = [new PassThrough({ highWaterMark: 10 }), new PassThrough({ highWaterMark: 10 })];
    stream.pipe(kept);
    await once(kept, 'data');
    kept.pause();
    stream.destroy();
    await once(stream, 'close');
    stream.connect(server.address().port, '127.0.0.1');
    stream.pipe(added);
    const reaches = (target, size) =>
      new Promise((resolve) => {
        let received = 0;
        target.on('data', ({ length }) => {
          received += length;
          if (received >= size) resolve();
        });
      });
    const all = [reaches(added, SIZE), reaches(kept, SIZE)];
    kept.resume();
    await Promise.all(all);
    expect(stream._readableState.pipes).toEqual([kept, added]);
  });

  test('its state objects stay the same', async () => {
    const server = await greeting('hello');
    const { port } = server.address();
    const stream = destroyAtEnd(net.connect(port, '127.0.0.1')).resume();
    const states = [stream._readableState, stream._writableState];
    await once(stream, 'close');
    stream.connect(port, '127.0.0.1');
    await once(stream, 'connect');
    expect([stream._readableState, stream._writableState]).toEqual(states);
    expect(stream._readableState === states[0] && stream._writableState === states[1]).toBe(true);
    expect([stream.readable, stream.writable, stream.destroyed, stream.errored]).toEqual([true, true, false, null]);
    await once(stream, 'close');
  });
});

test.each([['rust-net', page], ['rust-net/node', today]])("%s: a write() of the program's stays", async (_, net) => {
  const server = await listening(nodeNet.createServer((stream) => mayBeReset(stream).resume()));
  const { port } = server.address();
  const stream = destroyAtEnd(net.connect(port, '127.0.0.1'));
  const write = jest.fn();
  stream.write = write;
  await once(stream.destroy(), 'close');
  stream.connect(port, '127.0.0.1');
  await once(stream, 'connect');
  stream.write('seen');
  expect(write).toHaveBeenCalledWith('seen');
});
