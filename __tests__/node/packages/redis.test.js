'use strict';

// "`ioredis` and `redis` with Redis", over rust-net/register.

const { SHARED, describeWith } = require('../../peers/program');
const { redisServer } = require('../../peers/redis');
const { overBoth } = require('./run');

const OUTCOME = {
  text: true,
  binary: true,
  inOrder: true,
  manyAtOnce: true,
  overUnix: true,
  refused: 'ECONNREFUSED',
  reconnected: true,
};

describeWith(['redis-server'], 'Redis', () => {
  let server;

  beforeAll(async () => {
    server = await redisServer(SHARED);
  });

  describe('ioredis', () => {
    overBoth('ioredis', { ...OUTCOME, published: true, subscribed: true }, () => ({ server }));
  });

  describe('redis', () => {
    const expected = { ...OUTCOME, heard: ['heard', 'heard again'], lost: 'Socket closed unexpectedly' };
    overBoth('redis', expected, () => ({ server }));
  });
});
