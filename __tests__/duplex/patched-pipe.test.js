'use strict';

// A program that replaces a method through which bytes go in JavaScript sees them, wherever on the prototype chain it
// does so: monitoring tools patch the prototypes of Node's own classes.

const { EventEmitter, once } = require('events');
const nodeNet = require('net');
const { Duplex, Readable } = require('stream');
const net = require('../..');
const { destroyAtEnd, listening } = require('../helpers');

afterEach(() => jest.restoreAllMocks());

test.each([
  ['Readable.prototype.push', Readable.prototype, 'push'],
  ['Duplex.prototype.push', Duplex.prototype, 'push'],
  ['EventEmitter.prototype.emit', EventEmitter.prototype, 'emit'],
  ['Readable.prototype.read', Readable.prototype, 'read'],
  ['Duplex.prototype.write', Duplex.prototype, 'write'],
  ['Stream.prototype.write', net.Stream.prototype, 'write'],
  ['Stream.prototype.read', net.Stream.prototype, 'read'],
])('%s', async (_, prototype, name) => {
  const seen = jest.spyOn(prototype, name);
  const server = await listening(net.createServer((stream) => destroyAtEnd(stream).pipe(stream)));
  const accepted = once(server, 'connection');
  const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
  const [stream] = await accepted;
  const chunksSeen = () => seen.mock.calls.filter((args, i) => seen.mock.contexts[i] === stream).length;
  // The first bytes start the pipe.
  for (let i = 0; i < 3; i++) {
    const before = chunksSeen();
    client.write('again');
    await once(client, 'data');
    expect(chunksSeen()).toBeGreaterThan(before);
  }
});
