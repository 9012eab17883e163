'use strict';

// Sessions of TLS 1.2 that a server has JavaScript keep, with clients of both kinds that take no tickets.

const { constants } = require('crypto');
const { once } = require('events');
const tls = require('tls');
const { createCredentials } = require('../../..');
const pki = require('../pki');
const { begin, close, connected, nativeCredentials, secured } = require('./pairs');

const identity = pki.identity('selfSigned');
const clientCredentials = createCredentials({ ca: identity.cert, maxVersion: 'TLSv1.2' });

/** Credentials of a server without tickets, in the shape that `setSecure()` takes; they are native ones in a cover. */
function serverCredentials(options) {
  const native = nativeCredentials({
    identities: [{ key: pki.keyAs('selfSigned', { format: 'der', type: 'pkcs8' }), cert: Buffer.from(identity.cert) }],
    noTickets: true,
    ...options,
  });
  const cover = createCredentials(identity);
  return { cover, native };
}

/** Connects to a server whose JavaScript has `store`, a Map of sessions by their ids. */
async function connect({ cover, native }, store, options) {
  const server = {
    asksAlways: true,
    emitsServerSessions: true,
    answer({ sessionId }, transport) {
      transport.answerName(native, { session: store.get(sessionId.toString('hex')) });
    },
  };
  const pair = await secured({ client: options, server, clientCredentials, serverCredentials: cover });
  for (const { id, data } of pair.server.kept) store.set(id.toString('hex'), data);
  close(pair);
  return pair;
}

test('a session that the server keeps is resumed, and kept once', async () => {
  const [store, credentials] = [new Map(), serverCredentials()];
  const first = await connect(credentials, store, { emitsSessions: true });
  expect(first.server.agreement.isResumed).toBe(false);
  expect(first.server.kept).toHaveLength(1);
  expect(first.server.kept[0].id).toHaveLength(32);
  expect(first.server.order).toEqual(['onnewsession', 'onsecure']);
  const [session] = first.client.sessions;
  for (let round = 0; round < 2; round += 1) {
    const again = await connect(credentials, store, { emitsSessions: true, session });
    expect([again.client.agreement.isResumed, again.server.agreement.isResumed]).toEqual([true, true]);
    expect(again.server.kept).toEqual([]);
    expect(again.server.questions[0].sessionId).toEqual(first.server.kept[0].id);
  }
});

test('what JavaScript does not have, or has under another id or context, is not resumed', async () => {
  const [store, credentials] = [new Map(), serverCredentials()];
  const first = await connect(credentials, store, { emitsSessions: true });
  const [session] = first.client.sessions;
  const [[id, data]] = store;
  const isResumed = async (own, known) => {
    const pair = await connect(own, new Map(known && [[id, known]]), { session });
    return pair.server.agreement.isResumed;
  };
  expect(await isResumed(credentials, undefined)).toBe(false);
  expect(await isResumed(credentials, Buffer.from('garbage'))).toBe(false);
  expect(await isResumed(serverCredentials({ sessionContext: Buffer.from('other') }), data)).toBe(false);
  const second = await connect(credentials, store, { emitsSessions: true });
  expect(await isResumed(credentials, second.server.kept[0].data)).toBe(false);
  expect(await isResumed(credentials, data)).toBe(true);
});

test('a session that a client takes in a ticket, or of TLS 1.3, is not reported', async () => {
  const server = { emitsServerSessions: true };
  const withTickets = await secured({ server, clientCredentials, serverCredentials: createCredentials(identity) });
  expect(withTickets.server.kept).toEqual([]);
  close(withTickets);
  const newer = createCredentials({ ca: identity.cert });
  const { cover, native } = serverCredentials();
  const answer = (_question, transport) => transport.answerName(native);
  const pair = await secured({
    server: { ...server, asksAlways: true, answer },
    clientCredentials: newer,
    serverCredentials: cover,
  });
  expect(pair.server.agreement.protocol).toBe('TLSv1.3');
  expect(pair.server.kept).toEqual([]);
  close(pair);
});

test('with `awaitsNewSession`, the client is done only when the session is kept', async () => {
  const { cover, native } = serverCredentials();
  const streams = await connected();
  const order = [];
  const answer = (_question, transport) => transport.answerName(native);
  const options = { isServer: true, asksAlways: true, answer, emitsServerSessions: true, awaitsNewSession: true };
  streams.server.on('newSession', () => {
    order.push('kept');
    setImmediate(() => serverSide.transport.newSessionDone());
  });
  const serverSide = begin(streams.server, cover, options);
  const clientSide = begin(streams.client, clientCredentials, { resumes: false }, 'localhost');
  await Promise.all([clientSide.done.then(() => order.push('client')), serverSide.done]);
  expect(order).toEqual(['kept', 'client']);
  close({ client: clientSide, server: serverSide });
});

test('a client of node:tls resumes', async () => {
  const [store, { cover, native }] = [new Map(), serverCredentials()];
  const play = async (session) => {
    const { client, server } = await connected();
    const side = begin(server, cover, {
      isServer: true,
      asksAlways: true,
      emitsServerSessions: true,
      answer({ sessionId }, transport) {
        transport.answerName(native, { session: store.get(sessionId.toString('hex')) });
      },
    });
    const secureOptions = constants.SSL_OP_NO_TICKET;
    const options = { maxVersion: 'TLSv1.2', rejectUnauthorized: false, secureOptions, session };
    const socket = tls.connect({ socket: client, ...options });
    await Promise.all([once(socket, 'secureConnect'), side.done]);
    for (const { id, data } of side.kept) store.set(id.toString('hex'), data);
    const outcome = { isReused: socket.isSessionReused(), session: socket.getSession() };
    socket.destroy();
    server.destroy();
    return outcome;
  };
  const first = await play();
  expect(first.isReused).toBe(false);
  expect((await play(first.session)).isReused).toBe(true);
  store.clear();
  expect((await play(first.session)).isReused).toBe(false);
});
