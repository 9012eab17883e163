'use strict';

// D21: what no environment variable does to a verdict.

const fs = require('fs');
const path = require('path');
const { DEADLINE, GOOD, runProgram } = require('../../lifecycle/child');
const { scratch } = require('../../helpers');
const { tlsServer } = require('../ends');
const { certificate, files, identity } = require('../pki');

const otherRoot = certificate('otherRoot');

describe('D21: "No environment variable ever weakens a verdict."', () => {
  const FIXTURE = require.resolve('../fixtures/verdict.js');

  /** What a process with `env` says of a server with the certificate `name` of our root. */
  async function verdictIn(env, credentials = {}, name = 'direct') {
    const server = await tlsServer(identity(name));
    const args = [String(server.address().port), JSON.stringify(credentials)];
    const { stdout, ...outcome } = await runProgram([process.execPath, FIXTURE, ...args], { env });
    expect(outcome).toEqual(GOOD);
    return JSON.parse(stdout);
  }

  const UNKNOWN = [false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'];

  test.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED=0', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ['SSL_CERT_FILE', { SSL_CERT_FILE: 'root' }],
    ['SSL_CERT_FILE and --use-openssl-ca', { SSL_CERT_FILE: 'root', NODE_OPTIONS: '--use-openssl-ca' }],
    ['SSL_CERT_DIR', { SSL_CERT_DIR: 'folder' }],
  ])('%s', async (_, env) => {
    const folder = scratch();
    const { cert } = files('root', folder);
    const paths = { root: cert, folder };
    const set = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, paths[value] ?? value]));
    expect((await verdictIn(set)).verdict).toEqual(UNKNOWN);
    const gated = await verdictIn(set, { rejectUnauthorized: true });
    expect(gated).toEqual({ error: UNKNOWN[1], hadError: true });
  });

  test('"Without `ca`: the default list is Mozilla\'s roots plus `NODE_EXTRA_CA_CERTS`."', async () => {
    const { cert } = files('root', scratch());
    expect((await verdictIn({ NODE_EXTRA_CA_CERTS: cert })).verdict).toEqual([true, null]);
    expect((await verdictIn({ NODE_EXTRA_CA_CERTS: cert }, {}, 'expired')).verdict).toEqual([false, 'CERT_HAS_EXPIRED']);
    // With `ca`, it is the only list.
    expect((await verdictIn({ NODE_EXTRA_CA_CERTS: cert }, { ca: otherRoot })).verdict).toEqual(UNKNOWN);
  });

  test('NODE_EXTRA_CA_CERTS counts as it was when the process started, as in Node', async () => {
    const folder = scratch();
    const { cert } = files('root', folder);
    const preload = (code) => {
      const file = path.join(folder, 'preload.js');
      fs.writeFileSync(file, code);
      return `--require ${file}`;
    };
    const set = preload(`process.env.NODE_EXTRA_CA_CERTS = ${JSON.stringify(cert)};`);
    expect((await verdictIn({ NODE_OPTIONS: set })).verdict).toEqual(UNKNOWN);
    const unset = preload('delete process.env.NODE_EXTRA_CA_CERTS;');
    expect((await verdictIn({ NODE_OPTIONS: unset, NODE_EXTRA_CA_CERTS: cert })).verdict).toEqual([true, null]);
    const changed = preload("process.env.NODE_EXTRA_CA_CERTS = '/nowhere';");
    expect((await verdictIn({ NODE_OPTIONS: changed, NODE_EXTRA_CA_CERTS: cert })).verdict).toEqual([true, null]);
    // A verdict that comes late reads the file that was meant early.
    const moved = preload(`require(${JSON.stringify(path.join(__dirname, '../../..'))}); process.chdir('/');`);
    const relative = path.relative(process.cwd(), cert);
    expect((await verdictIn({ NODE_OPTIONS: moved, NODE_EXTRA_CA_CERTS: relative })).verdict).toEqual([true, null]);
  });
}, DEADLINE);
