'use strict';

// Parity with node:tls: handshakes that fail, on both sides, with OpenSSL's codes and words.

const { once } = require('events');
const net = require('net');
const { atEnd } = require('../../helpers');
const { compared } = require('./compared');
const { parity, pki } = require('./trace');

const nothing = { refused: true };

parity('no version in common', {
  ...nothing,
  client: { maxVersion: 'TLSv1.2' },
  server: { minVersion: 'TLSv1.3' },
});

parity('no version in common, the other way round', {
  ...nothing,
  client: { minVersion: 'TLSv1.3' },
  server: { maxVersion: 'TLSv1.2' },
});

// What waits to be written is what fails then.
for (const [what, begin] of Object.entries({
  'a write': (client, trace) => client.write('x', trace.callback('write')),
  'two writes': (client, trace) => ['first', 'second'].forEach((name) => client.write(name, trace.callback(name))),
  'a write in \'connect\'': (client, trace) => client.on('connect', () => client.write('x', trace.callback('write'))),
  'an end with data': (client, trace) => client.end('x', trace.callback('end')),
})) {
  parity(`no version in common, while there is ${what}`, {
    ...nothing,
    client: { minVersion: 'TLSv1.3' },
    server: { maxVersion: 'TLSv1.2' },
    begin,
  });
}

parity('no version in common, while there is an end', {
  ...nothing,
  // Node ends its side within the handshake.
  except: ['finish', 'writableFinished'],
  client: { minVersion: 'TLSv1.3' },
  server: { maxVersion: 'TLSv1.2' },
  begin: (client) => client.end(),
});

parity('a server that speaks no TLS, while there is a write', {
  ...nothing,
  except: ['server', 'accepted'],
  begin: (client, trace) => client.write('x', trace.callback('write')),
  serve(server, trace, run) {
    run.plain = net.createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    run.plain.listen(0, '127.0.0.1');
    atEnd(() => run.plain.close());
  },
  client: ({ plain }) => ({ port: plain.address().port }),
});

parity('no cipher suite of TLS 1.2 in common', {
  ...nothing,
  client: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  server: { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
});

parity('no cipher suite of TLS 1.3 in common', {
  ...nothing,
  client: { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' },
  server: { ciphers: 'TLS_AES_256_GCM_SHA384' },
});

parity('no application protocol in common', {
  ...nothing,
  client: { ALPNProtocols: ['a'] },
  server: { ALPNProtocols: ['b'] },
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  parity(`a client without the certificate that is demanded, by ${maxVersion}`, {
    ...nothing,
    // By TLS 1.2, rustls sends the alert of TLS 1.3; by TLS 1.3, an alert destroys our client's socket at once.
    except: ['client'],
    client: { maxVersion },
    server: () => ({ ca: pki.certificate('root'), requestCert: true }),
    secure: (client) => client.resume(),
  });

  parity(`a server without a certificate, by ${maxVersion}`, {
    ...nothing,
    // OpenSSL has two words for this, one for each version.
    except: ['server'],
    client: { maxVersion },
    server: { key: undefined, cert: undefined },
  });
}

/** A plain connection in the place of a client, which sends `data`. */
const plain = (data) => (module, { port }) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.end(data));
  return socket;
};

for (const [what, data] of Object.entries({
  'a request in the clear': 'GET / HTTP/1.1\r\n\r\n',
  'a request to a proxy': 'CONNECT a.test:443 HTTP/1.1\r\n\r\n',
  'nothing at all': '',
  'what is no TLS': 'nothing that anybody would understand',
  'part of a record': Buffer.from([22, 3, 1, 0, 100, 1]),
})) {
  parity(`a server receives ${what}`, { ...nothing, except: ['client'], connect: plain(data) });
}

parity('a server that nobody listens at', {
  ...nothing,
  except: ['server', 'accepted'],
  client: { port: 1 },
});

/** A port that nothing listens on. */
async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

for (const [what, act] of Object.entries({ 'refused': () => {}, 'destroyed at once': (socket) => socket.destroy() })) {
  compared(`writes to a connection that is ${what}`, async ({ client }, note) => {
    const socket = client.connect({ port: await closedPort(), host: '127.0.0.1' });
    const isClosed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', ({ code }) => note('error', code));
    for (const name of ['first', 'second']) socket.write('x', ({ code }) => note(name, code));
    act(socket);
    note('close', await isClosed);
  });
}

const REFUSED = {
  'no protocol in common': [{ ALPNProtocols: ['a'] }, { ALPNProtocols: ['b'] }],
  'no version in common': [{ minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }],
  'no cipher suite in common': [
    { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' },
    { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' },
  ],
};

for (const [why, [forServer, forClient]] of Object.entries(REFUSED)) {
  compared(`a ClientHello that was read before is refused: ${why}`, async ({ client, server }, note) => {
    const secure = server.createServer({ ...pki.identity('p256'), ...forServer });
    const listening = net.createServer((plain) => plain.once('readable', () => {
      plain.unshift(plain.read());
      secure.emit('connection', plain);
    })).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    atEnd(() => listening.close());
    const { port } = listening.address();
    const socket = client.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...forClient });
    const [{ code }] = await once(socket, 'error');
    note(code);
  });
}
