'use strict';

// amqplib and a broker, RabbitMQ; with TLS, if the test names the certificates to trust.

const amqp = require('amqplib');
const { BINARY, TEXT, ask, atOnce, digest, event, peer, report } = require('./common');

const QUEUE = `queue ${TEXT}`;

/** A connection. That it fails is told by 'close', too. */
async function open(trusted = peer.trusted) {
  const protocol = trusted ? 'amqps' : 'amqp';
  const connection = await amqp.connect({ protocol, hostname: peer.host, port: peer.port }, trusted);
  return connection.on('error', () => {});
}

/** The next message of `queue`, taken from it. */
async function take(channel, queue) {
  let tag;
  const message = await new Promise((resolve) => {
    tag = channel.consume(queue, resolve, { noAck: true });
  });
  await channel.cancel((await tag).consumerTag);
  return message;
}

report(async () => {
  const connection = await open();
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(QUEUE, { durable: true });
  await channel.purgeQueue(QUEUE);
  channel.sendToQueue(QUEUE, Buffer.from(TEXT), { headers: { [TEXT]: TEXT } });
  const text = await take(channel, QUEUE);
  channel.sendToQueue(QUEUE, BINARY);
  const binary = digest((await take(channel, QUEUE)).content) === digest(BINARY);

  const echoes = await atOnce(20, async (i) => {
    const one = await connection.createChannel();
    const { queue } = await one.assertQueue('', { exclusive: true });
    for (let j = 0; j < 50; j++) one.sendToQueue(queue, Buffer.from(`${TEXT} ${i} ${j}`));
    const received = await new Promise((resolve) => {
      const contents = [];
      one.consume(queue, ({ content }) => {
        if (contents.push(content.toString()) === 50) resolve(contents);
      }, { noAck: true });
    });
    await one.close();
    return received.every((content, j) => content === `${TEXT} ${i} ${j}`);
  });
  const connections = await atOnce(20, () => open());
  await Promise.all(connections.map((one) => one.close()));

  // What was confirmed is still there when the broker is back.
  channel.sendToQueue(QUEUE, Buffer.from('kept'), { persistent: true });
  await channel.waitForConfirms();
  const closed = event(connection, 'close');
  await ask('kill');
  const reason = (await closed).message;
  const refused = await open().catch((error) => error.code);
  await ask('start');
  const again = await open();
  const channelAgain = await again.createChannel();
  const kept = await take(channelAgain, QUEUE);
  await again.close();
  return {
    text: text.content.toString() === TEXT && text.properties.headers[TEXT] === TEXT,
    binary,
    manyAtOnce: echoes.every(Boolean),
    closed: reason,
    refused,
    reconnected: kept.content.toString() === 'kept',
    ...(peer.untrusted && { distrusted: await open(peer.untrusted).catch((error) => error.code) }),
  };
});
