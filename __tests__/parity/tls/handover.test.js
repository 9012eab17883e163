'use strict';

// Parity with node:tls: clients that have nothing which rustls could answer, at a server whose context OpenSSL serves
// them with. The server begins with rustls and hands them over.

const tls = require('tls');
const { parity, pki } = require('./trace');

const talk = { secure: (client) => client.end('hello'), accept: (socket) => socket.on('end', () => socket.end('bye')) };

const old = (ciphers, more = {}) => ({ ciphers, maxVersion: 'TLSv1.2', ...more });
const CBC = old('ECDHE-ECDSA-AES128-SHA256');
const LEGACY = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };

parity('a suite with CBC', { ...talk, client: CBC });

parity('key exchange with RSA', { ...talk, client: old('AES128-SHA'), server: pki.identity('rsa2048') });

parity('finite-field Diffie-Hellman', {
  ...talk,
  client: old('DHE-RSA-AES128-GCM-SHA256'),
  server: { ...pki.identity('rsa2048'), dhparam: 'auto' },
});

parity('a suite that only the list of the server names, behind others', {
  ...talk,
  client: CBC,
  server: { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256' },
});

for (const version of ['TLSv1', 'TLSv1.1']) {
  parity(`${version}, which the server permits`, {
    ...talk,
    client: { ...LEGACY, maxVersion: version },
    server: LEGACY,
  });
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  parity(`a curve that rustls lacks, by ${maxVersion}`, {
    ...talk,
    client: { ecdhCurve: 'P-521', maxVersion },
    // A certificate with a key of a curve would be of one that the client lacks.
    server: { ecdhCurve: 'P-256:P-521', ...pki.identity('rsa2048') },
  });
}

parity('data before the handshake is done', {
  client: CBC,
  begin(client, trace) {
    client.write('early', trace.callback('the first write'));
    client.end('too', trace.callback('end'));
  },
  accept: (socket) => socket.on('data', () => {}).on('end', () => socket.end('late')),
});

parity('a certificate of the client', {
  ...talk,
  client: { ...CBC, ...pki.identity('p256Client') },
  server: { requestCert: true, ca: pki.certificate('root') },
});

parity('an untrusted client', {
  refused: true,
  except: ['client'],
  client: { ...CBC, ...pki.identity('selfSigned') },
  server: { requestCert: true, ca: pki.certificate('root') },
  secure: (client) => client.resume(),
});

parity('a protocol is agreed on', {
  ...talk,
  client: { ...CBC, ALPNProtocols: ['h2', 'http/1.1'] },
  server: { ALPNProtocols: ['http/1.1', 'h2'] },
});

parity('no protocol is agreed on', {
  refused: true,
  client: { ...CBC, ALPNProtocols: ['a'] },
  server: { ALPNProtocols: ['b'] },
});

parity('a server that chooses the certificate by name', {
  ...talk,
  client: { ...CBC, servername: 'alpha.test' },
  server: ({ traces: { server: trace } }) => ({
    SNICallback(name, callback) {
      trace.note('SNICallback', name);
      callback(null, tls.createSecureContext(pki.identity('alpha')));
    },
  }),
});

parity('an added context', {
  ...talk,
  client: { ...CBC, servername: 'alpha.test' },
  serve: (server) => server.addContext('*.test', pki.identity('alpha')),
});

parity('an added context for another name', {
  ...talk,
  client: CBC,
  serve: (server) => server.addContext('*.test', pki.identity('alpha')),
});

parity('an SNICallback that fails', {
  refused: true,
  client: CBC,
  server: { SNICallback: (name, callback) => callback(new Error(`none for ${name}`)) },
});

parity('the secrets of a handshake', {
  ...talk,
  client: CBC,
  serve: (server, trace) => server.on('keylog', (line) => trace.note('keylog', String(line).split(' ')[0])),
});

parity('a server that destroys what it has accepted', {
  client: CBC,
  accept: (socket) => socket.destroy(),
  secure: (client) => client.resume(),
});

// What neither can serve: the alert and the error are OpenSSL's.

parity('no suite at all', { refused: true, client: old('AES128-SHA') });

parity('a version that the server does not permit', {
  refused: true,
  client: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
});

parity('finite-field Diffie-Hellman without parameters', {
  refused: true,
  client: old('DHE-RSA-AES128-GCM-SHA256'),
  server: pki.identity('rsa2048'),
});
