'use strict';

// nodemailer and smtp-server: in the clear, with STARTTLS, and with TLS from the beginning.

const nodemailer = require('nodemailer');
const { SMTPServer } = require('smtp-server');
const { once } = require('events');
const { BINARY, HOST, TEXT, another, atOnce, codeOf, collect, digest, identities, report, sayBusy } = require('./common');

const MAIL = { from: 'a@example.org', to: 'b@example.org', text: TEXT };

/** Options of server and client by way. */
const WAYS = {
  plain: { server: { disabledCommands: ['STARTTLS'] }, client: { ignoreTLS: true } },
  startTls: { server: identities.server, client: { requireTLS: true } },
  secure: { server: { ...identities.server, secure: true }, client: { secure: true } },
};

/** A server that listens, and calls `take(mail, session)`, which resolves when the mail is accepted. */
async function start(way, port, take) {
  const smtp = new SMTPServer({
    authOptional: true,
    ...WAYS[way].server,
    onData: (stream, session, callback) => {
      collect(stream).then((mail) => take(mail.toString(), session)).then(() => callback(), callback);
    },
  });
  // Of clients that break off.
  smtp.on('error', () => {});
  await once(smtp.listen(port, HOST), 'listening');
  return { smtp, address: () => smtp.server.address() };
}

function transportTo(port, way, options) {
  const tls = { servername: 'localhost', ...options };
  return nodemailer.createTransport({ host: HOST, port, pool: true, maxConnections: 3, ...WAYS[way].client, tls });
}

async function deliver(way) {
  const received = [];
  const { smtp, address } = await start(way, 0, async (mail, session) => {
    received.push({ mail, secure: session.secure, version: session.tlsOptions?.version, from: session.remoteAddress });
  });
  const { port } = address();
  const transport = transportTo(port, way);
  const send = (subject, attachments) => transport.sendMail({ ...MAIL, subject, attachments });
  const { accepted } = await send('big', [{ filename: 'b.bin', content: BINARY }]);
  const many = await atOnce(20, (i) => send(`mail ${i}`));
  transport.close();
  const distrusting = transportTo(port, way, { ca: identities.untrusted.cert });
  const distrusted = way !== 'plain' && (await distrusting.sendMail(MAIL).catch(({ message }) => message));
  distrusting.close();
  await new Promise((resolve) => smtp.close(resolve));
  const big = received.find(({ mail }) => mail.includes('Subject: big')).mail;
  const encoded = /filename=b\.bin\r\n\r\n([\s\S]*?)\r\n--/.exec(big)[1];
  return {
    accepted,
    whole: digest(Buffer.from(encoded, 'base64')) === digest(BINARY),
    count: many.length === 20 && received.length === 21,
    secure: received.every(({ secure }) => secure === (way !== 'plain')),
    version: received[0].version,
    from: received[0].from,
    ...(way !== 'plain' && { distrusted }),
  };
}

/** The server is killed with a mail that it has not accepted, and comes again in the same place. */
async function reconnect(way) {
  const { port, busy, kill } = await another(way);
  const transport = transportTo(port, way);
  const send = (subject) => transport.sendMail({ ...MAIL, subject }).then(({ accepted }) => accepted, codeOf);
  const before = await send('before');
  const waiting = send('never');
  await busy();
  await kill();
  const killed = await waiting;
  const refused = await send('nobody');
  const again = await another(way, port);
  const after = await send('after');
  await again.kill();
  transport.close();
  return { before, killed, refused, after };
}

const serve = (way) => (port) => start(way, port, async (mail) => {
  if (!mail.includes('Subject: never')) return;
  sayBusy();
  await new Promise(() => {});
});

const ways = Object.keys(WAYS);

report(async () => {
  const outcomes = {};
  for (const way of ways) outcomes[way] = { ...(await deliver(way)), ...(await reconnect(way)) };
  return outcomes;
}, Object.fromEntries(ways.map((way) => [way, serve(way)])));
