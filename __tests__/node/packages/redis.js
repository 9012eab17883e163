'use strict';

// redis, the client of its makers, and a server of Redis; with TLS, if the test names the certificates to trust.

const { RESP_TYPES, createClient } = require('redis');
const { BINARY, TEXT, ask, atOnce, digest, event, peer, report } = require('./common');

const PLACE = { host: peer.host, port: peer.port, ...(peer.trusted && { tls: true, ...peer.trusted }) };

async function open(socket = PLACE) {
  const client = createClient({ socket: { reconnectStrategy: () => 20, ...socket } });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** The code of the error with which a client can't connect. */
function refusal(socket) {
  return open({ ...socket, reconnectStrategy: false }).catch((error) => error.code);
}

const inBuffers = (client) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });

report(async () => {
  const client = await open();
  await client.flushAll();
  await client.set(TEXT, TEXT);
  const text = (await client.get(TEXT)) === TEXT;
  await client.set('binary', BINARY);
  const binary = digest(await inBuffers(client).get('binary')) === digest(BINARY);
  const counts = await atOnce(1000, () => client.incr('count'));
  const clients = await atOnce(50, () => open());
  const echoes = await Promise.all(clients.map((one, i) => one.echo(`${TEXT} ${i}`)));
  const atPath = await open({ path: peer.socketPath });
  const overUnix = digest(await inBuffers(atPath).get('binary')) === digest(BINARY);
  for (const one of [...clients, atPath]) await one.close();

  const subscriber = await open();
  const heard = [];
  let onHeard;
  await subscriber.subscribe(TEXT, (message) => {
    heard.push(message);
    onHeard();
  });
  const publish = (message) => new Promise((resolve) => {
    onHeard = resolve;
    client.publish(TEXT, message);
  });
  await publish('heard');

  // The server is killed when it has a request that it has not answered.
  const witness = await open();
  let onCommand;
  const begun = new Promise((resolve) => (onCommand = (command) => /blpop/i.test(command) && resolve()));
  await witness.monitor(onCommand);
  const waiting = await open();
  const lost = waiting.blPop('never', 0).catch((error) => error.message);
  await begun;
  witness.destroy();
  const refused = event(client, 'error', ({ code }) => code === 'ECONNREFUSED');
  await ask('kill');
  const { code } = await refused;
  const ready = [client, subscriber, waiting].map((one) => event(one, 'ready'));
  await ask('start');
  await Promise.all(ready);
  await client.set(TEXT, 'again');
  const reconnected = (await client.get(TEXT)) === 'again';
  await publish('heard again');
  for (const one of [client, subscriber, waiting]) await one.close();
  return {
    text,
    binary,
    inOrder: counts.every((count, i) => count === i + 1),
    manyAtOnce: echoes.every((echo, i) => echo === `${TEXT} ${i}`),
    overUnix,
    heard,
    lost: await lost,
    refused: code,
    reconnected,
    ...(peer.untrusted && { distrusted: await refusal({ ...PLACE, ...peer.untrusted }) }),
  };
});
