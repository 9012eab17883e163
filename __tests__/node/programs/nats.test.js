'use strict';

// nats with a server of NATS, under the one flag.

const { natsServer } = require('../../peers/nats');
const { SHARED, describeWith } = require('../../peers/program');
const { TEXT } = require('../packages/common');
const { DISTRUSTED, TRUSTED, UNTRUSTED } = require('../packages/trust');
const { underBoth } = require('./run');

const OUTCOME = {
  text: TEXT,
  binary: true,
  manyAtOnce: true,
  missing: '503',
  received: 1,
  refused: 'CONNECTION_REFUSED',
  reconnected: TEXT,
};

describeWith(['nats-server'], 'nats', () => {
  const servers = {};

  beforeAll(async () => {
    servers.plain = await natsServer({ isSecure: false, ...SHARED });
    servers.secure = await natsServer({ isSecure: true, ...SHARED });
  });

  describe('plain', () => underBoth('nats', { ...OUTCOME, uses: 'net' }, () => ({ server: servers.plain })));

  describe('with TLS', () => {
    const knows = { trusted: TRUSTED, untrusted: UNTRUSTED };
    underBoth('nats', { ...OUTCOME, distrusted: DISTRUSTED }, () => ({ server: servers.secure, knows }));
  });
});
