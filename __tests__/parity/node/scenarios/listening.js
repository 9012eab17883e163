'use strict';

// Servers: listening, turning away, closing.

const { once } = require('events');
const fs = require('fs');
const net = require('net');
const { BOTH, scenario } = require('.');

const aServer = (stage, options) => stage.watchServer(stage.client.createServer(options));

async function listensAndCloses(stage, server) {
  await once(server, 'listening');
  const address = server.address();
  if (address.port) stage.call(address.port, 'PORT');
  const trace = stage.trace('server');
  trace.note('listens', server.listening, address);
  trace.outcome('close', () => server.close(trace.callback('close')));
  trace.note('after close', server.listening);
  await once(server, 'close');
}

for (const [form, args] of Object.entries({
  '': () => [],
  'port': () => [0],
  'port as text': () => ['0'],
  'port, host': () => [0, '127.0.0.1'],
  'port, host, backlog': () => [0, '127.0.0.1', 5],
  'port, backlog': () => [0, 5],
  'null': () => [null],
  'options': () => [{ port: 0, host: '::1' }],
  'options without a port': () => [{ port: undefined }],
  'options, ipv6Only': () => [{ port: 0, host: '::', ipv6Only: true }],
  'options, exclusive': () => [{ port: 0, host: '127.0.0.1', exclusive: true }],
  'a name': () => [0, 'localhost'],
  'path': (stage) => [stage.path()],
  'path, backlog': (stage) => [stage.path(), 5],
  'options with a path': (stage) => [{ path: stage.path(), readableAll: true, writableAll: true }],
})) {
  scenario(`listen(${form})`, { ends: 1 }, async (stage) => {
    const server = aServer(stage);
    server.listen(...args(stage), stage.trace('server').callback('listen'));
    await listensAndCloses(stage, server);
  });
}

scenario('listen({ reusePort })', { ends: 1, since: 24 }, async (stage) => {
  const server = aServer(stage);
  server.listen({ port: 0, host: '127.0.0.1', reusePort: true });
  await listensAndCloses(stage, server);
});

scenario('listen() where somebody listens', { over: BOTH }, async (stage) => {
  await stage.listen();
  const second = stage.watchServer(stage.client.createServer(), 'second');
  second.listen(stage.target, stage.trace('second').callback('listen'));
  await once(second, 'error').catch((error) => error);
  stage.trace('second').note('listens', second.listening);
});

scenario('listen(path) over a file that is no socket', { ends: 1 }, async (stage) => {
  const place = stage.path();
  fs.writeFileSync(place, 'mine');
  const server = aServer(stage).listen(place);
  await once(server, 'error').catch((error) => error);
  stage.trace('server').note('the file is', fs.readFileSync(place, 'utf8'));
});

scenario('listen(path) in a folder that is not there', { ends: 1 }, async (stage) => {
  const server = aServer(stage).listen('/nowhere/at/all');
  await once(server, 'error').catch((error) => error);
});

scenario('listen(path) where nobody listens any more', { ends: 1 }, async (stage) => {
  const place = stage.path();
  const { spawnSync } = require('child_process');
  spawnSync(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(place)}, () => process.exit())`]);
  fs.statSync(place);
  const server = aServer(stage).listen(place);
  await Promise.race([once(server, 'listening'), once(server, 'error')]).catch((error) => error);
});

scenario('listen() on an address that is not ours', { ends: 1 }, async (stage) => {
  const server = aServer(stage).listen(0, '192.0.2.1');
  await once(server, 'error').catch((error) => error);
});

scenario('listen() twice', { ends: 1 }, async (stage) => {
  const server = aServer(stage).listen(0);
  stage.trace('server').outcome('listen', () => server.listen(0));
  await listensAndCloses(stage, server);
});

scenario('listen() again after close()', { ends: 1 }, async (stage) => {
  const server = aServer(stage).listen(0);
  await listensAndCloses(stage, server);
  server.listen(0);
  await listensAndCloses(stage, server);
});

scenario('listen({ fd }) where there is none', { ends: 1, except: ['code'] }, async (stage) => {
  const server = stage.client.createServer().listen({ fd: 9999 });
  const [error] = await once(server, 'error');
  stage.trace('server').note('an error of', error.syscall);
});

scenario('close() of a server that does not listen', { ends: 1 }, async (stage) => {
  const server = aServer(stage);
  const trace = stage.trace('server');
  trace.outcome('close', () => server.close(trace.callback('close')));
  trace.outcome('close again', () => server.close('no function'));
  await once(server, 'close');
});

scenario('close() twice', { ends: 1 }, async (stage) => {
  const server = aServer(stage).listen(0);
  const trace = stage.trace('server');
  await once(server, 'listening');
  server.close(trace.callback('the first close'));
  server.close(trace.callback('the second close'));
  await once(server, 'close');
});

scenario('close() before listening', { ends: 1 }, async (stage) => {
  const server = aServer(stage).listen(0);
  server.close(stage.trace('server').callback('close'));
  await once(server, 'close');
});

scenario('close() waits for the streams', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair();
  const trace = stage.trace('server');
  stage.server.close(trace.callback('close'));
  stage.server.getConnections((error, count) => {
    trace.note('connections', error, count);
    accepted.end('bye');
  });
  await once(stage.server, 'close');
  client.end();
  await stage.closed('client', 'accepted');
});

scenario('getConnections()', async (stage) => {
  const [client] = await stage.pair();
  const count = () => new Promise((resolve) => stage.server.getConnections((error, number) => resolve(number)));
  stage.trace('server').note('open', await count());
  client.end();
  await stage.closed('client', 'accepted');
  stage.trace('server').note('closed', await count());
});

for (const maxConnections of [0, 1, undefined]) {
  scenario(`maxConnections of ${maxConnections}`, { over: BOTH }, async (stage) => {
    await stage.listen({ accept: (stream) => stream.end('in') });
    stage.server.maxConnections = maxConnections;
    if (stage.transport === 'tcp') stage.call('"remotePort"', '"remotePort"');
    stage.server.removeAllListeners('drop');
    stage.server.on('drop', (data) => stage.trace('server').note('drop', Object.keys(data ?? {})));
    stage.connect({ allowHalfOpen: true });
    await once(stage.traces.client.stream, 'end').catch(() => {});
    stage.connect({}, {}, 'second');
    await stage.closed('second');
    stage.traces.client.stream.end();
    await stage.closed('client');
    if (stage.traces.accepted) await stage.closed('accepted');
    delete stage.traces['accepted 2'];
  });
}

scenario('blockList of a server', { since: 22 }, async (stage) => {
  const blockList = new net.BlockList();
  blockList.addAddress('127.0.0.1');
  await stage.listen({ options: { blockList } });
  stage.connect();
  await stage.closed('client');
});

scenario('a signal that closes a server', { ends: 1 }, async (stage) => {
  const control = new AbortController();
  const server = aServer(stage).listen({ port: 0, signal: control.signal });
  await once(server, 'listening');
  control.abort();
  await once(server, 'close');
});

scenario('await using a server', { ends: 1 }, async (stage) => {
  const server = aServer(stage).listen(0);
  await once(server, 'listening');
  const gives = await server[Symbol.asyncDispose]();
  stage.trace('server').note('disposed', gives, server.listening);
  stage.trace('server').note('again', await server[Symbol.asyncDispose]());
});

scenario('ref() and unref() of a server', { ends: 1 }, async (stage) => {
  const server = aServer(stage);
  stage.trace('server').note(server.unref() === server, server.ref() === server);
  server.listen(0);
  await listensAndCloses(stage, server);
  stage.trace('server').note(server.unref() === server, server.ref() === server);
});
