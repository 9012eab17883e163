'use strict';

// Names are looked up by `dns.lookup` as it is at that moment: caches and instrumentations put their own in its place.

const dns = require('dns');
const { once } = require('events');
const ours = require('../../node');
const page = require('../..');
const { atEnd, closeAtEnd, destroyAtEnd, failure, listening } = require('../helpers');

/** Puts `answer(host, options, callback)` in the place of `dns.lookup`; returns what it was asked. */
function replaceLookup(answer) {
  const asked = [];
  const before = dns.lookup;
  dns.lookup = (host, options, callback) => {
    asked.push(host);
    process.nextTick(answer, options, callback);
  };
  atEnd(() => (dns.lookup = before));
  return asked;
}

const found = (...addresses) => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe.each([['rust-net/node', ours], ['rust-net', page]])('%s', (_, net) => {
  test('connect() asks what has taken the place of dns.lookup', async () => {
    const server = await listening(net.createServer((stream) => destroyAtEnd(stream)));
    const asked = replaceLookup((options, callback) => callback(null, options.all ? found('127.0.0.1') : '127.0.0.1', 4));
    const client = destroyAtEnd(net.connect(server.address().port, 'somewhere.invalid'));
    await once(client, 'connect');
    expect(asked).toEqual(['somewhere.invalid']);
  });

  test.each([
    ['addresses', (options, callback) => callback(null, found('127.0.0.1'))],
    ['one address', (options, callback) => callback(null, '127.0.0.1', 4)],
    ['addresses of a link first', (options, callback) => callback(null, found('fe80::1', 'febf::a', '127.0.0.1'))],
  ])('listen() asks what has taken its place, and listens: %s', async (_name, answer) => {
    const asked = replaceLookup(answer);
    const server = await listening(net.createServer(), 0, 'somewhere.invalid');
    expect([asked, server.address().address]).toEqual([['somewhere.invalid'], '127.0.0.1']);
  });

  test.each([
    ['its error', (options, callback) => callback(new Error('not today')), { message: 'not today' }],
    ['nothing', (options, callback) => callback(null, []), { code: 'ERR_INVALID_IP_ADDRESS' }],
    ['only an address of a link', (options, callback) => callback(null, found('fe80::1')), { address: 'fe80::1' }],
  ])('what listen() can not use is an error, and not every address: %s', async (_name, answer, expected) => {
    replaceLookup(answer);
    const server = closeAtEnd(net.createServer());
    server.listen(0, 'somewhere.invalid');
    const [error] = await once(server, 'error');
    expect(error).toMatchObject(expected);
    expect(server.listening).toBe(false);
  });

  test('an option `lookup` of null is none', async () => {
    const server = await listening(net.createServer((stream) => destroyAtEnd(stream)), 0, 'localhost');
    const client = destroyAtEnd(net.connect({ port: server.address().port, host: 'localhost', lookup: null }));
    await once(client, 'connect');
  });

  test('the error of what has taken its place is that of the stream', async () => {
    replaceLookup((options, callback) => callback(new Error('not today')));
    expect((await failure(net.connect(80, 'somewhere.invalid'))).message).toBe('not today');
  });
});
