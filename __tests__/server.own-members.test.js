'use strict';

// Names that servers have beside Node's, and that programs have for themselves: a class of theirs that extends one of
// our servers works as it does over Node's.

const nodesHttp = require('http');
const nodesNet = require('net');
const nodesTls = require('tls');
const http = require('../http');
const https = require('../https');
const net = require('..');
const today = require('../node');
const tls = require('../tls');
const { listening } = require('./helpers');
const pki = require('./tls/pki');

const identity = pki.identity('selfSigned');

const OWN = ['streams', 'stats', 'limits', 'fd'];

/** Each entry, what its servers take, and what they extend in Node. */
const MODULES = [
  ['rust-net', net, {}, nodesNet],
  ['rust-net/node', today, {}, nodesNet],
  ['rust-net/tls', tls, identity, nodesTls],
  ['rust-net/http', http, {}, nodesHttp],
  ['rust-net/https', https, identity, nodesHttp],
];

describe.each(MODULES)('%s', (_, { Server }, options, nodes) => {
  test.each(OWN)('%s of a class that extends Server is its own', async (name) => {
    class Own extends Server {
      constructor() {
        super(options);
        this[name] = 'mine';
      }
    }
    const server = await listening(new Own());
    expect(server[name]).toBe('mine');
    expect(Object.keys(server)).toContain(name);
    const other = await listening(new Server(options));
    expect(Object.keys(other)).not.toContain(name);
    expect(other[name]).not.toBe('mine');
    await server.shutdown();
    await other.shutdown();
  });

  test('what is assigned means nothing to the server', async () => {
    const server = await listening(new Server(options));
    for (const name of OWN) server[name] = null;
    server.setLimits({ idleTimeout: 60_000 });
    expect(await server.shutdown()).toMatchObject({ ended: 0, destroyed: 0 });
    for (const name of OWN) expect(server[name]).toBeNull();
  });

  test('what can be assigned in Node can be assigned here', () => {
    const readOnly = (prototype, name) => {
      for (let one = prototype; one !== null; one = Object.getPrototypeOf(one)) {
        const property = Object.getOwnPropertyDescriptor(one, name);
        if (property) return property.get !== undefined && property.set === undefined;
      }
      return false;
    };
    const names = new Set();
    for (let one = Server.prototype; one !== null; one = Object.getPrototypeOf(one)) {
      for (const name of Object.getOwnPropertyNames(one)) names.add(name);
    }
    const isOurs = (name) => readOnly(Server.prototype, name) && !readOnly(nodes.Server.prototype, name);
    // The page of 2010 has this one, which can't be assigned there.
    const allowed = Server === net.Server ? ['connections'] : [];
    expect([...names].filter(isOurs)).toEqual(allowed);
  });
});
