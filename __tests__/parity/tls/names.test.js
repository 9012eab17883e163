'use strict';

// Parity with node:tls: contexts that a server chooses by name, and protocols that it chooses by a function.

const { once } = require('events');
const net = require('net');
const { atEnd } = require('../../helpers');
const { compared, ended, pki, serve, target } = require('./compared');

const context = (module, name) => module.createSecureContext(pki.identity(name));

/** A server of Node's own `net` that listens. */
async function listenInTheClear(listener) {
  const server = net.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  return server;
}

/** Connects to `server` asking for `servername`. Notes how that ends. */
async function ask(client, server, servername, note, options = {}) {
  const socket = client.connect(target(server, { servername, rejectUnauthorized: false, ...options }));
  const isSecure = await new Promise((resolve) => {
    socket.on('secureConnect', () => resolve(true));
    socket.on('error', ({ code }) => note(servername, code));
    socket.on('close', () => resolve(false));
  });
  if (!isSecure) return;
  note(servername, socket.getPeerCertificate().subject.CN, socket.alpnProtocol, socket.authorizationError);
  await ended(socket);
}

compared('addContext()', async ({ client, server }, note) => {
  const listening = await serve(server, {}, (socket) => {
    note('server', socket.servername);
    socket.resume().on('error', () => {});
  });
  listening.addContext('alpha.test', pki.identity('alpha'));
  listening.addContext('*.example.test', pki.identity('wildcard'));
  listening.addContext('beta.*', context(server, 'beta'));
  for (const name of ['alpha.test', 'a.example.test', 'b.a.example.test', 'other.test', 'beta.test']) {
    await ask(client, listening, name, note);
  }
  listening.addContext('alpha.test', pki.identity('p384'));
  await ask(client, listening, 'alpha.test', note);
});

compared('SNICallback that answers later, with a context, with none, and with an error', async (pairing, note) => {
  const { client, server } = pairing;
  const answers = {
    'alpha.test': [null, context(server, 'alpha')],
    'none.test': [null, undefined],
    'null.test': [null, null],
    'bad.test': [new Error('not here')],
  };
  const listening = await serve(server, {
    SNICallback: (name, callback) => setImmediate(callback, ...answers[name]),
  });
  listening.on('tlsClientError', (error) => note('tlsClientError', error.message));
  for (const name of Object.keys(answers)) await ask(client, listening, name, note);
});

compared('SNICallback that throws', async ({ client, server }, note) => {
  const listening = await serve(server, {
    SNICallback() {
      throw new Error('thrown');
    },
  });
  listening.on('tlsClientError', (error) => note('tlsClientError', error.message));
  await ask(client, listening, 'alpha.test', note);
});

for (const [what, answer] of Object.entries({ 'text': 'context', 'some object': {} })) {
  compared(`SNICallback that answers with ${what}`, async ({ client, server }, note) => {
    const listening = await serve(server, { SNICallback: (name, callback) => callback(null, answer) });
    listening.on('tlsClientError', (error) => note('tlsClientError', error.message));
    await ask(client, listening, 'alpha.test', note);
  });
}

compared('SNICallback is not asked without a name', async ({ client, server }, note) => {
  const SNICallback = (name, callback) => note('asked', name) ?? callback();
  const listening = await serve(server, { SNICallback }, (socket) => {
    note('servername', socket.servername);
    socket.resume();
  });
  const options = target(listening, { servername: '', checkServerIdentity: () => undefined });
  const socket = client.connect(options);
  await once(socket, 'secureConnect');
  note(socket.servername);
  await ended(socket);
});

compared('setSecureContext() of a server that runs', async ({ client, server }, note) => {
  const listening = await serve(server);
  await ask(client, listening, 'localhost', note);
  listening.setSecureContext(pki.identity('alpha'));
  await ask(client, listening, 'localhost', note);
});

const choose = {
  'the last one': ({ protocols }) => protocols.at(-1),
  'none': () => undefined,
  'another': () => 'other',
};

for (const [what, ALPNCallback] of Object.entries(choose)) {
  compared(`ALPNCallback chooses ${what}`, async ({ client, server }, note) => {
    const listening = await serve(server, {
      ALPNCallback(asked) {
        note('asked', asked.servername, asked.protocols);
        return ALPNCallback(asked);
      },
    });
    listening.on('tlsClientError', (error) => note('tlsClientError', error.code));
    await ask(client, listening, 'localhost', note, { ALPNProtocols: ['a', 'b'] });
    await ask(client, listening, 'localhost', note);
  });
}

compared('ALPNCallback that throws', async ({ client, server }, note) => {
  const listening = await serve(server, {
    ALPNCallback() {
      throw new Error('thrown');
    },
  });
  listening.on('tlsClientError', (error) => note('tlsClientError', error.message));
  await ask(client, listening, 'localhost', note, { ALPNProtocols: ['a', 'b'] });
});

for (const [where, options] of [
  ['`cert`', pki.identity('p256')],
  ['`ca`', pki.identity('direct', { ca: pki.certificate('root') })],
  ['neither', pki.identity('direct')],
]) {
  compared(`OCSPRequest with the issuer in ${where}, and what the client gets`, async ({ client, server }, note) => {
    const listening = await serve(server, options);
    listening.on('OCSPRequest', (certificate, issuer, callback) => {
      note('OCSPRequest', certificate.toString('hex'), issuer && issuer.toString('hex'));
      setImmediate(callback, null, Buffer.from('the response'));
    });
    const socket = client.connect(target(listening, { requestOCSP: true }));
    socket.on('OCSPResponse', (response) => note('OCSPResponse', String(response), socket.authorized));
    await once(socket, 'secureConnect');
    await ended(socket);
  });
}

compared('no response is stapled', async ({ client, server }, note) => {
  const listening = await serve(server);
  const socket = client.connect(target(listening, { requestOCSP: true }));
  socket.on('OCSPResponse', (response) => note('OCSPResponse', response));
  await once(socket, 'secureConnect');
  await ended(socket);
});

/** A context that rustls can't use. */
function forOpenssl(module, name) {
  return module.createSecureContext({ ...pki.identity(name), ciphers: 'AES256-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256' });
}

for (const [what, make] of [['a context', context], ['a context that needs OpenSSL', forOpenssl]]) {
  compared(`setKeyCert() in SNICallback, with ${what}`, async ({ client, server }, note) => {
    const listening = await serve(server, {
      SNICallback(name, callback) {
        this.setKeyCert(make(server, 'alpha'));
        setImmediate(callback, null);
      },
    });
    await ask(client, listening, 'localhost', note);
  });

  compared(`setKeyCert() in ALPNCallback, with ${what}`, async ({ client, server }, note) => {
    const listening = await serve(server, {
      ALPNCallback({ protocols }) {
        this.setKeyCert(make(server, 'alpha'));
        return protocols[0];
      },
    });
    await ask(client, listening, 'localhost', note, { ALPNProtocols: ['a', 'b'] });
  });

  compared(`setKeyCert() before the handshake, with ${what}`, async ({ client, server }, note) => {
    const listening = await listenInTheClear((plain) => {
      const socket = new server.TLSSocket(plain, { isServer: true, ...pki.identity('p256') });
      socket.setKeyCert(make(server, 'alpha'));
      socket.resume().on('error', () => {});
    });
    await ask(client, listening, 'localhost', note);
  });
}

compared('a context of SNICallback, and setKeyCert() in ALPNCallback', async ({ client, server }, note) => {
  const listening = await serve(server, {
    SNICallback: (name, callback) => callback(null, context(server, 'beta')),
    ALPNCallback({ protocols }) {
      this.setKeyCert(context(server, 'alpha'));
      return protocols[0];
    },
  });
  await ask(client, listening, 'localhost', note, { ALPNProtocols: ['a', 'b'] });
});

const RECEIVED = {
  'at once': (socket, hello) => socket.ssl.receive(hello),
  'in the next tick': (socket, hello) => process.nextTick(() => socket.ssl.receive(hello)),
  'in two parts, of which one is empty': (socket, hello) => {
    socket.ssl.receive(hello.subarray(0, 0));
    socket.ssl.receive(hello);
  },
};

for (const [when, receive] of Object.entries(RECEIVED)) {
  compared(`a ClientHello that was read in the clear is passed to ssl.receive() ${when}`, async (pairing, note) => {
    const { client, server } = pairing;
    const listening = await listenInTheClear((plain) => plain.once('data', (hello) => {
      const socket = new server.TLSSocket(plain, { isServer: true, ...pki.identity('p256') });
      receive(socket, hello);
      socket.resume().on('error', () => {});
    }));
    await ask(client, listening, 'localhost', note);
  });
}

/** The ways in which a server comes to a context by name. */
const BY_NAME = {
  'SNICallback': (context) => ({ SNICallback: (name, callback) => callback(null, context) }),
  'SNICallback, as OpenSSL\'s part': (context) => ({ SNICallback: (name, callback) => callback(null, context.context) }),
  'addContext()': () => ({}),
};

for (const [how, optionsFor] of Object.entries(BY_NAME)) {
  compared(`what a program adds to the OpenSSL part of a context counts with ${how}`, async ({ client, server }, note) => {
    const added = context(server, 'p256');
    added.context.addCACert(pki.certificate('root'));
    added.context.addCRL(pki.crls.root);
    const strict = { requestCert: true, rejectUnauthorized: true, ...optionsFor(added) };
    const listening = await serve(server, strict, (socket) => {
      note('server', socket.authorized, socket.authorizationError);
      socket.resume().on('error', () => {});
    });
    if (how === 'addContext()') listening.addContext('localhost', added);
    listening.on('tlsClientError', () => note('refused'));
    for (const name of ['clientOnly', 'revoked']) {
      const options = { ...pki.identity(name), rejectUnauthorized: false, maxVersion: 'TLSv1.2' };
      const socket = client.connect(target(listening, options));
      const isSecure = await new Promise((resolve) => {
        socket.on('secureConnect', () => resolve(true)).on('error', () => {}).on('close', () => resolve(false));
      });
      note(name, isSecure);
      await ended(socket);
    }
  });

  compared(`a context without a certificate leaves that of the server, with ${how}`, async ({ client, server }, note) => {
    const bare = server.createSecureContext({ ca: pki.certificate('root') });
    const listening = await serve(server, optionsFor(bare));
    if (how === 'addContext()') listening.addContext('localhost', bare);
    await ask(client, listening, 'localhost', note);
  });
}

compared('setKeyCert() without a certificate', async ({ client, server }, note) => {
  const listening = await serve(server, {
    ALPNCallback({ protocols }) {
      try {
        this.setKeyCert(server.createSecureContext({ ca: pki.certificate('root') }));
      } catch (error) {
        note(error);
      }
      return protocols[0];
    },
  });
  await ask(client, listening, 'localhost', note, { ALPNProtocols: ['a', 'b'] });
});
