'use strict';

// D26, libuv's rule: connecting, sending and being read keep the process alive, the last unless `unref()`; a stream
// that is paused and has nothing to send, or whose end has come, does not. No clock decides: see `lifetimes.js`.

const { once } = require('events');
const node = require('net');
const ours = require('../../node');
const { closeAtEnd, destroyAtEnd } = require('../helpers');
const { identity } = require('../tls/pki');
const { ENTRIES, agrees, compare, verdict } = require('./lifetimes');

/** The verdict counts turns of libuv's loop, which say nothing of a thread that wakes it: `stay.test.js` has that. */
const played = process.env.RUST_NET_WAKE === 'thread' ? test.skip : test;

/** Programs with one verdict over all entries: it, what is done before there is a connection, and what after. */
const PROGRAMS = {
  'connected and paused': ['exits', ['pause'], []],
  'connected and read': ['stays', ['resume'], []],
  'read and unref': ['exits', ['resume', 'unref'], []],
  'unref and ref again': ['stays', ['resume', 'unref', 'ref'], []],
  'paused with a write that waits': ['stays', ['pause', 'writeMuch'], []],
  'not read any more, with a write that waits': ['stays', ['readable'], ['peerWritesMuch', 'writeMuch']],
  'unref with a write that waits': ['stays', ['resume'], ['unref', 'writeMuch']],
  'unref with a write that is sent in the end': ['exits', ['resume'], ['unref', 'writeMuch', 'peerReads']],
  'paused with a write that is sent': ['exits', ['pause', 'write'], []],
  'half-closed and read': ['stays', ['resume', 'end'], []],
  'half-closed and paused': ['exits', ['pause', 'end'], []],
  'the end has come and is not read': ['exits', ['readable'], ['peerWrites', 'peerEnds']],
  'destroyed with a write that waits': ['exits', ['resume'], ['writeMuch', 'destroy']],
};

describe.each(Object.entries(PROGRAMS))('%s', (name, [expected, early, steps]) => {
  played(`${expected}, as over node:net (D26)`, async () => {
    const program = { role: 'client', options: { allowHalfOpen: true }, early, steps };
    const names = Object.keys(ENTRIES);
    const verdicts = await Promise.all(names.map((entry) => verdict(entry, program)));
    expect(verdicts).toEqual(names.map(() => expected));
  });
});

played('accepted, ended, not read: exits, as over node:net (D26)', async () => {
  const program = { role: 'accepted', options: {}, early: ['write', 'end'], steps: ['closeServer', 'peerWrites', 'peerEnds'] };
  const names = ['node:net', 'rust-net/node'];
  expect(await Promise.all(names.map((entry) => verdict(entry, program)))).toEqual(['exits', 'exits']);
});

// Another seed each time would make another test each time: `node __tests__/lifecycle/lifetimes.js` looks for more.
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

played.each(SEEDS)('the random program %i lives as long as over node:net (D26)', async (seed) => {
  const found = await compare(seed, seed % 4 === 0 ? identity('p256') : undefined);
  expect([found, agrees(found)]).toEqual([found, true]);
});

describe.each([['node:net', node], ['rust-net/node', ours]])('%s: pause() in the connection listener', (name, net) => {
  test.each(['end', 'resetAndDestroy'])("does not hide the peer's %s, and server.close() calls back", async (goes) => {
    const server = closeAtEnd(net.createServer());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = new Promise((resolve) => {
      server.on('connection', (stream) => {
        stream.pause().on('error', () => {});
        resolve([stream, new Promise((isClosed) => stream.on('close', isClosed))]);
      });
    });
    const peer = destroyAtEnd(node.connect(server.address().port, '127.0.0.1').on('error', () => {}));
    const [[stream, isClosed]] = await Promise.all([accepted, once(peer, 'connect')]);
    const closed = new Promise((resolve) => server.close(resolve));
    peer[goes]();
    await Promise.all([isClosed, closed]);
    expect(stream.isPaused()).toBe(true);
    expect(stream.readableEnded).toBe(goes === 'end');
  });
});
