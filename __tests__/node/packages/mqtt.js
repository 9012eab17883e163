'use strict';

// mqtt and a broker, Mosquitto; with TLS, if the test names the certificates to trust.

const mqtt = require('mqtt');
const { BINARY, TEXT, ask, atOnce, digest, event, peer, report } = require('./common');

const KEPT = 'kept';

/** A client that is connected. */
function open(options) {
  const protocol = peer.trusted ? 'mqtts' : 'mqtt';
  const place = { host: peer.host, port: peer.port, protocol, reconnectPeriod: 20, ...peer.trusted };
  return mqtt.connectAsync({ ...place, ...options });
}

/** The code of the error with which a client can't connect. */
function refusal(options) {
  return open({ ...options, reconnectPeriod: 0 }).catch((error) => error.code);
}

/** The payload of the next message that `client` gets on `topic`. */
function payload(client, topic) {
  return new Promise((resolve) => {
    client.on('message', function listener(name, message) {
      if (name !== topic) return;
      client.off('message', listener);
      resolve(message);
    });
  });
}

/** Whether `message` comes through the broker, at `qos`. */
async function goesThrough(client, message, qos) {
  const came = payload(client, TEXT);
  await client.publishAsync(TEXT, message, { qos });
  return (await came).equals(Buffer.from(message));
}

report(async () => {
  const client = await open({ protocolVersion: 5 });
  client.on('error', () => {});
  await client.subscribeAsync([TEXT, KEPT], { qos: 2 });
  const text = [];
  for (const qos of [0, 1, 2]) text.push(await goesThrough(client, TEXT, qos));
  const came = payload(client, TEXT);
  await client.publishAsync(TEXT, BINARY, { qos: 1 });
  const binary = digest(await came) === digest(BINARY);

  const clients = await atOnce(50, (i) => open({ protocolVersion: i % 2 === 0 ? 4 : 5 }));
  const echoes = await Promise.all(clients.map(async (one, i) => {
    await one.subscribeAsync(`${TEXT}/${i}`, { qos: 1 });
    const echo = payload(one, `${TEXT}/${i}`);
    await clients[(i + 1) % clients.length].publishAsync(`${TEXT}/${i}`, `${i}`, { qos: 1 });
    return (await echo).toString();
  }));
  await Promise.all(clients.map((one) => one.endAsync()));

  const refused = event(client, 'error', ({ code }) => code === 'ECONNREFUSED');
  const closed = event(client, 'close');
  await ask('kill');
  await closed;
  const { code } = await refused;
  // Kept by the client until the broker is there again, and by the broker until the client has subscribed again.
  const kept = payload(client, KEPT);
  const published = client.publishAsync(KEPT, TEXT, { qos: 1, retain: true });
  await ask('start');
  await published;
  const reconnected = (await kept).toString() === TEXT && (await goesThrough(client, TEXT, 2));
  await client.endAsync();
  return {
    text,
    binary,
    manyAtOnce: echoes.every((echo, i) => echo === String(i)),
    refused: code,
    reconnected,
    ...(peer.untrusted && { distrusted: await refusal(peer.untrusted) }),
  };
});
