'use strict';

// "Real STARTTLS with real software: `nodemailer`'s SMTP client against a server built on ours, and a client on ours
// against Debian's [...] PostgreSQL (`SSLRequest`), both with certificates checked."

const { once } = require('events');
const nodemailer = require('nodemailer');
const net = require('../../..');
const { example, nextLine, portOf } = require('../../examples/run');
const { destroyAtEnd, failure, scratch } = require('../../helpers');
const { postgresqlServer } = require('../../peers/postgresql');
const { DEADLINE, describeWith } = require('../../peers/program');
const { CLIENT, VERSIONS, only } = require('../ends');
const { certificate, files, identity } = require('../pki');
const { answer, query, sslRequest, startup, terminate } = require('./postgres');
const { isAllRecords, tap } = require('../wire');

jest.setTimeout(2 * DEADLINE);

describe('nodemailer and a server on ours: examples/starttls.js', () => {
  const MAIL = {
    from: 'Anna <anna@example.test>',
    to: ['bob@example.test', 'Jože <joze@example.test>'],
    subject: 'Grüezi',
    text: `.\n..and dots\n${'many lines\n'.repeat(5000)}The end`,
  };

  async function mailServer(name) {
    const { key, cert } = files(name, scratch());
    const running = example('starttls.js', key, cert, '0');
    return { running, port: await portOf(running) };
  }

  /** Sends `MAIL` to `port` by STARTTLS and nothing else. */
  function send(port, options) {
    const transport = nodemailer.createTransport({ host: 'localhost', port, requireTLS: true, tls: options });
    return transport.sendMail(MAIL);
  }

  test.each(VERSIONS)('mail goes over %s, and arrives as it was sent', async (version) => {
    const { running, port } = await mailServer('p256');
    const { accepted, rejected, response } = await send(port, { ...CLIENT, ...only(version) });
    expect({ accepted, rejected, response })
      .toEqual({ accepted: ['bob@example.test', 'joze@example.test'], rejected: [], response: '250 OK' });
    expect(await nextLine(running))
      .toBe(`starttls: from <anna@example.test> to <bob@example.test>, <joze@example.test>, by ${version}`);
    const lines = [];
    while (lines.at(-1) !== 'The end') lines.push((await nextLine(running)).slice(2));
    expect(lines).toContain('Subject: =?UTF-8?Q?Gr=C3=BCezi?=');
    expect(lines.slice(lines.indexOf('') + 1).join('\n')).toBe(MAIL.text);
    expect(running.complaints()).toBe('');
  });

  test('nothing of it goes in the clear, in either direction', async () => {
    const { port } = await mailServer('p256');
    const between = await tap({ address: () => ({ port }) });
    await send(between.address().port, CLIENT);
    for (const [bytes, last] of [[between.up, 'STARTTLS\r\n'], [between.down, '220 Go ahead\r\n']]) {
      const end = bytes.indexOf(last) + last.length;
      expect(bytes.toString('latin1', 0, end)).not.toMatch('@');
      expect(isAllRecords(bytes.subarray(end))).toBe(true);
    }
  });

  test('several mails on one stream', async () => {
    const { running, port } = await mailServer('rsa2048');
    const pool = { pool: true, maxConnections: 1, requireTLS: true, tls: CLIENT };
    const transport = nodemailer.createTransport({ host: 'localhost', port, ...pool });
    const sent = await Promise.all([1, 2, 3].map((i) => transport.sendMail({ ...MAIL, text: `number ${i}` })));
    transport.close();
    expect(sent.map(({ response }) => response)).toEqual(Array(3).fill('250 OK'));
    running.process.kill('SIGTERM');
    expect(await running.exit).toBe(0);
  });

  test.each([
    ['of an authority that nobody knows', 'unknownIssuer', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['for another name', 'alpha', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', 'expired', 'CERT_HAS_EXPIRED'],
  ])('certificates are checked: with one %s, no mail is sent', async (_, name, reason) => {
    const { running, port } = await mailServer(name);
    const error = await send(port, CLIENT).catch((refusal) => refusal);
    expect(error.originalCode).toBe(reason);
    running.process.kill('SIGTERM');
    expect((await running.lines.next()).done).toBe(true);
  });
});

describeWith(['initdb'], 'a client on ours and PostgreSQL', () => {
  /** A server with the certificate of `name`, whose only user is alpha, with a certificate. */
  const postgresOf = (name) => postgresqlServer({ name, user: 'alpha', access: 'hostssl all all all cert' });

  /** A stream that PostgreSQL lets change over to TLS. */
  async function agreed({ host, port }) {
    const stream = destroyAtEnd(net.connect(port, host));
    stream.write(sslRequest());
    const [data] = await once(stream, 'data');
    // Anything more could be anybody's.
    expect(data.toString()).toBe('S');
    return stream;
  }

  /** The same, secure. */
  async function secured(server, credentials) {
    const stream = (await agreed(server)).setSecure({ ...CLIENT, ...credentials }, { servername: 'localhost' });
    await once(stream, 'secure');
    return stream;
  }

  test('a query is answered over TLS, with both certificates checked', async () => {
    const server = await postgresOf('p256');
    for (const version of VERSIONS) {
      const stream = await secured(server, { ...identity('alpha'), ...only(version) });
      expect([stream.verifyPeer(), stream.getPeerCertificate().subject]).toEqual([true, '/CN=p256']);
      stream.write(startup('alpha'));
      expect(await answer(stream)).toEqual({ rows: [], error: null });
      stream.write(query('SELECT ssl, version, cipher, client_dn, \'Grüezi\' FROM pg_stat_ssl WHERE pid = pg_backend_pid()'));
      const { rows } = await answer(stream);
      expect(rows).toEqual([['t', stream.getProtocol(), stream.getCipher().name, '/CN=alpha', 'Grüezi']]);
      stream.write(query('SELECT repeat(\'x\', 1000000) FROM generate_series(1, 5)'));
      expect((await answer(stream)).rows.map(([text]) => text.length)).toEqual(Array(5).fill(1_000_000));
      stream.end(terminate());
      await once(stream, 'close');
    }
  });

  test('who shows no certificate, or that of somebody else, is told so over TLS', async () => {
    const server = await postgresOf('rsa2048');
    const INVALID_AUTHORIZATION = '28000';
    for (const who of [{}, identity('beta')]) {
      const stream = await secured(server, who);
      stream.write(startup('alpha'));
      expect((await answer(stream)).error).toMatchObject({ S: 'FATAL', C: INVALID_AUTHORIZATION });
    }
  });

  test.each([
    ['of an authority that nobody knows', 'unknownIssuer', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['for another name', 'beta', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', 'expired', 'CERT_HAS_EXPIRED'],
  ])('its certificate is checked: one %s', async (_, name, code) => {
    const server = await postgresOf(name);
    const stream = await secured(server, identity('alpha'));
    expect([stream.verifyPeer(), stream.authorizationError]).toEqual([false, code]);
    const gate = { ca: certificate('root'), rejectUnauthorized: true };
    const strict = (await agreed(server)).setSecure(gate, { servername: 'localhost' });
    expect((await failure(strict)).code).toBe(code);
  });
});
