'use strict';

// nats and a server of NATS, which has its clients upgrade to TLS if the test names the certificates to trust.

const { Events, connect } = require('nats');
const { BINARY, TEXT, ask, atOnce, codeOf, digest, peer, report } = require('./common');

const { host, port, trusted, untrusted } = peer;

/** A client that is connected. */
function open(tls = trusted) {
  const patience = { maxReconnectAttempts: -1, reconnectTimeWait: 20, reconnectJitter: 0, reconnectJitterTLS: 0 };
  return connect({ servers: `${host}:${port}`, tls, ...patience });
}

/** Resolves when `client` says that it is in another `state`. */
async function becomes(client, state) {
  for await (const { type } of client.status()) if (type === state) return;
}

report(async () => {
  const client = await open();
  const serving = client.subscribe('digest', {
    callback: (error, message) => message.respond(digest(message.data)),
  });
  client.subscribe('echo', { callback: (error, message) => message.respond(message.data) });
  const text = (await client.request('echo', TEXT)).string();
  const binary = (await client.request('digest', BINARY, { timeout: 20_000 })).string() === digest(BINARY);
  const clients = await atOnce(20, () => open());
  const echoes = await Promise.all(clients.map(async (one, i) => (await one.request('echo', `${i}`)).string()));
  await Promise.all(clients.map((one) => one.drain()));
  const answers = await atOnce(500, async (i) => (await client.request('echo', `${i}`)).string());
  await client.flush();
  const missing = await client.request('nobody').catch(codeOf);
  const received = serving.getProcessed();
  const distrusted = untrusted && (await open(untrusted).catch(codeOf));

  // The server is killed, and comes again in the same place; the client and its subscriptions stay.
  const lost = becomes(client, Events.Disconnect);
  const back = becomes(client, Events.Reconnect);
  await ask('kill');
  await lost;
  const refused = await connect({ servers: `${host}:${port}`, tls: trusted, reconnect: false }).catch(codeOf);
  await ask('start');
  await back;
  const reconnected = (await client.request('echo', TEXT)).string();
  await client.close();
  return {
    text,
    binary,
    manyAtOnce: [...echoes, ...answers].every((answer, i) => answer === `${i < 20 ? i : i - 20}`),
    missing,
    received,
    ...(untrusted && { distrusted }),
    refused,
    reconnected,
  };
});
