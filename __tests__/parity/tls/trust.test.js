'use strict';

// Parity with node:tls: whom clients and servers trust, under which code and words they don't, and what follows.

const { parity, pki } = require('./trace');

const MODES = [
  ['rejected', {}],
  ['told', { rejectUnauthorized: false }],
];

const closes = { secure: (client) => client.end(), accept: (socket) => socket.resume() };

/** The server of each is not trusted by a client that trusts the root, for this reason. */
const UNTRUSTED = {
  'of an unknown authority': { server: () => pki.identity('unknownIssuer') },
  'self-signed': { server: () => pki.identity('selfSigned') },
  'self-signed, as an authority': { server: () => pki.identity('selfSignedCa') },
  'expired': { server: () => pki.identity('expired') },
  'not valid yet': { server: () => pki.identity('notYetValid') },
  'below an expired authority': { server: () => pki.identity('underExpired') },
  'without its intermediates': {
    server: () => ({ key: pki.identity('p256').key, cert: pki.certificate('p256') }),
  },
  'for another name': { server: () => pki.identity('alpha') },
  'for an address': { server: () => pki.identity('ipSan') },
  'for clients only': { server: () => pki.identity('clientOnly') },
  'revoked': { server: () => pki.identity('revoked'), client: () => ({ crl: pki.crls.root }) },
};

for (const [what, { server, client = () => ({}) }] of Object.entries(UNTRUSTED)) {
  for (const [mode, options] of MODES) {
    parity(`a server's certificate ${what}: ${mode}`, {
      ...closes,
      refused: mode === 'rejected',
      // By TLS 1.3, a server may have the end of the handshake before the client objects.
      client: () => ({ ...client(), ...options, maxVersion: 'TLSv1.2' }),
      server,
      except: mode === 'rejected' ? ['server', 'accepted'] : [],
    });
  }
}

/** The client of each is not trusted by a server that trusts the root. */
const CLIENTS = {
  'of an unknown authority': () => pki.identity('unknownIssuer'),
  'self-signed': () => pki.identity('selfSigned'),
  'expired': () => pki.identity('expired'),
  'for servers only': () => pki.identity('serverOnly'),
};

for (const [what, client] of Object.entries(CLIENTS)) {
  parity(`a client's certificate ${what}: told`, {
    ...closes,
    client,
    server: () => ({ ca: pki.certificate('root'), requestCert: true, rejectUnauthorized: false }),
  });
  parity(`a client's certificate ${what}: rejected`, {
    ...closes,
    refused: true,
    except: ['client'],
    client,
    server: () => ({ ca: pki.certificate('root'), requestCert: true }),
    secure: (socket) => socket.resume(),
  });
}

parity('checkServerIdentity of the program has an error', {
  refused: true,
  except: ['server', 'accepted'],
  client: {
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => Object.assign(new Error('not this one'), { code: 'NOT_THIS_ONE' }),
  },
});

parity('checkServerIdentity of the program, and what it gets', {
  ...closes,
  client: (run) => ({
    checkServerIdentity(host, certificate) {
      const { subject, issuerCertificate, subjectaltname, fingerprint256 } = certificate;
      run.traces.client.note('identity', host, subject, subjectaltname, fingerprint256.length);
      run.traces.client.note('issuer', issuerCertificate.subject, issuerCertificate.issuerCertificate.subject);
      const root = issuerCertificate.issuerCertificate;
      run.traces.client.note('root', root.issuerCertificate === root);
    },
  }),
});

parity('checkServerIdentity of the program has an error, which is told', {
  ...closes,
  client: { rejectUnauthorized: false, checkServerIdentity: () => new Error('not this one') },
});

for (const [name, host] of [['wildcard', 'a.example.test'], ['wildcard', 'b.a.example.test'], ['beta', 'beta.test']]) {
  parity(`a certificate for names (${name}), asked for ${host}`, {
    ...closes,
    server: () => pki.identity(name),
    client: { servername: host, rejectUnauthorized: false },
  });
}

parity('an address, which the certificate is for', {
  ...closes,
  server: () => pki.identity('ipSan'),
  client: { servername: undefined, host: '127.0.0.1' },
});

parity('a server with authorities that asks for no certificate', {
  ...closes,
  client: () => pki.identity('p256Client'),
  server: () => ({ ca: pki.certificate('root') }),
});
