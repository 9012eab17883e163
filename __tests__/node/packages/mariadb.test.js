'use strict';

// "`mysql2` with MariaDB", over rust-net/register.

const { mariadbServer } = require('../../peers/mariadb');
const { SHARED, describeWith } = require('../../peers/program');
const { overBoth } = require('./run');

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

  describe('mysql2', () => overBoth('mysql2', OUTCOME, () => ({ server, knows: WHO })));
});
