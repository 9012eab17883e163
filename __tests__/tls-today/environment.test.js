'use strict';

// What environment variables and flags of Node mean for rust-net/tls, and only for it. Each test runs in a process of
// its own, once with node:tls and once with ours, which must print the same.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const pki = require('../tls/pki');

const MODULES = { theirs: 'tls', ours: require.resolve('../../tls') };
const NODE = Number(process.versions.node.split('.')[0]);

/** Runs in the process: a client of a server whose authority is not known; prints what comes of it. */
function visit(tls, { key, cert, options = {} }) {
  const server = tls.createServer({ key, cert }, (socket) => socket.resume().on('error', () => {}));
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options }, () => {
      console.log('secure', client.authorized, client.authorizationError);
      client.end();
    });
    client.on('error', ({ code }) => console.log(code));
    client.on('close', () => server.close());
  });
}

/** What `run(tls, given)` prints, and its warnings, with `flags` and `env`. */
function outcome(module, run, given, { flags = [], env = {} }) {
  const script = `(${run})(require(${JSON.stringify(module)}), ${JSON.stringify(given)})`;
  const child = spawn(process.execPath, [...flags, '-e', script], { env: { ...process.env, ...env } });
  return new Promise((resolve) => {
    const told = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].on('data', (data) => (told[name] += data));
    child.on('close', (status) => {
      const warnings = told.stderr.split('\n').filter((line) => /Warning/.test(line) && !/trace-warnings/.test(line));
      resolve({ status, stdout: told.stdout, warnings: warnings.map((line) => line.replace(/\(node:\d+\) /, '')) });
    });
  });
}

function same(title, run, given, settings = {}) {
  test(title, async () => {
    const made = typeof settings === 'function' ? settings() : settings;
    const expected = await outcome(MODULES.theirs, run, given, made);
    expect(await outcome(MODULES.ours, run, given, made)).toEqual(expected);
    expect(expected.status).toBe(0);
  });
}

const unknown = pki.identity('direct');

same('without any, the server is not trusted', visit, unknown);

same('NODE_TLS_REJECT_UNAUTHORIZED=0 trusts anybody, with a warning', visit, unknown, {
  env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
});

/** As `visit`, by a connection that rustls can make and one that is left to OpenSSL. */
function visitTwice(tls, { key, cert }) {
  const server = tls.createServer({ key, cert }, (socket) => socket.resume().on('error', () => {}));
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const connect = (options, then) => {
      const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options }, () => client.end());
      client.on('close', then);
    };
    connect({}, () => connect({ ciphers: 'AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256' }, () => server.close()));
  });
}

same('its warning comes once, whatever does the encryption', visitTwice, unknown, {
  env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
});

same('NODE_TLS_REJECT_UNAUTHORIZED=0 and rejectUnauthorized', visit, { ...unknown, options: { rejectUnauthorized: true } }, {
  env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
});

same('NODE_TLS_REJECT_UNAUTHORIZED=1', visit, unknown, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } });

same('NODE_EXTRA_CA_CERTS', visit, unknown, () => {
  const file = path.join(scratch(), 'root.pem');
  fs.writeFileSync(file, pki.certificate('root'));
  return { env: { NODE_EXTRA_CA_CERTS: file } };
});

same('SSL_CERT_FILE with --use-openssl-ca', visit, unknown, () => {
  const file = path.join(scratch(), 'root.pem');
  fs.writeFileSync(file, pki.certificate('root'));
  return { flags: ['--use-openssl-ca'], env: { SSL_CERT_FILE: file } };
});

test('NODE_USE_SYSTEM_CA=1 leaves the encryption to rustls, also where Node ignores the variable', async () => {
  const engine = (tls) => {
    const socket = tls.connect({ port: 1, host: '127.0.0.1' }).on('error', () => {});
    console.log(socket.tlsEngine);
    socket.destroy();
  };
  const { stdout } = await outcome(MODULES.ours, engine, {}, { env: { NODE_USE_SYSTEM_CA: '1' } });
  expect(stdout).toBe('rustls\n');
});

for (const secureProtocol of ['SSLv23_method', 'SSLv23_server_method', 'TLS_method']) {
  same(`--tls-min-v1.3 and ${secureProtocol}`, (tls, { key, cert, secureProtocol: method }) => {
    const server = tls.createServer({ key, cert, secureProtocol: method }, (socket) => socket.resume());
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1', () => {
      const options = { port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false };
      const client = tls.connect({ ...options, secureProtocol: 'TLSv1_2_client_method' }, () => {
        console.log(client.getProtocol());
        client.end();
      });
      client.on('error', ({ code }) => console.log(code)).on('close', () => server.close());
    });
  }, { ...unknown, secureProtocol }, { flags: ['--tls-min-v1.3'] });
}

for (const flag of ['--tls-min-v1.3', '--tls-max-v1.2']) {
  same(flag, (tls, { key, cert, ca }) => {
    const { DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION } = tls;
    console.log(DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION);
    const server = tls.createServer({ key, cert }, (socket) => socket.end()).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      const client = tls.connect({ port, ca, host: '127.0.0.1', servername: 'localhost' }, () => {
        console.log(client.getProtocol());
        client.end();
        server.close();
      });
      client.resume();
    });
  }, { ...unknown, ca: pki.certificate('root') }, { flags: [flag] });
}

test('--tls-keylog writes the secrets to a file, with a warning', async () => {
  const folder = scratch();
  const lines = async (module, name) => {
    const file = path.join(folder, name);
    const { warnings, stdout } = await outcome(module, visit, { ...unknown, options: { rejectUnauthorized: false } }, {
      flags: [`--tls-keylog=${file}`],
    });
    const labels = fs.readFileSync(file, 'latin1').split('\n').map((line) => line.split(' ')[0]);
    return [warnings.map((text) => text.replace(file, 'FILE')), stdout, [...new Set(labels)].sort()];
  };
  expect(await lines(MODULES.ours, 'ours')).toEqual(await lines(MODULES.theirs, 'theirs'));
});

const replaces = (tls, { key, cert, ca }) => {
  tls.setDefaultCACertificates([ca]);
  console.log(tls.getCACertificates('default').length);
  const server = tls.createServer({ key, cert }, (socket) => socket.end()).listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost' }, () => {
      console.log(client.authorized);
      client.end();
      server.close();
    });
    client.resume();
  });
};

if (NODE > 22) {
  same('setDefaultCACertificates()', replaces, { ...unknown, ca: pki.certificate('root') });
  same('--use-system-ca', visit, unknown, () => {
    const file = path.join(scratch(), 'root.pem');
    fs.writeFileSync(file, pki.certificate('root'));
    return { flags: ['--use-system-ca'], env: { SSL_CERT_FILE: file } };
  });
}
