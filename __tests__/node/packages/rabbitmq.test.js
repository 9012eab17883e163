'use strict';

// "`amqplib` with RabbitMQ", plain and with TLS, over rust-net/register.

const amqp = require('amqplib');
const { SHARED, describeWith } = require('../../peers/program');
const { rabbitmqServer } = require('../../peers/rabbitmq');
const { TEXT } = require('./common');
const { overBoth } = require('./run');
const { DISTRUSTED, TRUSTED, UNTRUSTED } = require('./trust');

/** The queue of `amqplib.js`. */
const QUEUE = `queue ${TEXT}`;

const OUTCOME = {
  text: true,
  binary: true,
  manyAtOnce: true,
  closed: 'read ECONNRESET',
  refused: 'ECONNREFUSED',
  reconnected: true,
};

describeWith(['rabbitmq-server'], 'RabbitMQ', () => {
  let server;

  beforeAll(async () => {
    server = await rabbitmqServer(SHARED);
    await declare(QUEUE);
    // The broker keeps what has been declared in memory for a while, and on disk from its orderly end on: the programs
    // kill it.
    await server.kill('SIGTERM');
    await server.start();
  });

  async function declare(queue) {
    const connection = await amqp.connect({ hostname: server.host, port: server.port });
    const channel = await connection.createChannel();
    await channel.assertQueue(queue, { durable: true });
    await connection.close();
  }

  describe('amqplib', () => {
    const knows = () => ({ port: server.tlsPort, trusted: TRUSTED, untrusted: UNTRUSTED });

    describe('plain', () => overBoth('amqplib', OUTCOME, () => ({ server })));
    describe('with TLS', () => {
      overBoth('amqplib', { ...OUTCOME, distrusted: DISTRUSTED }, () => ({ server, knows: knows() }));
    });
  });
});
