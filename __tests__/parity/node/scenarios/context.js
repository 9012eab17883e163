'use strict';

// What reaches beyond the stream: asynchronous contexts, diagnostics channels, exceptions, rejections.

const { AsyncLocalStorage } = require('async_hooks');
const { subscribe, unsubscribe } = require('diagnostics_channel');
const { once } = require('events');
const { BOTH, scenario } = require('.');

/** Writes down in which context each event of `emitter` comes. */
function contexts(trace, storage, emitter, ...events) {
  for (const event of events) emitter.on(event, () => trace.note(`${event} in`, storage.getStore() ?? 'none'));
}

scenario('the context of every event is that of connect() or listen()', { over: BOTH }, async (stage) => {
  const storage = new AsyncLocalStorage();
  const watch = ['data', 'end', 'finish', 'error', 'close'];
  await storage.run('listen', () => stage.listen({
    accept(stream) {
      contexts(stage.trace('accepted'), storage, stream, ...watch);
      stage.trace('accepted').note('connection in', storage.getStore() ?? 'none');
      stream.on('data', (data) => stream.end(data));
    },
  }));
  const client = storage.run('connect', () => stage.connect());
  contexts(stage.trace('client'), storage, client, 'lookup', 'connect', 'ready', ...watch);
  storage.run('write', () => {
    client.once('connect', () => client.write('hello', () => {
      stage.trace('client').note('written in', storage.getStore() ?? 'none');
    }));
  });
  await stage.closed('client', 'accepted');
});

scenario('the context of a lookup', async (stage) => {
  const storage = new AsyncLocalStorage();
  await stage.listen({ accept: (stream) => stream.end() });
  const client = storage.run('connect', () => stage.connect({ host: 'localhost', family: 4 }));
  contexts(stage.trace('client'), storage, client, 'lookup', 'connect', 'end', 'close');
  await stage.closed('client', 'accepted');
});

scenario('the context of a connection that is refused', async (stage) => {
  const storage = new AsyncLocalStorage();
  stage.target = { port: await stage.refusing(), host: '127.0.0.1' };
  const client = storage.run('connect', () => stage.connect());
  contexts(stage.trace('client'), storage, client, 'error', 'close');
  await stage.closed('client');
});

scenario('the context of a timeout is that of setTimeout()', async (stage) => {
  const storage = new AsyncLocalStorage();
  const [client] = await storage.run('connect', () => stage.pair());
  storage.run('setTimeout', () => client.setTimeout(20));
  contexts(stage.trace('client'), storage, client, 'timeout');
  await once(client, 'timeout');
  client.end();
  await stage.closed('client', 'accepted');
});

scenario('the context of a server\'s events', { ends: 1 }, async (stage) => {
  const storage = new AsyncLocalStorage();
  const server = stage.watchServer(stage.client.createServer());
  contexts(stage.trace('server'), storage, server, 'listening', 'close');
  storage.run('listen', () => server.listen(0));
  await once(server, 'listening');
  storage.run('close', () => server.close(() => stage.trace('server').note('closed in', storage.getStore() ?? 'none')));
  await once(server, 'close');
});

/** Subscribes for the length of a scenario. */
function listenTo(stage, name) {
  const hear = (message) => {
    const { server } = message;
    stage.trace('channel').note(name, Object.keys(message), server?.listening, Boolean(server?.address()));
  };
  subscribe(name, hear);
  stage.atEnd(() => unsubscribe(name, hear));
}

scenario('diagnostics channels of streams', { over: BOTH }, async (stage) => {
  listenTo(stage, 'net.client.socket');
  listenTo(stage, 'net.server.socket');
  await stage.listen({ accept: (stream) => stream.end() });
  stage.connect();
  await stage.closed('client', 'accepted');
});

scenario('diagnostics channels of listen()', { ends: 1 }, async (stage) => {
  for (const event of ['asyncStart', 'asyncEnd', 'error']) listenTo(stage, `tracing:net.server.listen:${event}`);
  const server = stage.watchServer(stage.client.createServer()).listen({ port: 0 });
  await once(server, 'listening');
  const second = stage.watchServer(stage.client.createServer(), 'second').listen({ port: server.address().port });
  stage.call(server.address().port, 'PORT');
  await once(second, 'error');
});

// Not 'connect' and 'end': node:net does not begin to read then, or does not end its side, and hangs.
for (const event of ['data', 'close']) {
  scenario(`an exception in '${event}'`, async (stage) => {
    await stage.listen({ accept: (stream) => stream.end('bye') });
    const client = stage.connect();
    client.once(event, () => {
      throw new Error(`thrown in ${event}`);
    });
    await stage.closed('client', 'accepted');
  });
}

scenario('an exception in \'connection\'', async (stage) => {
  await stage.listen({
    watch: { except: ['drain', 'prefinish'] },
    accept(stream) {
      stream.end('bye');
      throw new Error('thrown in connection');
    },
  });
  stage.connect();
  await stage.closed('client', 'accepted');
});

scenario('an exception in \'listening\'', { ends: 1 }, async (stage) => {
  const server = stage.watchServer(stage.client.createServer());
  server.once('listening', () => {
    throw new Error('thrown in listening');
  });
  server.listen(0);
  await new Promise((resolve) => setImmediate(resolve));
});

scenario('an \'error\' that nobody listens for', async (stage) => {
  const port = await stage.refusing();
  const client = stage.client.connect(port, '127.0.0.1');
  await new Promise((resolve) => client.on('close', resolve));
});
