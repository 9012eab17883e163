'use strict';

// Node's own TLS over a stream of ours, without rust-net/register: to it, a stream like any other.

const { once } = require('events');
const nodeNet = require('net');
const nodeTls = require('tls');
const { atEnd, destroyAtEnd, listening } = require('../helpers');
const pki = require('./pki');

const { key, cert } = pki.identity('p256');
const trusting = { ca: pki.certificate('root'), servername: 'localhost' };

const MODULES = [['node:net', nodeNet], ['rust-net', require('../..')], ['rust-net/node', require('../../node')]];

/** A server of node:tls, and a client of it over a stream of `net`. */
async function pair(net, accept) {
  const server = await listening(nodeTls.createServer({ key, cert }, accept));
  const socket = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
  const client = nodeTls.connect({ ...trusting, socket });
  atEnd(() => client.destroy());
  return { client, socket };
}

describe.each(MODULES)('over %s', (_, net) => {
  test('a peer that ends first is no error', async () => {
    const { client, socket } = await pair(net, (accepted) => accepted.end('bye'));
    const seen = [];
    for (const [name, emitter] of Object.entries({ client, socket })) {
      emitter.on('error', (error) => seen.push([name, error.code]));
    }
    client.on('data', (data) => seen.push(String(data))).on('end', () => seen.push('end'));
    const [hadError] = await once(client, 'close');
    expect([seen, hadError]).toEqual([['bye', 'end'], false]);
  });

  test('a client that ends first is none, either', async () => {
    const { client } = await pair(net, (accepted) => accepted.on('data', (data) => accepted.write(data)));
    const data = once(client, 'data');
    client.write('hello');
    expect(String(await data)).toBe('hello');
    client.end();
    const [hadError] = await once(client, 'close');
    expect(hadError).toBe(false);
  });
});
