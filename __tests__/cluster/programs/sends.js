'use strict';

// Sockets and servers go to a child process, and back.

const { fork } = require('child_process');
const { once } = require('events');
const net = require('net');
const { ask, check, print } = require('./common');

const HOST = '127.0.0.1';
const MEGABYTE = 1_000_000;

// The child: each message names what it does with the handle.

const kept = [];

const TASKS = {
  /** Answers the whole of what comes, by its length. */
  measure(socket) {
    let length = 0;
    socket.on('data', (chunk) => (length += chunk.length));
    socket.on('end', () => socket.end(`${length} ${socket.remoteFamily}`));
  },
  greet: (socket) => socket.end('from the child'),
  /** Writes to the socket, and returns it. */
  back(socket) {
    socket.write('by way of the child; ');
    process.send('back', socket, () => socket.destroy());
  },
  write: (socket) => socket.resume().write('child;'),
  keep(socket) {
    kept.push(socket);
    process.send('kept');
  },
  drop() {
    for (const socket of kept.splice(0)) socket.destroy();
  },
  async serve(server) {
    server.on('connection', (socket) => check(socket).end('child'));
    process.send({ listening: server.listening, port: server.address().port });
  },
  /** Sends a server, and says when its own copy of it has closed: until then, both processes may accept. */
  async create() {
    const server = check(net.createServer()).listen(0, HOST);
    await once(server, 'listening');
    process.send(server.address().port, server, () => server.close(() => process.send('closed')));
  },
  nothing: (handle) => process.send(handle === undefined),
  end: () => process.exit(0),
};

function work() {
  process.on('message', (task, handle) => TASKS[task](handle && check(handle)));
}

// The parent.

async function start(options, place = { port: 0, host: HOST }) {
  const server = check(net.createServer(options));
  server.listen(place);
  await once(server, 'listening');
  const where = typeof place === 'string' ? place : { port: server.address().port, host: HOST };
  return { server, where };
}

/** A connection of `server`: the socket of the client, which collects what it gets, and the accepted one. */
async function connect({ server, where }) {
  const client = net.connect(where);
  client.setEncoding('utf8');
  client.got = '';
  client.on('data', (text) => (client.got += text));
  const [accepted] = await once(server, 'connection');
  return { client, accepted: check(accepted) };
}

async function end(client) {
  if (!client.readableEnded) await once(client, 'end');
  client.destroy();
  return client.got;
}

async function said(client, text) {
  while (!client.got.includes(text)) await once(client, 'data');
}

async function lead() {
  const child = fork(__filename, ['child']);
  const open = await start();
  const results = {};
  const { server } = open;

  // What was written before the send comes first.
  const plain = await connect(open);
  plain.accepted.write('before; ');
  results.sent = [child.send('greet', plain.accepted), plain.accepted._handle, plain.accepted.destroyed];
  results.counts = server._connections;
  results.greeted = await end(plain.client);

  // What comes meanwhile is not lost: nothing reads here.
  const paused = await start({ pauseOnConnect: true });
  const flood = await connect(paused);
  flood.client.write('x'.repeat(MEGABYTE));
  child.send('measure', flood.accepted);
  flood.client.end('x'.repeat(MEGABYTE));
  results.flood = await end(flood.client);
  const unix = await start({ pauseOnConnect: true }, process.env.PLACE);
  const byPath = await connect(unix);
  child.send('measure', byPath.accepted);
  byPath.client.end('12345');
  results.byPath = await end(byPath.client);

  const returned = await connect(open);
  child.send('back', returned.accepted);
  const [text, socket] = await once(child, 'message');
  check(socket).end(`${text}, and the parent`);
  results.returned = await end(returned.client);

  // The same connection in both processes.
  const both = await connect(open);
  child.send('write', both.accepted, { keepOpen: true });
  await said(both.client, 'child;');
  results.keptOpen = [both.accepted._handle !== null, server._connections];
  both.accepted.write('parent;');
  await said(both.client, 'parent;');
  results.both = both.client.got;
  both.client.destroy();
  await once(both.accepted, 'close');

  // Several at once, and messages between them, keep their order.
  const several = [await connect(open), await connect(open), await connect(open)];
  const answers = [];
  const listen = (message) => answers.push(message);
  child.on('message', listen);
  const sent = several.map(({ accepted }) => new Promise((resolve) => child.send('keep', accepted, resolve)));
  child.send('nothing');
  results.callbacks = await Promise.all(sent);
  while (answers.length < 4) await once(child, 'message');
  child.off('message', listen);
  results.answers = answers;
  results.connections = await new Promise((resolve) => server.getConnections((...details) => resolve(details)));

  // The server's 'close' waits for the connections of the child.
  let isClosed = false;
  server.close(() => (isClosed = true));
  results.listens = server.listening;
  await new Promise((resolve) => child.send('nothing', resolve));
  await once(child, 'message');
  results.waits = !isClosed;
  child.send('drop');
  if (!isClosed) await once(server, 'close');
  results.isClosed = isClosed;
  for (const { client } of several) client.destroy();

  const gone = await connect(paused);
  gone.accepted.destroy();
  child.send('nothing', gone.accepted);
  [results.withoutHandle] = await once(child, 'message');
  gone.client.destroy();
  results.errors = [[undefined, paused.server], ['x', {}], ['x', 1]].map((args) => {
    try {
      return child.send(...args);
    } catch ({ code }) {
      return code;
    }
  });

  const shared = await start();
  child.send('serve', shared.server);
  const [told] = await once(child, 'message');
  results.served = [told.listening, told.port === shared.where.port, shared.server.listening];
  shared.server.close();
  results.byChild = [await ask(shared.where), await ask(shared.where)];

  child.send('create');
  const [port, created] = await once(child, 'message');
  check(created).on('connection', (accepted) => accepted.end('parent'));
  await once(child, 'message');
  results.created = [created.listening, created.address().port === port, await ask({ port, host: HOST })];
  created.close();

  const closed = once(plain.accepted, 'close');
  plain.accepted.destroy();
  results.closed = await closed;
  paused.server.close();
  unix.server.close();
  child.send('end');
  results.exit = await once(child, 'exit');
  print(results);
}

if (process.argv[2] === 'child') work();
else lead();
