'use strict';

// Sockets that are bound before it is known what they are for.

const { once } = require('events');
const fs = require('fs');
const { BOTH, scenario } = require('.');

const SINCE = 24;

/** A BoundSocket of the module `net`, which is closed in the end unless it has been adopted. */
function bind(stage, net, options = stage.transport === 'unix' ? { path: stage.path() } : { host: '127.0.0.1' }) {
  const bound = new net.BoundSocket(options);
  stage.atEnd(() => bound[Symbol.dispose]());
  const { port } = bound.address();
  if (port) stage.call(port, `PORT ${++stage.ports}`);
  return bound;
}

function play(title, options, act) {
  scenario(title, { since: SINCE, ...options }, (stage) => {
    stage.ports = 0;
    return act(stage, stage.trace('bound'));
  });
}

/** Calls that give or throw something, each with a bound socket. */
const CALLS = {
  'what it has': (bound) => [bound.fd() > 2, bound.isPipe, Object.keys(bound), bound.address() === bound.address()],
  'its names': (bound) => Object.getOwnPropertyNames(Object.getPrototypeOf(bound)).sort(),
  'its address': (bound) => bound.address(),
  'close()': (bound) => bound.close(),
  'close() twice': (bound) => [bound.close(), bound.close()],
  'address() after close()': (bound) => [bound.close(), bound.address()],
  'fd() after close()': (bound) => [bound.close(), bound.fd()],
  'isPipe after close()': (bound) => [bound.close(), bound.isPipe],
  'disposed of': (bound) => [bound[Symbol.dispose](), bound[Symbol.dispose]()],
  'listen() after close()': (bound, { Server }) => [bound.close(), new Server().listen(bound)],
  'new Socket() after close()': (bound, { Socket }) => [bound.close(), new Socket({ handle: bound })],
  'listen() of a second server': (bound, { Server }) => {
    const first = new Server().listen(bound);
    try {
      new Server().listen(bound);
    } finally {
      first.close();
    }
  },
};

for (const [title, call] of Object.entries(CALLS)) {
  play(`a bound socket: ${title}`, { over: BOTH, ends: 1 }, (stage, trace) => {
    const bound = bind(stage, stage.client);
    trace.outcome(title, () => call(bound, stage.client));
    if (stage.transport === 'unix') trace.note('files', fs.readdirSync(stage.folders.at(-1)));
  });
}

/** Options of a BoundSocket: wrong ones, and what they are without being wrong. */
const OPTIONS = {
  'none': [],
  'undefined': [undefined],
  'null': [null],
  'text': ['127.0.0.1'],
  'a list': [[]],
  'a port': [{ port: 0 }],
  'a port as text': [{ port: '0' }],
  'a port that is none': [{ port: 65536 }],
  'a port of another type': [{ port: true }],
  'a port that is null': [{ port: null }],
  'a host': [{ host: '::1' }],
  'a host that is null': [{ host: null }],
  'a host that is empty': [{ host: '' }],
  'a host that is a name': [{ host: 'localhost' }],
  'a host that is a number': [{ host: 1 }],
  'a host that is not ours': [{ host: '192.0.2.1' }],
  'a host that is not ours, and a port': [{ host: '192.0.2.1', port: 4567 }],
  'ipv6Only': [{ ipv6Only: true }],
  'ipv6Only, text': [{ ipv6Only: 'yes' }],
  'ipv6Only, null': [{ ipv6Only: null }],
  'reusePort': [{ reusePort: true }],
  'reusePort, a number': [{ reusePort: 1 }],
  'path, a number': [{ path: 1 }],
  'path, null': [{ path: null }],
  'path, and a port': [{ path: '/somewhere', port: 0 }],
  'path in a folder that is not there': [{ path: '/nowhere/at/all' }],
};

for (const [title, args] of Object.entries(OPTIONS)) {
  play(`new BoundSocket(): ${title}`, { ends: 1 }, (stage, trace) => {
    trace.outcome('gives', () => {
      const bound = new stage.client.BoundSocket(...args);
      stage.atEnd(() => bound.close());
      const { address, family, port } = bound.address();
      return [address, family, port > 0, bound.isPipe];
    });
  });
}

play('a bound socket on a name of the abstract namespace', { ends: 1 }, async (stage, trace) => {
  const path = `\0rust-net-${process.pid}-${Math.random()}`;
  stage.call(path.slice(1), 'NAME');
  const bound = bind(stage, stage.client, { path });
  trace.note(bound.address(), bound.isPipe);
  const server = stage.watchServer(stage.client.createServer()).listen(bound);
  await once(server, 'listening');
  trace.note(server.address());
  server.close();
  await once(server, 'close');
});

play('two bound sockets in one place', { over: BOTH, ends: 1 }, async (stage, trace) => {
  const first = bind(stage, stage.client);
  const { port } = first.address();
  const place = stage.transport === 'unix' ? { path: first.address() } : { host: '127.0.0.1', port };
  let second;
  trace.outcome('the second', () => {
    second = bind(stage, stage.client, place);
    return second.address().port === port;
  });
  const server = stage.watchServer(stage.client.createServer());
  server.listen(first);
  await once(server, 'listening');
  // Which of them listens first has the port.
  if (second) {
    const late = stage.watchServer(stage.client.createServer(), 'late');
    late.listen(second);
    await once(late, 'error').catch(() => {});
    trace.note('late', late.listening, late.address());
  }
  server.close();
  await once(server, 'close');
});

for (const [form, args] of Object.entries({
  'bound': (bound, callback) => [bound, callback],
  'bound, backlog': (bound, callback) => [bound, 5, callback],
  '{ handle: bound }': (bound, callback) => [{ handle: bound, backlog: 5 }, callback],
  '{ handle: bound, ... }': (bound, callback) => [{ handle: bound, port: 1, host: '192.0.2.1', path: '/nowhere' }, callback],
})) {
  play(`listen(${form})`, { over: BOTH }, async (stage, trace) => {
    const bound = bind(stage, stage.net);
    const address = bound.address();
    const server = stage.watchServer(stage.net.createServer((stream) => stream.end('hello')));
    trace.outcome('listen', () => server.listen(...args(bound, trace.callback('listen'))) === server);
    trace.note('at once', server.listening, server.address());
    trace.outcome('address() of it', () => bound.address());
    trace.outcome('disposed of', () => bound[Symbol.dispose]());
    await once(server, 'listening');
    stage.target = stage.transport === 'unix' ? { path: address } : { port: address.port, host: '127.0.0.1' };
    stage.connect();
    await stage.closed('client');
    server.close();
    await once(server, 'close');
    if (stage.transport === 'unix') trace.note('files', fs.readdirSync(stage.folders.at(-1)));
  });
}

play('listen(bound) of a server that listens', { ends: 1 }, async (stage, trace) => {
  const bound = bind(stage, stage.client);
  const server = stage.watchServer(stage.client.createServer()).listen(0);
  await once(server, 'listening');
  trace.outcome('listen', () => server.listen(bound));
  trace.note('still there', bound.address());
  server.close();
  await once(server, 'close');
});

for (const how of ['new Socket({ handle })', 'connect({ handle })']) {
  play(`${how} connects from a bound socket`, { over: BOTH }, async (stage, trace) => {
    await stage.listen({ accept: (stream) => stream.on('data', (data) => stream.end(data)) });
    const bound = bind(stage, stage.client);
    const fd = bound.fd();
    const local = (client) => trace.note('local', client.localAddress, client.localPort, client.localFamily, client.address());
    let client;
    if (how.startsWith('new')) {
      client = new stage.client.Socket({ handle: bound });
      trace.note('before', client.readyState, client.pending, client.connecting, client.bufferSize, client.bytesWritten);
      local(client);
      client.connect(stage.target);
    } else {
      client = stage.client.connect({ ...stage.target, handle: bound });
    }
    stage.watch(client, 'client', { except: ['drain', 'connectionAttempt'] });
    trace.note('while connecting', client.readyState, client.pending, client.connecting);
    local(client);
    trace.outcome('address() of it', () => bound.address());
    await once(client, 'connect');
    local(client);
    trace.note('the same descriptor', client._handle.fd === fd);
    client.write('hello');
    await stage.closed('client', 'accepted');
    if (stage.transport === 'unix') trace.note('files', fs.readdirSync(stage.folders.at(-1)));
  });
}

play('a connection from a bound socket, to a name', {}, async (stage, trace) => {
  await stage.listen();
  const bound = bind(stage, stage.client);
  const lookup = (host, options, callback) => {
    trace.note('lookup', host, options.all);
    process.nextTick(callback, null, '127.0.0.1', 4);
  };
  const client = stage.connect({ host: 'somewhere.invalid', lookup, handle: bound });
  await once(client, 'connect');
  trace.note(client.localAddress, client.localPort);
  client.end();
  await stage.closed('client', 'accepted');
});

// What node:net says of the way there is in docs/api/node.md.
const WITHOUT_ATTEMPTS = { except: ['drain', 'connectionAttempt', 'connectionAttemptFailed'] };

play('a connection from a bound socket that is refused', { over: BOTH }, async (stage) => {
  const target = stage.transport === 'unix' ? { path: `${stage.path()}-` } : { port: await stage.refusing(), host: '127.0.0.1' };
  stage.target = { ...target, handle: bind(stage, stage.client) };
  stage.connect({}, { except: [...WITHOUT_ATTEMPTS.except, 'resume'] });
  await stage.closed('client');
});

play('a connection from a bound socket of the other family', {}, async (stage) => {
  stage.target = { port: 1, host: '::1', handle: bind(stage, stage.client) };
  stage.connect({}, { except: [...WITHOUT_ATTEMPTS.except, 'resume'] });
  await stage.closed('client');
});

for (const [title, options] of Object.entries({
  'localAddress': { port: 1, localAddress: '127.0.0.1' },
  'localPort': { port: 1, localPort: 0 },
  'a port that is none': { port: 65536 },
  'nothing': {},
})) {
  play(`connect() from a bound socket: ${title}`, { ends: 1, except: ['connecting', 'pending'] }, async (stage, trace) => {
    const client = stage.watch(new stage.client.Socket({ handle: bind(stage, stage.client) }), 'client', WITHOUT_ATTEMPTS);
    trace.outcome('connect', () => client.connect(options));
    client.connecting = false;
    client.destroy();
    await stage.closed('client');
  });
}

play('connect({ port }) from a bound path', { ends: 1 }, async (stage, trace) => {
  const bound = bind(stage, stage.client, { path: stage.path() });
  const client = new stage.client.Socket({ handle: bound });
  trace.outcome('connect', () => client.connect({ port: 1 }));
  client.destroy();
  await once(client, 'close');
});

for (const [method, over] of Object.entries({ destroy: BOTH, resetAndDestroy: BOTH, destroySoon: ['tcp'], end: ['tcp'] })) {
  play(`${method}() before connect() from a bound socket`, { over, ends: 1 }, async (stage, trace) => {
    const client = stage.watch(new stage.client.Socket({ handle: bind(stage, stage.client) }), 'client', { reads: false });
    trace.outcome(method, () => client[method]() === client);
    // A path can't be reset.
    if (!client.destroyed) client.destroy();
    trace.note(client.readyState, client.pending, client.destroyed);
    await stage.closed('client');
    if (stage.transport === 'unix') trace.note('files', fs.readdirSync(stage.folders.at(-1)));
  });
}

play('write() before connect() from a bound socket', { ends: 1 }, async (stage) => {
  const client = stage.watch(new stage.client.Socket({ handle: bind(stage, stage.client) }), 'client', { reads: false });
  client.write('never', stage.trace('client').callback('write'));
  await stage.closed('client');
});
