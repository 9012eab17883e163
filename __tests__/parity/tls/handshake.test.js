'use strict';

// Parity with node:tls: connections that become secure, and what both ends tell of them.
//
// A client that destroys its socket in 'secureConnect' does so by TLS 1.2: by TLS 1.3, ours has sent the end of the
// handshake by then, and Node's has not.

const { once } = require('events');
const { compared, ended, serve, target } = require('./compared');
const { parity, pki } = require('./trace');

const talk = { secure: (client) => client.end('hello'), accept: (socket) => socket.on('end', () => socket.end('bye')) };

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  const versions = { minVersion: version, maxVersion: version };
  parity(`a conversation by ${version}`, { ...talk, client: versions });
  parity(`the server permits ${version} only`, { ...talk, server: versions });
  parity(`the server has an RSA key, by ${version}`, { ...talk, client: versions, server: pki.identity('rsa2048') });
  parity(`the server has an Ed25519 key, by ${version}`, { ...talk, client: versions, server: pki.identity('ed25519') });
  parity(`data before the handshake is done, by ${version}`, {
    client: versions,
    begin(client, trace) {
      client.write('early', trace.callback('the first write'));
      client.end('too', trace.callback('end'));
    },
    accept: (socket) => socket.on('data', () => {}).on('end', () => socket.end('late')),
  });
  parity(`mutual TLS by ${version}`, {
    ...talk,
    client: { ...versions, ...pki.identity('p256Client') },
    server: { requestCert: true, ca: pki.certificate('root') },
  });
  parity(`a client without a certificate, which is asked for one, by ${version}`, {
    ...talk,
    client: versions,
    server: { requestCert: true, rejectUnauthorized: false, ca: pki.certificate('root') },
  });
  parity(`a protocol is agreed on by ${version}`, {
    ...talk,
    client: { ...versions, ALPNProtocols: ['h2', 'http/1.1'] },
    server: { ALPNProtocols: ['http/1.1', 'h2'] },
  });
}

parity('without a name', { ...talk, client: { servername: undefined, checkServerIdentity: () => undefined } });

parity('over UNIX', { ...talk, path: true });

parity('protocols that only the client has', { ...talk, client: { ALPNProtocols: ['h2'] } });

parity('the server has the last word on the cipher', {
  ...talk,
  client: { ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384' },
  server: { ciphers: 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256' },
});

parity('the server lets the client choose the cipher', {
  ...talk,
  client: { ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384' },
  server: { ciphers: 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256', honorCipherOrder: false },
});

parity('a megabyte each way', {
  except: ['finish'],
  secure: (client) => client.end(Buffer.alloc(1 << 20, 'a')),
  accept: (socket) => socket.end(Buffer.alloc(1 << 20, 'b')),
});

parity('the client destroys the socket in secureConnect', {
  client: { maxVersion: 'TLSv1.2' },
  secure: (client) => client.destroy(),
  accept: (socket) => socket.resume(),
});

parity('the client destroys the socket with an error in secureConnect', {
  client: { maxVersion: 'TLSv1.2' },
  secure: (client) => client.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' })),
  accept: (socket) => socket.resume(),
});

parity('the server destroys the socket at once', {
  secure: (client) => client.resume(),
  accept: (socket) => socket.destroy(),
});

parity('half-open at the client', {
  client: { allowHalfOpen: true },
  accept: (socket) => socket.end('first'),
  secure: (client) => client.on('end', () => client.end('second')),
});

parity('half-open at the server', {
  server: { allowHalfOpen: true },
  secure: (client) => client.end('first'),
  accept: (socket) => socket.on('end', () => setImmediate(() => socket.end('second'))),
});

compared('what a client shows of its cipher and its key exchange', async ({ client, server }, note) => {
  const socket = client.connect(target(await serve(server), { ecdhCurve: 'X25519' }));
  note('before', socket.getCipher());
  await once(socket, 'secureConnect');
  const info = socket.getEphemeralKeyInfo();
  note('after', info, Object.getPrototypeOf(info) === null, `${info}`);
  await ended(socket);
});
