'use strict';

// "`ioredis` and `redis` with Redis", plain and with TLS, over rust-net/register.

const { SHARED, describeWith } = require('../../peers/program');
const { redisServer } = require('../../peers/redis');
const { overBoth } = require('./run');
const { DISTRUSTED, TRUSTED, UNTRUSTED } = require('./trust');

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

  const more = {
    ioredis: { published: true, subscribed: true },
    redis: { heard: ['heard', 'heard again'], lost: 'Socket closed unexpectedly' },
  };

  describe.each(Object.keys(more))('%s', (name) => {
    const expected = { ...OUTCOME, ...more[name] };
    const knows = () => ({ port: server.tlsPort, trusted: TRUSTED, untrusted: UNTRUSTED });

    describe('plain', () => overBoth(name, expected, () => ({ server })));
    describe('with TLS', () => {
      overBoth(name, { ...expected, distrusted: DISTRUSTED }, () => ({ server, knows: knows() }));
    });
  });
});
