'use strict';

// D19: credentials that are replaced, by the program or by the files that they were read from.

const { execFile } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');
const net = require('../../..');
const { atEnd, destroyAtEnd, failure, scratch, thrown } = require('../../helpers');
const { VERSIONS, greeter, only, secureClient, secureServer, visit } = require('../ends');
const { certificate, crls, identity, keyPairIn, parsed, writeKeyPair } = require('../pki');

const ENTRY = JSON.stringify(path.join(__dirname, '..', '..', '..'));

const root = certificate('root');
const other = identity('p256');

/** The subject of the certificate that `server` shows a new client. */
async function shown(server, options = {}, how = {}) {
  const client = await visit(server, net.createCredentials({ ca: [], ...options }), how);
  return client.getPeerX509Certificate().fingerprint256;
}

const fingerprint = (name) => parsed(name).fingerprint256;

describe('credentials.replace()', () => {
  test('is for handshakes from now on; connections that are open, and all other options, stay', async () => {
    const credentials = net.createCredentials({ ...identity('direct'), ALPNProtocols: ['a'], handshakeTimeout: 5000 });
    const server = await secureServer(credentials);
    const open = secureClient(server, { ca: [], ALPNProtocols: ['a'] });
    await once(open, 'secure');
    expect(credentials.replace(other)).toBe(credentials);
    const next = secureClient(server, { ca: [], ALPNProtocols: ['a'] });
    await once(next, 'secure');
    const seen = [open, next].map((client) => client.getPeerX509Certificate().fingerprint256);
    expect(seen).toEqual([fingerprint('direct'), fingerprint('p256')]);
    expect([next.alpnProtocol, credentials.handshakeTimeout]).toEqual(['a', 5000]);
    expect(open.destroyed).toBe(false);
  });

  test('what is wrong throws, and leaves those in use', async () => {
    const credentials = net.createCredentials(identity('direct'));
    const server = await greeter(credentials);
    const { expires } = credentials;
    for (const [wrong, code] of [
      [5, 'ERR_INVALID_ARG_TYPE'],
      [{ key: other.key }, 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'],
      [{ cert: 'garbage' }, 'ERR_OSSL_ASN1_WRONG_TAG'],
      [{ ...other, ciphers: 'NOPE' }, 'ERR_SSL_NO_CIPHER_MATCH'],
      [{ ...other, certFile: '/nowhere' }, 'ERR_INVALID_ARG_VALUE'],
      [{ certFile: '/nowhere' }, 'ENOENT'],
      [{ ...other, ocsp: [Buffer.alloc(1), Buffer.alloc(1)] }, 'ERR_INVALID_ARG_VALUE'],
      [{ ...other, contexts: { a: { ca: [] } } }, 'ERR_INVALID_ARG_VALUE'],
      [{ ...other, servername: 5 }, 'ERR_INVALID_ARG_TYPE'],
    ]) {
      expect([code, thrown(() => credentials.replace(wrong)).code]).toEqual([code, code]);
    }
    expect(await shown(server)).toBe(fingerprint('direct'));
    expect([credentials.expires, credentials.servername]).toEqual([expires, undefined]);
  });

  test('a certificate that is renewed for the same key', async () => {
    const credentials = net.createCredentials(identity('direct'));
    credentials.replace({ cert: identity('direct').cert });
    expect(await shown(await greeter(credentials))).toBe(fingerprint('direct'));
  });

  test('what was given may have been overwritten since', async () => {
    const [key, cert] = [Buffer.from(identity('direct').key), Buffer.from(identity('direct').cert)];
    const credentials = net.createCredentials({ key, cert: [cert] });
    key.fill(0);
    cert.fill(0);
    credentials.replace({ ALPNProtocols: ['a'] });
    expect(await shown(await greeter(credentials))).toBe(fingerprint('direct'));
  });

  test('those that are contexts of others are replaced there', async () => {
    const named = net.createCredentials(identity('direct'));
    const server = await greeter(net.createCredentials({ ...other, contexts: { localhost: named } }));
    named.replace(identity('p384'));
    expect(await shown(server, {}, { servername: 'localhost' })).toBe(fingerprint('p384'));
    expect(await shown(server)).toBe(fingerprint('p256'));
  });

  test('`contexts`, `SNICallback` and what else is asked in the handshake are those of now', async () => {
    const credentials = net.createCredentials({ ...other, contexts: { localhost: identity('direct') } });
    const server = await greeter(credentials);
    credentials.replace({ contexts: { localhost: identity('p384') } });
    expect(await shown(server, {}, { servername: 'localhost' })).toBe(fingerprint('p384'));
    credentials.replace({ contexts: {}, SNICallback: (name, callback) => callback(null, identity('rsa2048')) });
    expect(await shown(server, {}, { servername: 'localhost' })).toBe(fingerprint('rsa2048'));
  });

  test('a client shows the new certificate on its next connection', async () => {
    const credentials = net.createCredentials({ ...identity('direct'), ca: [] });
    const server = await secureServer({ ...other, ca: root });
    const seen = [];
    server.on('connection', (stream) => stream.on('secure', () => {
      seen.push(stream.getPeerX509Certificate().fingerprint256);
      stream.end('seen');
    }));
    for (const replaced of [null, identity('p384')]) {
      if (replaced !== null) credentials.replace(replaced);
      const client = secureClient(server, credentials);
      client.resume();
      await once(client, 'close');
    }
    expect(seen).toEqual([fingerprint('direct'), fingerprint('p384')]);
  });

  test.each(VERSIONS)('%s: clients go on with their sessions, unless ticket keys are given', async (version) => {
    const credentials = net.createCredentials({ ...identity('direct'), ...only(version) });
    const server = await greeter(credentials);
    const client = net.createCredentials({ ca: [] });
    const isResumed = async () => (await visit(server, client, { servername: 'localhost' })).isSessionReused();
    expect([await isResumed(), await isResumed()]).toEqual([false, true]);
    credentials.replace(other);
    expect(await isResumed()).toBe(true);
    credentials.replace({ ticketKeys: Buffer.alloc(48, 1) });
    expect([await isResumed(), await isResumed()]).toEqual([false, true]);
  });

  test.each(VERSIONS)('%s: a client that has been revoked can\'t go on with its session', async (version) => {
    const credentials = net.createCredentials({ ...other, ca: root, rejectUnauthorized: true, ...only(version) });
    const server = await greeter(credentials);
    server.on('connection', (stream) => stream.on('error', () => {}));
    const client = net.createCredentials({ ...identity('revoked'), ca: [] });
    const isResumed = async () => (await visit(server, client, { servername: 'localhost' })).isSessionReused();
    expect([await isResumed(), await isResumed()]).toEqual([false, true]);
    credentials.replace({ crl: crls.root });
    const refused = destroyAtEnd(secureClient(server, client, { servername: 'localhost' }));
    refused.resume();
    expect((await failure(refused)).code).toMatch(/^ERR_SSL_|ECONNRESET/);
  });

  test('a gate that is closed in the middle of a handshake is for the next one, and one that is opened, too', async () => {
    const strict = { ca: root, rejectUnauthorized: true, checkServerIdentity: () => new Error('never') };
    const credentials = net.createCredentials(strict);
    const server = await secureServer(identity('direct'));
    const client = destroyAtEnd(secureClient(server, credentials, { servername: 'localhost' }));
    await once(client, 'connect');
    credentials.replace({ rejectUnauthorized: false });
    expect((await failure(client)).message).toBe('never');
  });

  test('`expires`: when the first of the certificates does', () => {
    const credentials = net.createCredentials(identity('direct'));
    expect(credentials.expires).toEqual(new Date(parsed('direct').validTo));
    credentials.replace(other);
    expect(credentials.expires).toEqual(new Date(parsed('p256').validTo));
    expect(net.createCredentials().expires).toBe(null);
  });
});

describe('`certFile`, `keyFile` and others, with `watch`', () => {
  const watch = { interval: 5 };

  const files = (name = 'direct', folder = scratch()) => keyPairIn(folder, name);

  function watched(options) {
    const credentials = net.createCredentials({ ...options, watch });
    atEnd(() => credentials.unwatch());
    return credentials;
  }

  test('are read at once, and what is wrong throws', async () => {
    const paths = files();
    expect(await shown(await greeter(net.createCredentials(paths)))).toBe(fingerprint('direct'));
    for (const [wrong, code] of [
      [{ ...paths, keyFile: `${paths.keyFile}.not` }, 'ENOENT'],
      [{ ...paths, key: other.key }, 'ERR_INVALID_ARG_VALUE'],
      [{ ...paths, keyFile: 5 }, 'ERR_INVALID_ARG_TYPE'],
      [{ ...paths, watch: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
      [{ ...paths, watch: { interval: 0 } }, 'ERR_OUT_OF_RANGE'],
      [{ ...paths, certFile: paths.keyFile }, 'ERR_OSSL_PEM_NO_START_LINE'],
    ]) {
      expect([code, thrown(() => net.createCredentials(wrong)).code]).toEqual([code, code]);
    }
  });

  test('are read again when both are renamed into place', async () => {
    const paths = files();
    const credentials = watched(paths);
    const server = await greeter(credentials);
    const next = files('p256');
    const replaced = once(credentials, 'replaced');
    for (const name of ['keyFile', 'certFile']) fs.renameSync(next[name], paths[name]);
    await replaced;
    expect(await shown(server)).toBe(fingerprint('p256'));
    expect(credentials.expires).toEqual(new Date(parsed('p256').validTo));
  });

  test('one after the other, with time in between: an error, those in use stay, and then both are used', async () => {
    const paths = files();
    const credentials = watched(paths);
    const server = await greeter(credentials);
    const refused = new Promise((resolve) => credentials.once('error', resolve));
    fs.writeFileSync(paths.keyFile, identity('p256').key);
    expect((await refused).code).toBe('ERR_OSSL_X509_KEY_VALUES_MISMATCH');
    expect(await shown(server)).toBe(fingerprint('direct'));
    const replaced = once(credentials, 'replaced');
    fs.writeFileSync(paths.certFile, identity('p256').cert);
    await replaced;
    expect(await shown(server)).toBe(fingerprint('p256'));
  });

  test('through a symlink to a folder, as Kubernetes swaps it', async () => {
    const folder = scratch();
    for (const [version, name] of [['..1', 'direct'], ['..2', 'p256']]) {
      fs.mkdirSync(path.join(folder, version));
      files(name, path.join(folder, version));
    }
    fs.symlinkSync('..1', path.join(folder, '..data'));
    for (const name of ['key.pem', 'cert.pem']) fs.symlinkSync(`..data/${name}`, path.join(folder, name));
    const credentials = watched({ keyFile: path.join(folder, 'key.pem'), certFile: path.join(folder, 'cert.pem') });
    const replaced = once(credentials, 'replaced');
    fs.symlinkSync('..2', path.join(folder, '..data_tmp'));
    fs.renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
    fs.rmSync(path.join(folder, '..1'), { recursive: true });
    await replaced;
    expect(await shown(await greeter(credentials))).toBe(fingerprint('p256'));
  });

  test('through symlinks of files, as certbot swaps them', async () => {
    const folder = scratch();
    const [first, second] = ['direct', 'p256'].map((name) => files(name));
    const live = { keyFile: path.join(folder, 'privkey.pem'), certFile: path.join(folder, 'fullchain.pem') };
    for (const name of ['keyFile', 'certFile']) fs.symlinkSync(first[name], live[name]);
    const credentials = watched(live);
    credentials.on('error', () => {});
    const replaced = once(credentials, 'replaced');
    for (const name of ['keyFile', 'certFile']) {
      fs.unlinkSync(live[name]);
      fs.symlinkSync(second[name], live[name]);
    }
    await replaced;
    expect(await shown(await greeter(credentials))).toBe(fingerprint('p256'));
  });

  test('`caFile` and `crlFile`: a client that is revoked in the file is refused', async () => {
    const folder = scratch();
    const [caFile, crlFile] = [path.join(folder, 'ca.pem'), path.join(folder, 'crl.pem')];
    fs.writeFileSync(caFile, root);
    fs.writeFileSync(crlFile, crls.revokesIntermediate);
    const credentials = watched({ ...other, caFile, crlFile, rejectUnauthorized: true });
    const server = await greeter(credentials);
    server.on('connection', (stream) => stream.on('error', () => {}));
    const client = net.createCredentials({ ...identity('revoked'), ca: [] });
    await visit(server, client);
    const replaced = once(credentials, 'replaced');
    fs.writeFileSync(crlFile, crls.root);
    await replaced;
    const refused = destroyAtEnd(secureClient(server, client));
    refused.resume();
    expect((await failure(refused)).code).toMatch(/^ERR_SSL_|ECONNRESET/);
  });

  test('files that are gone are an error, and those in use stay', async () => {
    const paths = files();
    const credentials = watched(paths);
    const refused = new Promise((resolve) => credentials.once('error', resolve));
    fs.rmSync(paths.certFile);
    expect((await refused).code).toBe('ENOENT');
    expect(await shown(await greeter(credentials))).toBe(fingerprint('direct'));
  });

  test('without a listener of \'error\', there is a warning', async () => {
    const paths = files();
    const script = `
      const credentials = require(${ENTRY}).createCredentials({ ...${JSON.stringify(paths)}, watch: { interval: 5 } });
      process.on('warning', ({ code }) => console.log(code) || process.exit());
      require('fs').writeFileSync(${JSON.stringify(paths.certFile)}, 'garbage');
      setInterval(() => credentials, 1000);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
    expect(stdout).toBe('RUST_NET_CREDENTIALS\n');
  });

  test('replace() has others watched; unwatch() none', async () => {
    const paths = files();
    const credentials = watched(paths);
    const next = files('p384');
    credentials.replace(next);
    const replaced = once(credentials, 'replaced');
    writeKeyPair(next, 'p256');
    await replaced;
    expect(await shown(await greeter(credentials))).toBe(fingerprint('p256'));
    credentials.unwatch();
    const other = watched(next);
    const seen = [];
    credentials.on('replaced', () => seen.push('replaced'));
    const alsoReplaced = once(other, 'replaced');
    writeKeyPair(next, 'direct');
    await alsoReplaced;
    expect(seen).toEqual([]);
  });

  test('keep neither the process alive, nor a descriptor open, nor the credentials', async () => {
    const script = `
      const net = require(${ENTRY});
      const fs = require('fs');
      const open = () => fs.readdirSync('/proc/self/fd').length;
      fs.readdirSync('.');
      const before = open();
      let credentials = net.createCredentials({ ...${JSON.stringify(files())}, watch: { interval: 1 } });
      const kept = new WeakRef(credentials);
      console.log(open() - before);
      credentials = null;
      setTimeout(() => {
        gc();
        setTimeout(() => {
          gc();
          console.log(kept.deref() === undefined);
        }, 20);
      }, 20);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '-e', script]);
    expect(stdout).toBe('0\ntrue\n');
  });
});
