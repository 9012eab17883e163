'use strict';

// Parity with node:net: servers that can't listen, and idle streams.

const { once } = require('events');
const path = require('path');
const { atEnd, scratch } = require('../helpers');
const { PAIRINGS, REFERENCE, Trace, parity } = require('./trace');

const [{ server: ours }] = PAIRINGS;
const { server: theirs } = REFERENCE;

/** What `scenario(net, trace, place)` has written to its trace, with each of the two modules. */
async function both(scenario, place) {
  const traces = [];
  for (const net of [theirs, ours]) {
    const names = new Map();
    const trace = new Trace(names);
    await scenario(net, trace, place(names));
    trace.finish([]);
    traces.push(trace.lines);
  }
  return traces;
}

function closeAtEnd(server) {
  atEnd(() => {
    if (server.listening) server.close();
  });
  return server;
}

const EVENTS = ['listening', 'connection', 'close', 'error'];

/** A place where somebody listens already. */
async function taken(transport, names) {
  const where = transport === 'unix' ? { path: path.join(scratch(), 's') } : { port: 0, host: '127.0.0.1' };
  const first = closeAtEnd(theirs.createServer()).listen(where);
  await once(first, 'listening');
  const { port } = first.address();
  names.set(port ? String(port) : where.path, 'TAKEN');
  return port ? { port, host: '127.0.0.1' } : where;
}

describe.each(['tcp', 'unix'])('D13: listen() where somebody listens (%s)', (transport) => {
  const where = (names) => taken(transport, names);

  test('EADDRINUSE, and the server can listen elsewhere afterwards', async () => {
    const [expected, received] = await both(async (net, trace, place) => {
      const server = closeAtEnd(net.createServer());
      trace.watch(server, EVENTS);
      server.listen(await place, trace.callback('the first listen'));
      await once(server, 'listening').catch(() => {});
      trace.note('listening', server.listening);
      server.listen({ port: 0, host: '127.0.0.1' }, trace.callback('the second listen'));
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
    }, where);
    expect(received).toEqual(expected);
  });

  test('an \'error\', and nothing else', async () => {
    const [expected, received] = await both(async (net, trace, place) => {
      const server = net.createServer();
      trace.watch(server, EVENTS);
      server.listen(await place);
      const [error] = await once(server, 'error');
      trace.note('in error', error, server.listening);
    }, where);
    expect(received).toEqual(expected);
  });
});

/** For node:net a host is looked up first, even an address: until then the server is none. A path is taken at once. */
const aPath = () => ({ path: path.join(scratch(), 's') });

test('listen() twice throws, and the first goes on', async () => {
  const [expected, received] = await both(async (net, trace, place) => {
    const server = closeAtEnd(net.createServer());
    trace.watch(server, EVENTS);
    server.listen(place);
    trace.outcome('listen', () => server.listen(place));
    await once(server, 'listening');
    trace.outcome('listen', () => server.listen(place));
    server.close(trace.callback('close'));
    trace.note('listening', server.listening);
    await once(server, 'close');
  }, aPath);
  expect(received).toEqual(expected);
});

test('close() in the tick of listen(): no \'listening\'', async () => {
  const [expected, received] = await both(async (net, trace, place) => {
    const server = net.createServer();
    trace.watch(server, EVENTS);
    server.listen(place, trace.callback('listen'));
    server.close(trace.callback('close'));
    await once(server, 'close');
    trace.note('listening', server.listening);
  }, aPath);
  expect(received).toEqual(expected);
});

test('listen(), close(), listen() again, in \'close\'', async () => {
  const [expected, received] = await both(async (net, trace) => {
    const server = closeAtEnd(net.createServer());
    trace.watch(server, EVENTS);
    for (let i = 0; i < 3; i++) {
      server.listen({ port: 0, host: '127.0.0.1' }, trace.callback('listen'));
      await once(server, 'listening');
      server.close(trace.callback('close'));
      await once(server, 'close');
    }
  }, () => null);
  expect(received).toEqual(expected);
});

test('a signal closes the server', async () => {
  const [expected, received] = await both(async (net, trace) => {
    const control = new AbortController();
    const server = closeAtEnd(net.createServer());
    trace.watch(server, EVENTS);
    server.listen({ port: 0, host: '127.0.0.1', signal: control.signal });
    await once(server, 'listening');
    control.abort();
    await once(server, 'close');
    trace.note('listening', server.listening);
  }, () => null);
  expect(received).toEqual(expected);
});

parity('D25: an idle stream gets \'timeout\' and stays open', {
  over: ['tcp', 'unix'],
  accept(accepted, trace) {
    accepted.setTimeout(20, trace.callback('setTimeout'));
    accepted.once('timeout', () => {
      accepted.setTimeout(0);
      accepted.end('still open', 'latin1');
    });
  },
});

parity('D25: setTimeout(0) takes the listener away', {
  accept(accepted, trace) {
    const callback = trace.callback('setTimeout');
    accepted.setTimeout(10, callback);
    accepted.setTimeout(0, callback);
    trace.note('listeners', accepted.listenerCount('timeout'));
    accepted.end();
  },
});

parity('D14: wrong arguments of setTimeout() throw', {
  // node:net remembers the wrong ones.
  except: ['timeout'],
  accept(accepted, trace) {
    for (const value of [-1, NaN, Infinity, '10', null, undefined, {}]) {
      trace.outcome(`setTimeout(${String(value)})`, () => accepted.setTimeout(value));
    }
    accepted.end();
  },
});

parity('a server closed in the connection listener serves the streams that it has', {
  over: ['tcp', 'unix'],
  accept(accepted, trace, run) {
    run.server.removeAllListeners('close');
    run.server.close();
    accepted.end('served', 'latin1');
  },
});
