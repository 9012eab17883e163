'use strict';

// "`amqplib` with RabbitMQ", over rust-net/register.

const { SHARED, describeWith } = require('../../peers/program');
const { rabbitmqServer } = require('../../peers/rabbitmq');
const { overBoth } = require('./run');

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

  describe('amqplib', () => overBoth('amqplib', OUTCOME, () => ({ server })));
});
