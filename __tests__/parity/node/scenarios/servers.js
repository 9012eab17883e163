'use strict';

// What a server does with its settings once it listens, and with what goes wrong.

const { once } = require('events');
const fs = require('fs');
const net = require('net');
const { Duplex } = require('stream');
const { BOTH, inTurns } = require('.');

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

inTurns('settings of a server that are changed while it listens', { over: BOTH }, async (stage) => {
  await stage.listen({ watch: { reads: false } });
  const trace = stage.trace('settings');
  const look = ({ allowHalfOpen, readableHighWaterMark, writableHighWaterMark, readableFlowing }) =>
    trace.note(allowHalfOpen, readableHighWaterMark, writableHighWaterMark, readableFlowing);
  const changes = { allowHalfOpen: true, pauseOnConnect: true, highWaterMark: 5 };
  for (const change of [{}, ...Object.entries(changes).map(([name, value]) => ({ [name]: value }))]) {
    Object.assign(stage.server, change);
    const connection = once(stage.server, 'connection');
    const client = stage.client.connect(stage.target);
    const [accepted] = await connection;
    look(accepted);
    client.destroy();
    accepted.destroy();
    await once(accepted, 'close');
  }
  for (const name of Object.keys(stage.traces)) {
    if (name.startsWith('accepted')) delete stage.traces[name];
  }
});

inTurns('maxConnections that is changed while it listens', async (stage) => {
  await stage.listen();
  const trace = stage.trace('server');
  for (const [limit, title] of [[1, 'in'], [1, 'dropped'], [2, 'in again']]) {
    stage.server.maxConnections = limit;
    const told = Promise.race([once(stage.server, 'connection'), once(stage.server, 'drop')]);
    const client = stage.client.connect(stage.target);
    client.on('error', () => {});
    stage.call(client.localPort, 'THEIRS');
    await told;
    const count = await new Promise((resolve) => stage.server.getConnections((error, number) => resolve(number)));
    trace.lines.pop();
    trace.note(title, count);
    stage.atEnd(() => client.destroy());
  }
  for (const name of ['accepted', 'accepted 2']) stage.traces[name]?.stream.destroy();
  await stage.closed('accepted', 'accepted 2');
  delete stage.traces.accepted;
  delete stage.traces['accepted 2'];
});

inTurns('a \'connection\' that is emitted by hand, with another stream', { ends: 1 }, async (stage) => {
  const server = stage.watchServer(stage.client.createServer());
  const stream = new Duplex({ read() {}, write: (chunk, encoding, callback) => callback() });
  server.on('connection', (given) => stage.trace('server').note('given', given === stream));
  server.emit('connection', stream);
  server.getConnections(stage.trace('server').callback('getConnections'));
  await nextTurn();
});

inTurns('listeners of \'connection\', in their order', async (stage) => {
  await stage.listen({ options: {} });
  const trace = stage.trace('server');
  stage.server.prependListener('connection', () => trace.note('first'));
  stage.server.on('connection', function last(stream) {
    trace.note('last', this === stage.server, stream.server === stage.server);
  });
  stage.connect().end();
  await stage.closed('client', 'accepted');
});

inTurns('close() in \'connection\'', { over: BOTH }, async (stage) => {
  await stage.listen({
    accept(stream) {
      stage.server.close(stage.trace('server').callback('close'));
      stream.end('last');
    },
  });
  const closed = once(stage.server, 'close');
  stage.connect();
  await stage.closed('client', 'accepted');
  await closed;
});

inTurns('close() in \'listening\'', { over: BOTH, ends: 1 }, async (stage) => {
  const server = stage.watchServer(stage.client.createServer());
  server.once('listening', () => server.close(stage.trace('server').callback('close')));
  server.listen(stage.place());
  await once(server, 'close');
});

// Not over TCP: node:net looks an address up first.
inTurns('close() and listen() at once', { over: ['unix'], ends: 1 }, async (stage) => {
  const server = stage.watchServer(stage.client.createServer()).listen(stage.place());
  await once(server, 'listening');
  const trace = stage.trace('server');
  server.close(trace.callback('close'));
  trace.outcome('listen', () => server.listen(stage.place()) === server);
  trace.note('listens', server.listening);
  await nextTurn();
  await nextTurn();
  server.close();
  await nextTurn();
  await nextTurn();
});

inTurns('listen() again after it has failed', { over: BOTH, ends: 1 }, async (stage) => {
  const first = stage.watchServer(stage.client.createServer(), 'first').listen(stage.place());
  await once(first, 'listening');
  const address = first.address();
  if (address.port) stage.call(address.port, 'PORT');
  const server = stage.watchServer(stage.client.createServer());
  const place = address.port ? { port: address.port, host: '127.0.0.1' } : { path: address };
  server.listen(place, stage.trace('server').callback('listen'));
  await once(server, 'error');
  stage.trace('server').note('listens', server.listening);
  server.listen(stage.place());
  await once(server, 'listening');
  server.close();
  first.close();
  await Promise.all([once(server, 'close'), once(first, 'close')]);
});

inTurns('listen() again in \'error\'', { ends: 1 }, async (stage) => {
  const first = stage.watchServer(stage.client.createServer(), 'first').listen(0, '127.0.0.1');
  await once(first, 'listening');
  stage.call(first.address().port, 'PORT');
  const server = stage.watchServer(stage.client.createServer());
  server.once('error', () => server.listen(0, '127.0.0.1'));
  const listens = new Promise((resolve) => server.once('listening', resolve));
  server.listen(first.address().port, '127.0.0.1');
  await listens;
  server.close();
  first.close();
  await Promise.all([once(server, 'close'), once(first, 'close')]);
});

inTurns('an \'error\' of a server that nobody listens for', { ends: 1 }, async (stage) => {
  const first = stage.watchServer(stage.client.createServer(), 'first').listen(0, '127.0.0.1');
  await once(first, 'listening');
  stage.call(first.address().port, 'PORT');
  const server = stage.client.createServer().listen(first.address().port, '127.0.0.1');
  await nextTurn();
  await nextTurn();
  stage.trace('server').note(server.listening);
  first.close();
  await once(first, 'close');
});

inTurns('a signal that has aborted before listen()', { ends: 1 }, async (stage) => {
  const server = stage.watchServer(stage.client.createServer());
  server.listen({ port: 0, signal: AbortSignal.abort() });
  await once(server, 'close');
  stage.trace('server').note(server.listening, server.address());
});

for (const readableAll of [false, true]) {
  for (const writableAll of [false, true]) {
    inTurns(`listen({ path, readableAll: ${readableAll}, writableAll: ${writableAll} })`, { ends: 1 }, async (stage) => {
      const path = stage.path();
      const server = stage.watchServer(stage.client.createServer()).listen({ path, readableAll, writableAll });
      await once(server, 'listening');
      // What else there is, node:net takes away.
      const asked = (readableAll ? 0o444 : 0) | (writableAll ? 0o222 : 0);
      stage.trace('server').note('mode', (fs.statSync(path).mode & asked).toString(8));
      server.close();
      await once(server, 'close');
      stage.trace('server').note('file', fs.existsSync(path));
    });
  }
}

// Before, node:net had others see NULs after the name.
inTurns('listen() on a name of the abstract namespace, and connect()', { since: 22 }, async (stage) => {
  const path = `\0rust-net-${process.pid}-${Math.random()}`;
  stage.call(path.slice(1), 'NAME');
  await stage.listen({ place: { path }, accept: (stream) => stream.end('hello') });
  stage.trace('server').note(stage.server.address());
  stage.target = { path };
  stage.connect({}, { except: ['drain', 'connectionAttempt'] });
  await stage.closed('client', 'accepted');
});

inTurns('a socket file that somebody has removed', { ends: 1 }, async (stage) => {
  const path = stage.path();
  const server = stage.watchServer(stage.client.createServer()).listen(path);
  await once(server, 'listening');
  fs.unlinkSync(path);
  stage.trace('server').note(server.address(), server.listening);
  server.close();
  await once(server, 'close');
});

for (const [title, add] of Object.entries({
  'an address': (list) => list.addAddress('127.0.0.1'),
  'a range': (list) => list.addRange('127.0.0.0', '127.0.0.9'),
  'a subnet': (list) => list.addSubnet('127.0.0.0', 8),
  'another subnet': (list) => list.addSubnet('10.0.0.0', 8),
})) {
  inTurns(`blockList of a server: ${title}`, { since: 22 }, async (stage) => {
    const blockList = new net.BlockList();
    add(blockList);
    await stage.listen({ options: { blockList }, accept: (stream) => stream.end('hello') });
    stage.connect({}, { except: ['drain', 'resume'] });
    await stage.closed('client');
    if (stage.traces.accepted) await stage.closed('accepted');
  });
}

inTurns('a blockList that is none', { ends: 1, since: 24 }, (stage) => {
  const trace = stage.trace('call');
  trace.outcome('createServer', () => stage.client.createServer({ blockList: {} }) instanceof stage.client.Server);
  trace.outcome('new Socket', () => new stage.client.Socket({ blockList: {} }) instanceof stage.client.Socket);
});

/** Wrong arguments, and such as are none. */
const CALLS = {
  'listen(undefined)': (server) => server.listen(undefined),
  'listen(NaN)': (server) => server.listen(NaN),
  'listen(1.5)': (server) => server.listen(1.5),
  'listen(empty text)': (server) => server.listen(''),
  'listen(true)': (server) => server.listen(true),
  'listen({ port: empty text })': (server) => server.listen({ port: '' }),
  'listen({ port: null })': (server) => server.listen({ port: null }),
  'listen({ host })': (server) => server.listen({ host: '127.0.0.1' }),
  'listen({ port, host: number })': (server) => server.listen({ port: 0, host: 5 }),
  'listen({ path: empty text })': (server) => server.listen({ path: '' }),
  'listen({ path: null })': (server) => server.listen({ path: null }),
  'listen({ fd: negative })': (server) => server.listen({ fd: -1 }),
  'listen({ fd: text })': (server) => server.listen({ fd: '1' }),
  'listen({ signal: null })': (server) => server.listen({ port: 0, signal: null }),
  'listen(port, host, text)': (server) => server.listen(0, '127.0.0.1', '5'),
  'listen(port, host, backlog, no function)': (server) => server.listen(0, '127.0.0.1', 5, 'no function'),
  'listen(port, undefined, callback)': (server) => server.listen(0, undefined, () => {}),
  'listen(port, null, callback)': (server) => server.listen(0, null, () => {}),
  'close(no function)': (server) => server.close('no function'),
  'getConnections()': (server) => server.getConnections(),
  'address()': (server) => server.address(),
  'ref()': (server) => server.ref() === server,
};

for (const [title, call] of Object.entries(CALLS)) {
  inTurns(`${title} of a new server, with what comes of it`, { ends: 1 }, async (stage) => {
    const server = stage.watchServer(stage.client.createServer());
    const trace = stage.trace('server');
    trace.outcome(title, () => {
      const gives = call(server);
      return gives === server ? 'the server' : gives;
    });
    await nextTurn();
    await nextTurn();
    const { address, family } = server.address() ?? {};
    trace.note('listens', server.listening, address, family);
    trace.outcome('close', () => server.close() === server);
    await nextTurn();
    await nextTurn();
  });
}
