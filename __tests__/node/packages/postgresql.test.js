'use strict';

// "`pg` and `postgres` with PostgreSQL, plain and with TLS", over rust-net/register.

const { SHARED, describeWith } = require('../../peers/program');
const { postgresqlServer } = require('../../peers/postgresql');
const { overBoth } = require('./run');
const { DISTRUSTED, TRUSTED, UNTRUSTED } = require('./trust');

const WHO = { user: 'Łukasz', password: 'žluťoučký kůň' };

const [PLAIN, TLS] = [{}, { trusted: TRUSTED, untrusted: UNTRUSTED }];

const DIVISION_BY_ZERO = '22012';
const ADMIN_SHUTDOWN = '57P01';

const OUTCOME = {
  text: true,
  binary: true,
  manyAtOnce: true,
  long: true,
  secure: false,
  failed: DIVISION_BY_ZERO,
  notified: true,
  refused: 'ECONNREFUSED',
  reconnected: true,
};

const OVER_TLS = { secure: true, refusals: [DISTRUSTED, 'ERR_TLS_CERT_ALTNAME_INVALID'] };

const LOST = {
  pg: { killed: true, dismissed: ADMIN_SHUTDOWN },
  postgres: { killed: true },
};

describeWith(['initdb'], 'PostgreSQL', () => {
  let server;

  beforeAll(async () => {
    server = await postgresqlServer({ name: 'p256', ...WHO, access: 'host all all all scram-sha-256', ...SHARED });
  });

  describe.each(Object.keys(LOST))('%s', (name) => {
    const given = (more) => () => ({ server, knows: { ...WHO, ...more } });

    describe('plain', () => overBoth(name, { ...OUTCOME, ...LOST[name] }, given(PLAIN)));
    describe('with TLS', () => overBoth(name, { ...OUTCOME, ...LOST[name], ...OVER_TLS }, given(TLS)));
  });
});
