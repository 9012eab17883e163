'use strict';

// Parity with node:tls: sessions that are resumed, and those that are not.

const { once } = require('events');
const ours = require('../../../tls');
const { compared, ended, serve, target } = require('./compared');

/** Connects and ends. Returns the last session, and whether one was resumed. */
async function visit(client, options) {
  const socket = client.connect(options);
  const sessions = [];
  socket.on('session', (session) => sessions.push(session));
  await once(socket, 'secureConnect');
  // By TLS 1.3, a session comes with data.
  socket.write('x');
  await once(socket, 'data');
  const reused = socket.isSessionReused();
  const current = socket.getSession();
  await ended(socket);
  return { reused, sessions, current };
}

const echo = (socket) => socket.on('error', () => {}).pipe(socket);

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  const versions = { minVersion: version, maxVersion: version };

  compared(`a session is resumed, by ${version}`, async ({ client, server }, note) => {
    const listening = await serve(server, versions, (socket) => {
      note('server', socket.isSessionReused());
      echo(socket);
    });
    const first = await visit(client, target(listening));
    note('first', first.reused, first.sessions.length > 0, Buffer.isBuffer(first.current));
    const second = await visit(client, target(listening, { session: first.sessions.at(-1) }));
    note('second', second.reused);
    const third = await visit(client, target(listening, { session: first.current }));
    note('third', third.reused);
    const fourth = await visit(client, target(listening));
    note('without one', fourth.reused);
  });

  compared(`a session is resumed twice, by ${version}`, async ({ client, server }, note) => {
    const listening = await serve(server, versions, echo);
    const { sessions } = await visit(client, target(listening));
    const session = sessions.at(-1);
    note((await visit(client, target(listening, { session }))).reused);
    note((await visit(client, target(listening, { session }))).reused);
  });

  compared(`what is no session is ignored, by ${version}`, async ({ client, server }, note) => {
    const listening = await serve(server, versions, echo);
    const session = Buffer.from('no session');
    note((await visit(client, target(listening, { session, rejectUnauthorized: false }))).reused);
  });

  compared(`servers that share their ticket keys, by ${version}`, async ({ client, server }, note) => {
    const ticketKeys = Buffer.alloc(48, 7);
    const sessionIdContext = 'shared';
    const first = await serve(server, { ...versions, ticketKeys, sessionIdContext }, echo);
    const second = await serve(server, { ...versions, sessionIdContext }, echo);
    note(first.getTicketKeys().equals(ticketKeys), second.getTicketKeys().length);
    second.setTicketKeys(ticketKeys);
    const { sessions } = await visit(client, target(first));
    note((await visit(client, target(second, { session: sessions.at(-1) }))).reused);
  });

  compared(`ticket keys that were replaced, and put back, by ${version}`, async ({ client, server }, note) => {
    const listening = await serve(server, versions, echo);
    const former = listening.getTicketKeys();
    const { sessions } = await visit(client, target(listening));
    const session = sessions.at(-1);
    listening.setTicketKeys(Buffer.alloc(48, 9));
    note((await visit(client, target(listening, { session }))).reused);
    listening.setTicketKeys(former);
    note((await visit(client, target(listening, { session }))).reused);
  });

  compared(`servers that do not share them, by ${version}`, async ({ client, server }, note) => {
    const [first, second] = [await serve(server, versions, echo), await serve(server, versions, echo)];
    const { sessions } = await visit(client, target(first));
    note((await visit(client, target(second, { session: sessions.at(-1) }))).reused);
  });

  compared(`setSession() before the handshake, by ${version}`, async ({ client, server }, note) => {
    const listening = await serve(server, versions, echo);
    const { sessions } = await visit(client, target(listening));
    const socket = client.connect(target(listening));
    socket.setSession(sessions.at(-1));
    await once(socket, 'secureConnect');
    note(socket.isSessionReused(), socket.authorized);
    await ended(socket);
    note(socket.getSession(), socket.isSessionReused(), socket.getTLSTicket());
  });
}

// By TLS 1.2, a server may give another one in the same handshake.
compared('the session of a connection that resumes one is that one', async ({ client, server }, note) => {
  const listening = await serve(server, { minVersion: 'TLSv1.3' }, echo);
  const { sessions } = await visit(client, target(listening));
  const session = sessions.at(-1);
  const socket = client.connect(target(listening, { session }));
  await once(socket, 'secureConnect');
  note(socket.isSessionReused(), socket.getSession().equals(session));
  await ended(socket);
});

test.each(['TLSv1.2', 'TLSv1.3'])('a session of ours is resumed as often as it is asked for, by %s', async (version) => {
  const versions = { minVersion: version, maxVersion: version };
  const listening = await serve(ours, versions, echo);
  const { sessions } = await visit(ours, target(listening));
  const reused = [];
  for (let i = 0; i < 6; i++) reused.push((await visit(ours, target(listening, { session: sessions.at(-1) }))).reused);
  expect(reused).toEqual(Array(6).fill(true));
});

compared('newSession and resumeSession, without tickets', async ({ client, server }, note) => {
  const { SSL_OP_NO_TICKET } = require('crypto').constants;
  const store = new Map();
  const options = { maxVersion: 'TLSv1.2', secureOptions: SSL_OP_NO_TICKET };
  const listening = await serve(server, options, echo);
  listening.on('newSession', (id, data, done) => {
    note('newSession', id.length > 0, Buffer.isBuffer(data), typeof done);
    store.set(id.toString('hex'), data);
    setImmediate(done);
  });
  listening.on('resumeSession', (id, done) => {
    const found = store.get(id.toString('hex'));
    note('resumeSession', found !== undefined);
    setImmediate(done, null, found);
  });
  const { sessions, current } = await visit(client, target(listening));
  const session = sessions.at(-1) ?? current;
  note((await visit(client, target(listening, { session }))).reused);
});

compared('a session of another context is not trusted for it', async ({ client, server }, note) => {
  const listening = await serve(server, { maxVersion: 'TLSv1.2' }, echo);
  const { sessions } = await visit(client, target(listening, { ca: undefined, rejectUnauthorized: false }));
  const socket = client.connect(target(listening, { ca: undefined, session: sessions.at(-1) }));
  const [error] = await once(socket, 'error');
  note(error.code);
});

compared('the key log of a connection that resumes a session', async ({ client, server }, note) => {
  const listening = await serve(server, { minVersion: 'TLSv1.3' }, echo);
  const { sessions } = await visit(client, target(listening));
  const labels = [];
  listening.on('keylog', (line) => labels.push(`server ${String(line).split(' ')[0]}`));
  const socket = client.connect(target(listening, { session: sessions.at(-1) }));
  socket.on('keylog', (line) => labels.push(`client ${String(line).split(' ')[0]}`));
  await once(socket, 'secureConnect');
  socket.write('x');
  await once(socket, 'data');
  note(socket.isSessionReused());
  await ended(socket);
  note(labels.sort());
});

compared('the key log of a connection', async ({ client, server }, note) => {
  const labels = new Set();
  const listening = await serve(server, { minVersion: 'TLSv1.3' }, echo);
  listening.on('keylog', (line, socket) => {
    labels.add(`server ${String(line).split(' ')[0]} ${Buffer.isBuffer(line)} ${socket.encrypted}`);
  });
  const socket = client.connect(target(listening));
  socket.on('keylog', (line) => labels.add(`client ${String(line).split(' ')[0]} ${String(line).endsWith('\n')}`));
  await once(socket, 'secureConnect');
  socket.write('x');
  await once(socket, 'data');
  await ended(socket);
  note([...labels].sort());
});

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  compared(`keying material, and what there is none of, by ${version}`, async ({ client, server }, note) => {
    const socket = client.connect(target(await serve(server, { minVersion: version, maxVersion: version })));
    await once(socket, 'secureConnect');
    for (const args of [
      [32, 'label'],
      [32, 'label', Buffer.alloc(70_000)],
      [20_000, 'label'],
      [100_000, 'label'],
      [32, 'x'.repeat(300)],
      [32, 'client finished'],
      [32, 'server finished'],
      [32, 'master secret'],
      [32, 'extended master secret'],
      [32, 'key expansion of one\'s own'],
    ]) {
      try {
        note(args[0], args[1], socket.exportKeyingMaterial(...args).length);
      } catch (error) {
        note(args[0], args[1], error, error.library, error.reason);
      }
    }
    await ended(socket);
  });
}
