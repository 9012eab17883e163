'use strict';

// "Interop both ways and both roles with `openssl s_client`/`s_server`, `node:tls`, `gnutls-cli`/`gnutls-serv`, curl":
// versions, kinds of keys, chains with intermediates, SNI, ALPN, client certificates, resumption.

const { createHash } = require('crypto');
const { once } = require('events');
const fs = require('fs');
const http = require('http');
const path = require('path');
const net = require('../../..');
const { child, destroyAtEnd, failure, listening, scratch } = require('../../helpers');
const { DEADLINE, describeWith } = require('../../peers/program');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  nextSecure,
  only,
  secureClient,
  secureServer,
  tlsClient,
  tlsServer,
} = require('../ends');
const { curl, gnutlsClient, gnutlsServer, opensslClient, opensslServer } = require('../peers');
const { KEY_KINDS, certificate, crls, files, identity } = require('../pki');

jest.setTimeout(2 * DEADLINE);

const root = certificate('root');

const MATRIX = VERSIONS.flatMap((version) => KEY_KINDS.map((kind) => [version, kind]));

/** How openssl and gnutls are told a version. */
const OPENSSL = { 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' };
const GNUTLS = { 'TLSv1.2': 'NORMAL:-VERS-ALL:+VERS-TLS1.2', 'TLSv1.3': 'NORMAL:-VERS-ALL:+VERS-TLS1.3' };

/** What a client that trusts our root and knows the name sends and expects. */
const openssl = {
  client: (port, ...args) =>
    opensslClient(port, '-CAfile', rootFile(), '-servername', 'localhost', '-verify_hostname', 'localhost', '-verify_return_error', ...args),
};
const gnutls = {
  client: (port, ...args) =>
    gnutlsClient(port, '--x509cafile', rootFile(), '--sni-hostname', 'localhost', '--verify-hostname', 'localhost', ...args),
};

/** Our root in a file, for the test that runs. */
function rootFile() {
  return files('root', scratch()).leaf;
}

/** A server of ours that answers `got ...` to the first data and ends. */
async function answering(credentials) {
  const server = await secureServer(credentials);
  server.on('connection', (stream) => {
    stream.once('data', (data) => stream.end(`got ${data}`));
    stream.on('error', () => {});
  });
  return server;
}

/** Our client, secure, at a program that sends lines back as `answer` has them. */
async function asksFor(port, credentials, answer, how = { servername: 'localhost' }) {
  const client = destroyAtEnd(net.connect(port, '127.0.0.1')).setSecure(credentials, how);
  await once(client, 'secure');
  client.write('hello\n');
  expect((await once(client, 'data')).toString()).toBe(answer);
  return client;
}

describeWith(['openssl'], 'openssl', () => {
  const serverArgs = (name) => {
    const { key, leaf, chain } = files(name, scratch());
    // An empty file is no chain to s_server.
    return ['-key', key, '-cert', leaf, ...(fs.statSync(chain).size > 0 ? ['-cert_chain', chain] : []), '-rev'];
  };

  test.each(MATRIX)('s_client at our server: %s, %s', async (version, kind) => {
    const server = await answering({ ...identity(kind), ...only(version) });
    const accepted = nextSecure(server);
    const client = openssl.client(server.address().port, OPENSSL[version]);
    client.say('hello\n');
    const { code, output } = await client.outcome;
    expect(output).toMatch('Verification: OK');
    expect(output).toMatch(`Protocol version: ${version}\n`);
    expect(output).toMatch(`Peer certificate: CN = ${kind}\n`);
    expect([output.endsWith('got hello\n'), code]).toEqual([true, 0]);
    const stream = await accepted;
    expect([stream.servername, stream.getProtocol()]).toEqual(['localhost', version]);
  });

  test.each(MATRIX)('our client at s_server: %s, %s', async (version, kind) => {
    const server = await opensslServer(...serverArgs(kind), OPENSSL[version]);
    const client = await asksFor(server.port, CLIENT, 'olleh\n');
    expect([client.verifyPeer(), client.getProtocol()]).toEqual([true, version]);
    expect(client.getPeerCertificate().subject).toBe(`/CN=${kind}`);
    client.end();
    await once(client, 'close');
    expect(client.truncated).toBe(false);
  });

  test.each(MATRIX)('s_client with a certificate at our server: %s, %s', async (version, kind) => {
    const server = await answering({ ...SERVER, ca: root, rejectUnauthorized: true, ...only(version) });
    const accepted = nextSecure(server);
    const { key, leaf, chain } = files(`${kind}Client`, scratch());
    const client = openssl.client(server.address().port, '-key', key, '-cert', leaf, '-cert_chain', chain);
    client.say('hello\n');
    expect((await client.outcome).output).toMatch(/got hello\n$/);
    const stream = await accepted;
    expect([stream.verifyPeer(), stream.getPeerCertificate().subject]).toEqual([true, `/CN=${kind}Client`]);
  });

  test.each(MATRIX)('our client with a certificate at s_server: %s, %s', async (version, kind) => {
    const args = ['-CAfile', rootFile(), '-Verify', '3', '-verify_return_error', OPENSSL[version]];
    const server = await opensslServer(...serverArgs('p256'), ...args);
    await asksFor(server.port, identity(`${kind}Client`, CLIENT), 'olleh\n');
    // It prints that on another pipe than what it answers.
    await server.said(new RegExp(`CN = ${kind}Client`));
  });

  const client = (name, more = {}) => ({ name, trust: { ca: root }, code: null, ...more });
  test.each([
    ['present', client('direct')],
    ['absent', client(null, { code: expect.any(String) })],
    ['wrong: of another authority', client('unknownIssuer', { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })],
    ['wrong: for servers', client('serverOnly', { code: 'INVALID_PURPOSE' })],
    ['expired', client('expired', { code: 'CERT_HAS_EXPIRED' })],
    ['revoked', client('revoked', { trust: { ca: root, crl: crls.root }, code: 'CERT_REVOKED' })],
    ['self-signed', client('selfSigned', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })],
    ['self-signed and listed in `ca`', client('selfSigned', { trust: { ca: certificate('selfSigned') } })],
    ['CA used as leaf', client('caAsLeaf', { code: 'INVALID_PURPOSE' })],
  ])('"client certificates present, absent, wrong, expired, revoked, self-signed [...]": %s', async (_, { name, trust, code }) => {
    const server = await answering({ ...SERVER, ...trust });
    const accepted = nextSecure(server);
    const paths = name === null ? null : files(name, scratch());
    const program = openssl.client(server.address().port, ...(paths === null ? [] : ['-key', paths.key, '-cert', paths.leaf]));
    program.say('hello\n');
    expect((await program.outcome).output).toMatch(/got hello\n$/);
    const stream = await accepted;
    expect([stream.verifyPeer(), stream.authorizationError]).toEqual([code === null, code]);
  });

  test('SNI: our client asks s_server for one of its two', async () => {
    const second = files('beta', scratch());
    const args = [...serverArgs('p256'), '-servername', 'beta.test', '-key2', second.key, '-cert2', second.leaf];
    const server = await opensslServer(...args);
    for (const [servername, subject] of [['beta.test', '/CN=beta'], ['localhost', '/CN=p256']]) {
      const stream = await asksFor(server.port, CLIENT, 'olleh\n', { servername });
      expect([stream.getPeerCertificate().subject, stream.verifyPeer()]).toEqual([subject, true]);
      stream.destroy();
    }
  });

  test('SNI: s_client asks our server for one of its two', async () => {
    const server = await answering({ ...SERVER, contexts: { 'beta.test': identity('beta') } });
    for (const [servername, subject] of [['beta.test', 'CN = beta'], ['localhost', 'CN = p256']]) {
      const program = opensslClient(server.address().port, '-CAfile', rootFile(), '-servername', servername);
      program.say('hello\n');
      expect((await program.outcome).output).toMatch(`Peer certificate: ${subject}\n`);
    }
  });

  test('ALPN, both ways', async () => {
    const server = await answering({ ...SERVER, ALPNProtocols: ['h2', 'http/1.1'] });
    const accepted = nextSecure(server);
    const program = openssl.client(server.address().port, '-alpn', 'spdy,http/1.1');
    program.say('hello\n');
    await program.outcome;
    expect((await accepted).alpnProtocol).toBe('http/1.1');
    const other = await opensslServer(...serverArgs('p256'), '-alpn', 'x,h2');
    const stream = await asksFor(other.port, { ...CLIENT, ALPNProtocols: ['http/1.1', 'h2'] }, 'olleh\n');
    expect(stream.alpnProtocol).toBe('h2');
  });

  test.each(VERSIONS)('resumption: s_client comes back to our server, %s', async (version) => {
    const server = await answering({ ...SERVER, ...only(version) });
    const session = path.join(scratch(), 'session');
    const seen = [];
    for (const args of [['-sess_out', session], ['-sess_in', session]]) {
      const accepted = nextSecure(server);
      const program = openssl.client(server.address().port, ...args);
      program.say('hello\n');
      expect((await program.outcome).output).toMatch(/got hello\n$/);
      seen.push((await accepted).isSessionReused());
    }
    expect(seen).toEqual([false, true]);
  });

  test.each(VERSIONS)('resumption: our client comes back to s_server, %s', async (version) => {
    const server = await opensslServer(...serverArgs('p256'), OPENSSL[version]);
    const credentials = net.createCredentials(CLIENT);
    const seen = [];
    for (let i = 0; i < 2; i++) {
      const stream = await asksFor(server.port, credentials, 'olleh\n');
      seen.push([stream.isSessionReused(), stream.verifyPeer()]);
      stream.end();
      await once(stream, 'close');
    }
    expect(seen).toEqual([[false, true], [true, true]]);
  });

  test('the keys of TLS 1.3 are updated in the middle, both ways', async () => {
    const server = await secureServer({ ...SERVER, ...only('TLSv1.3') });
    server.on('connection', (stream) => stream.on('data', (data) => stream.write(`got ${data}`)));
    const { port } = server.address();
    const program = openssl.client(port);
    const lines = ['one', 'two', 'three'];
    for (const [i, line] of lines.entries()) {
      program.say(`${line}\n`);
      await program.said(new RegExp(`got ${line}\n`));
      // A command of s_client, alone in its line: update, and ask for the same.
      program.say('K\n');
      await program.said(new RegExp(`(KEYUPDATE[^]*){${i + 1}}`));
    }
    expect(program.output()).not.toMatch(/got K/);
  });

  test('a server that our gate turns away is told why by an alert', async () => {
    const server = await opensslServer(...serverArgs('unknownIssuer'));
    const stream = net.connect(server.port, '127.0.0.1').setSecure({ ...CLIENT, rejectUnauthorized: true });
    expect((await failure(stream)).code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await server.said(/alert unknown ca/);
  });

  test('the alert of a server that misses our certificate is named', async () => {
    const args = ['-CAfile', rootFile(), '-Verify', '3', '-verify_return_error', '-tls1_2'];
    const server = await opensslServer(...serverArgs('p256'), ...args);
    const stream = net.connect(server.port, '127.0.0.1').setSecure(CLIENT);
    const error = await failure(stream);
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_SSL_.*ALERT/), alert: expect.any(String) });
  });
});

describeWith(['gnutls-cli', 'gnutls-serv'], 'gnutls', () => {
  const serverArgs = (name) => {
    const { key, cert } = files(name, scratch());
    return ['--echo', '--x509keyfile', key, '--x509certfile', cert];
  };

  test.each(MATRIX)('gnutls-cli at our server: %s, %s', async (version, kind) => {
    const server = await answering({ ...identity(kind), ...only(version) });
    const client = gnutls.client(server.address().port, '--priority', GNUTLS[version]);
    await client.said(/Handshake was completed/);
    client.say('hello\n');
    const { code, output } = await client.outcome;
    expect(output).toMatch('The certificate is trusted');
    expect(output).toMatch(`Description: (${version.replace('v', '')}-X.509)`);
    expect(output).toMatch('got hello\n');
    expect(output).toMatch('Peer has closed the GnuTLS connection');
    expect(code).toBe(0);
  });

  test.each(MATRIX)('our client at gnutls-serv: %s, %s', async (version, kind) => {
    const server = await gnutlsServer(...serverArgs(kind), '--disable-client-cert', '--priority', GNUTLS[version]);
    const client = await asksFor(server.port, CLIENT, 'hello\n');
    expect([client.verifyPeer(), client.getProtocol()]).toEqual([true, version]);
    client.end();
    await once(client, 'close');
  });

  test.each(MATRIX)('gnutls-cli with a certificate at our server: %s, %s', async (version, kind) => {
    const server = await answering({ ...SERVER, ca: root, rejectUnauthorized: true, ...only(version) });
    const accepted = nextSecure(server);
    const { key, cert } = files(`${kind}Client`, scratch());
    const client = gnutls.client(server.address().port, '--x509keyfile', key, '--x509certfile', cert);
    await client.said(/Handshake was completed/);
    client.say('hello\n');
    expect((await client.outcome).output).toMatch('got hello\n');
    const stream = await accepted;
    expect([stream.verifyPeer(), stream.getPeerCertificate().subject]).toEqual([true, `/CN=${kind}Client`]);
  });

  test.each(MATRIX)('our client with a certificate at gnutls-serv: %s, %s', async (version, kind) => {
    const args = ['--require-client-cert', '--verify-client-cert', '--x509cafile', rootFile()];
    const server = await gnutlsServer(...serverArgs('p256'), ...args, '--priority', GNUTLS[version]);
    await asksFor(server.port, identity(`${kind}Client`, CLIENT), 'hello\n');
    await server.said(new RegExp(`CN=${kind}Client`));
  });

  test('SNI and ALPN, both ways', async () => {
    const server = await answering({ ...SERVER, ALPNProtocols: ['h2', 'http/1.1'] });
    const accepted = nextSecure(server);
    const program = gnutls.client(server.address().port, '--alpn', 'http/1.1');
    await program.said(/Handshake was completed/);
    const stream = await accepted;
    expect([stream.alpnProtocol, stream.servername]).toEqual(['http/1.1', 'localhost']);
    const args = ['--alpn', 'h2', '--sni-hostname', 'beta.test', '--sni-hostname-fatal'];
    const other = await gnutlsServer(...serverArgs('beta'), ...args);
    const credentials = { ...CLIENT, ALPNProtocols: ['http/1.1', 'h2'] };
    const client = await asksFor(other.port, credentials, 'hello\n', { servername: 'beta.test' });
    expect([client.alpnProtocol, client.verifyPeer()]).toEqual(['h2', true]);
  });

  test('resumption: gnutls-cli comes back to our server', async () => {
    const server = await secureServer(SERVER);
    const seen = [];
    server.on('connection', (stream) => {
      stream.on('secure', () => {
        seen.push(stream.isSessionReused());
        stream.write('hello\n');
      });
      stream.on('data', (data) => stream.end(`got ${data}`));
    });
    const program = gnutls.client(server.address().port, '--resume');
    await program.said(/This is a resumed session/);
    program.say('hello\n');
    await program.said(/got hello/);
    expect(seen).toEqual([false, true]);
  });
});

describeWith(['curl'], 'curl', () => {
  /** A server of node:http behind streams of ours. */
  async function web(credentials, answer) {
    const pages = http.createServer(answer);
    const server = await secureServer(credentials);
    server.on('connection', (stream) => pages.emit('connection', stream));
    return server;
  }

  /** What leads curl to our server under the name of its certificate. */
  const to = (server) => ['--cacert', rootFile(), '--connect-to', `::127.0.0.1:${server.address().port}`];

  test.each(MATRIX)('at our server: %s, %s', async (version, kind) => {
    const credentials = { ...identity(kind), ...only(version) };
    const server = await web(credentials, (request, response) => response.end(`page ${request.url}`));
    expect(await curl('https://localhost/one', ...to(server))).toEqual({ code: 0, signal: null, output: 'page /one' });
  });

  test.each(VERSIONS)('a large download, and a large upload, %s', async (version) => {
    const page = Buffer.alloc(5_000_000, 'abcdefg');
    const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
    const server = await web({ ...SERVER, ...only(version) }, async (request, response) => {
      const sum = createHash('sha256');
      for await (const chunk of request) sum.update(chunk);
      response.setHeader('x-received', sum.digest('hex'));
      response.end(page);
    });
    const file = path.join(scratch(), 'page');
    fs.writeFileSync(file, page);
    const args = ['--data-binary', `@${file}`, '--output', `${file}.back`, '--dump-header', '-'];
    const { code, output } = await curl('https://localhost/', ...to(server), ...args);
    expect([code, /x-received: (\w+)/i.exec(output)[1]]).toEqual([0, hash(page)]);
    expect(hash(fs.readFileSync(`${file}.back`))).toBe(hash(page));
  });

  test('with a certificate of its own; SNI and ALPN', async () => {
    const more = { ca: root, ALPNProtocols: ['http/1.1'] };
    const credentials = { ...SERVER, ...more, contexts: { 'beta.test': identity('beta', more) } };
    const server = await web(credentials, ({ socket }, response) => {
      const { servername, alpnProtocol } = socket;
      response.end([socket.verifyPeer(), socket.getPeerCertificate().subject, servername, alpnProtocol].join());
    });
    const { key, cert } = files('p256Client', scratch());
    const { output } = await curl('https://beta.test/', ...to(server), '--key', key, '--cert', cert);
    expect(output).toBe('true,/CN=p256Client,beta.test,http/1.1');
  });

  test('it does not trust whom it should not', async () => {
    for (const name of ['unknownIssuer', 'expired', 'alpha']) {
      const server = await web(identity(name), (_, response) => response.end('never'));
      expect((await curl('https://localhost/', ...to(server))).code).toBe(60);
    }
  });
});

describe('node:tls', () => {
  test.each(MATRIX)('its client at our server, and our client at its server: %s, %s', async (version, kind) => {
    const both = { ca: root, servername: 'localhost' };
    const server = await answering({ ...identity(kind), ...only(version), ca: root });
    const accepted = nextSecure(server);
    const theirs = tlsClient(server, { ...identity(`${kind}Client`), ...both });
    theirs.write('hello');
    expect((await once(theirs, 'data')).toString()).toBe('got hello');
    expect([theirs.authorized, (await accepted).verifyPeer()]).toEqual([true, true]);

    const asks = { ca: root, requestCert: true, rejectUnauthorized: false };
    const other = await tlsServer({ ...identity(kind), ...only(version), ...asks });
    const connection = once(other, 'secureConnection');
    const ours = secureClient(other, identity(`${kind}Client`, both));
    await once(ours, 'secure');
    const [socket] = await connection;
    socket.end('hello');
    expect((await once(ours, 'data')).toString()).toBe('hello');
    expect([socket.authorized, ours.verifyPeer(), ours.getProtocol()]).toEqual([true, true, version]);
  });
});

test('UNIX sockets: a peer of our own in another process', async () => {
  const file = path.join(scratch(), 's');
  const server = net.createServer((stream) => destroyAtEnd(stream).setSecure(SERVER).pipe(stream));
  await listening(server, file);
  const { lines, exit } = child(
    `const stream = net.connect(process.argv[2]).setSecure({ ca: process.argv[3] }, { servername: 'localhost' });
    stream.on('secure', () => stream.end('there and back'));
    stream.on('data', (data) => console.log(stream.type, stream.verifyPeer(), String(data)));`,
    { args: [server.address(), root] },
  );
  expect((await lines.next()).value).toBe('unix true there and back');
  expect(await exit).toBe(0);
});
