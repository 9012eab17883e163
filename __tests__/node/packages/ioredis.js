'use strict';

// ioredis and a server of Redis; with TLS, if the test names the certificates to trust.

const { Redis } = require('ioredis');
const { BINARY, TEXT, ask, atOnce, digest, event, peer, report } = require('./common');

/** The code of the error of a client with these options. */
async function refusal(options) {
  const client = new Redis({ ...options, lazyConnect: true, retryStrategy: null });
  const failed = event(client, 'error');
  client.connect().catch(() => {});
  return (await failed).code;
}

report(async () => {
  const place = { host: peer.host, port: peer.port, tls: peer.trusted };
  const client = new Redis({ ...place, retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => {});
  await client.flushall();
  await client.set(TEXT, TEXT);
  const text = (await client.get(TEXT)) === TEXT;
  await client.set('binary', BINARY);
  const binary = digest(await client.getBuffer('binary')) === digest(BINARY);
  const counts = await atOnce(1000, () => client.incr('count'));
  const clients = await atOnce(50, () => client.duplicate());
  const echoes = await Promise.all(clients.map((one, i) => one.echo(`${TEXT} ${i}`)));
  const atPath = new Redis(peer.socketPath);
  const overUnix = digest(await atPath.getBuffer('binary')) === digest(BINARY);
  for (const one of [...clients, atPath]) await one.quit();

  const subscriber = client.duplicate().on('error', () => {});
  const heard = event(subscriber, 'message', (channel) => channel === TEXT);
  await subscriber.subscribe(TEXT);
  await client.publish(TEXT, 'heard');
  const published = await heard;

  // What waits for an answer when the server is killed is asked again when it is back.
  const waiting = client.duplicate().on('error', () => {});
  await event(waiting, 'ready');
  const popped = waiting.blpop('later', 0);
  const refused = event(client, 'error', ({ code }) => code === 'ECONNREFUSED');
  const heardAgain = event(subscriber, 'message');
  await ask('kill');
  const { code } = await refused;
  const ready = [client, subscriber, waiting].map((one) => event(one, 'ready'));
  await ask('start');
  await Promise.all(ready);
  await client.rpush('later', TEXT);
  const reconnected = (await popped)[1] === TEXT;
  await subscriber.ping();
  await client.publish(TEXT, 'heard again');
  const subscribed = (await heardAgain) === TEXT;
  await Promise.all([client, subscriber, waiting].map((one) => one.quit()));
  return {
    text,
    binary,
    inOrder: counts.every((count, i) => count === i + 1),
    manyAtOnce: echoes.every((echo, i) => echo === `${TEXT} ${i}`),
    overUnix,
    published: published === TEXT,
    refused: code,
    reconnected,
    subscribed,
    ...(peer.untrusted && { distrusted: await refusal({ ...place, tls: peer.untrusted }) }),
  };
});
