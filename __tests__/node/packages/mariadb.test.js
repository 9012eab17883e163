'use strict';

// "`mysql2` with MariaDB", plain and with TLS, over rust-net/register.

const { mariadbServer } = require('../../peers/mariadb');
const { SHARED, describeWith } = require('../../peers/program');
const { overBoth } = require('./run');
const { TRUSTED, UNTRUSTED } = require('./trust');

const WHO = { user: 'Łukasz', password: 'žluťoučký kůň' };

const OUTCOME = {
  text: true,
  binary: true,
  prepared: true,
  manyAtOnce: true,
  long: true,
  failed: 'ER_NO_SUCH_TABLE',
  overUnix: true,
  killed: ['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_CONNECTION_LOST'],
  refused: 'ECONNREFUSED',
  reconnected: true,
};

describeWith(['mariadbd'], 'MariaDB', () => {
  let server;

  beforeAll(async () => {
    server = await mariadbServer({ ...WHO, ...SHARED });
  });

  describe('mysql2', () => {
    const knows = { ...WHO, trusted: TRUSTED, untrusted: UNTRUSTED };
    const secured = { secure: 'TLSv1.3', distrusted: 'HANDSHAKE_SSL_ERROR' };

    describe('plain', () => overBoth('mysql2', OUTCOME, () => ({ server, knows: WHO })));
    describe('with TLS', () => overBoth('mysql2', { ...OUTCOME, ...secured }, () => ({ server, knows })));
  });
});
