'use strict';

// "`amqplib` with RabbitMQ", plain and with TLS, over rust-net/register.

const { SHARED, describeWith } = require('../../peers/program');
const { rabbitmqServer } = require('../../peers/rabbitmq');
const { overBoth } = require('./run');
const { DISTRUSTED, TRUSTED, UNTRUSTED } = require('./trust');

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
  });

  describe('amqplib', () => {
    const knows = () => ({ port: server.tlsPort, trusted: TRUSTED, untrusted: UNTRUSTED });

    describe('plain', () => overBoth('amqplib', OUTCOME, () => ({ server })));
    describe('with TLS', () => {
      overBoth('amqplib', { ...OUTCOME, distrusted: DISTRUSTED }, () => ({ server, knows: knows() }));
    });
  });
});
