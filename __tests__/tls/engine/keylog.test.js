'use strict';

// `logsKeys`: the secrets of one connection, reported during its handshake.

const { createCredentials } = require('../../..');
const pki = require('../pki');
const { close, secured } = require('./pairs');

const identity = pki.identity('selfSigned');

const serverCredentials = createCredentials(identity);

test.each([
  ['TLSv1.2', ['CLIENT_RANDOM']],
  [
    'TLSv1.3',
    [
      'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
      'CLIENT_TRAFFIC_SECRET_0',
      'EXPORTER_SECRET',
      'SERVER_HANDSHAKE_TRAFFIC_SECRET',
      'SERVER_TRAFFIC_SECRET_0',
    ],
  ],
])('under %s, the lines are those of the NSS key log, before `onsecure`', async (maxVersion, labels) => {
  const clientCredentials = createCredentials({ ca: identity.cert, maxVersion });
  const options = { client: { logsKeys: true }, server: { logsKeys: true } };
  const pair = await secured({ ...options, clientCredentials, serverCredentials });
  for (const { lines, order } of [pair.client, pair.server]) {
    expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual(labels);
    for (const line of lines) expect(line).toMatch(/^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]+\n$/);
    expect(order).toEqual([...lines.map(() => 'onkeylog'), 'onsecure']);
  }
  expect(pair.client.lines.sort()).toEqual(pair.server.lines.sort());
  close(pair);
});

test('without it nothing is reported', async () => {
  const clientCredentials = createCredentials({ ca: identity.cert });
  const pair = await secured({ clientCredentials, serverCredentials });
  expect([...pair.client.lines, ...pair.server.lines]).toEqual([]);
  close(pair);
});
