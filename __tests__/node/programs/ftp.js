'use strict';

// basic-ftp and ftp-srv: in the clear, with AUTH TLS, whose data channels resume the session of the control channel,
// and with TLS from the beginning.

const { Client } = require('basic-ftp');
const { randomBytes } = require('crypto');
const fs = require('fs');
const { FtpSrv } = require('ftp-srv');
const os = require('os');
const path = require('path');
const { Readable, Writable } = require('stream');
const { BINARY, HOST, TEXT, atOnce, codeOf, digest, identities, report } = require('./common');

const silent = () => {};
const SILENCE = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, child: () => SILENCE };

/** What tickets are made with, for control and data channels alike. */
const TICKETS = { ticketKeys: randomBytes(48), sessionIdContext: 'ftp' };

const WAYS = {
  plain: { scheme: 'ftp', client: { secure: false } },
  authTls: { scheme: 'ftp', tls: { ...identities.server, ...TICKETS }, client: { secure: true } },
  implicit: { scheme: 'ftps', tls: { ...identities.server, ...TICKETS }, client: { secure: 'implicit' } },
};

/** BINARY in parts; `peek` is called when the first is wanted. */
function parts(peek) {
  let at = 0;
  return new Readable({
    read() {
      if (at === 0) peek();
      this.push(at < BINARY.length ? BINARY.subarray(at, (at += 1 << 16)) : null);
    },
  });
}

/** Takes bytes: `digest()` of them. */
function sink() {
  const chunks = [];
  const stream = new Writable({
    write(chunk, encoding, callback) {
      chunks.push(chunk);
      callback();
    },
  });
  return { stream, digest: () => digest(Buffer.concat(chunks)) };
}

async function exercise(way, root) {
  const { scheme, tls = false, client: given } = WAYS[way];
  // It listens on the first port for data that is free.
  const ftp = new FtpSrv({
    url: `${scheme}://${HOST}:0`, pasv_url: HOST, pasv_min: 20_000, anonymous: true, tls, log: SILENCE,
  });
  ftp.on('login', (login, resolve) => resolve({ root }));
  ftp.on('client-error', silent);
  await ftp.listen();
  const { port } = ftp.server.address();

  async function open(options) {
    const client = new Client(10_000);
    const secureOptions = { servername: 'localhost', ...options };
    await client.access({ host: HOST, port, user: 'anonymous', password: 'a@example.org', secureOptions, ...given });
    return client;
  }

  const client = await open();
  let resumed = null;
  await client.uploadFrom(parts(() => {
    const { dataSocket } = client.ftp;
    resumed = dataSocket.isSessionReused?.() ?? null;
  }), TEXT);
  const kept = digest(fs.readFileSync(path.join(root, TEXT)));
  const { stream, digest: taken } = sink();
  await client.downloadTo(stream, TEXT);
  const [{ name, size }] = await client.list();
  const { hasTLS } = client.ftp;
  const many = await atOnce(5, async (i) => {
    const one = await open();
    await one.uploadFrom(Readable.from([`${i}`]), `${i}`);
    const echo = sink();
    await one.downloadTo(echo.stream, `${i}`);
    one.close();
    return echo.digest() === digest(`${i}`);
  });
  const missing = await client.downloadTo(sink().stream, 'nothing').catch(codeOf);
  const distrusted = tls && (await open({ ca: identities.untrusted.cert }).catch(codeOf));
  const renamed = await client.rename('0', 'zero');
  client.close();
  await ftp.close();
  const refused = await open().catch(codeOf);
  return {
    stored: kept === digest(BINARY),
    fetched: taken() === digest(BINARY),
    listed: name === TEXT && size === BINARY.length,
    hasTLS,
    resumed,
    manyAtOnce: many.every(Boolean),
    missing,
    renamed: renamed.code,
    distrusted,
    refused,
  };
}

report(async () => {
  const outcomes = {};
  for (const way of Object.keys(WAYS)) {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-ftp-'));
    outcomes[way] = await exercise(way, root);
    fs.rmSync(root, { recursive: true });
  }
  return outcomes;
});
