'use strict';

// nodemailer and smtp-server, in the clear and with STARTTLS.

const { once } = require('events');
const nodemailer = require('nodemailer');
const { SMTPServer } = require('smtp-server');
const { BINARY, HOST, TEXT, another, collect, digest, report, sayBusy } = require('./common');

const MAIL = { from: 'a@example.org', to: 'b@example.org', text: TEXT };

async function deliver(secured) {
  const received = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: secured ? [] : ['STARTTLS'],
    onData: (stream, session, callback) => {
      collect(stream).then((mail) => {
        received.push({ mail: mail.toString(), secure: session.secure });
        callback();
      }, callback);
    },
  });
  const server = smtp.listen(0, HOST);
  await once(server, 'listening');
  const transport = nodemailer.createTransport({
    host: HOST,
    port: server.address().port,
    pool: true,
    maxConnections: 3,
    requireTLS: secured,
    ignoreTLS: !secured,
    tls: { rejectUnauthorized: false },
  });
  const send = (subject, attachments) =>
    transport.sendMail({ ...MAIL, subject, attachments });
  const { accepted } = await send('big', [{ filename: 'b.bin', content: BINARY }]);
  const many = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`mail ${i}`)));
  transport.close();
  await new Promise((resolve) => smtp.close(resolve));
  const big = received.find(({ mail }) => mail.includes('Subject: big')).mail;
  const encoded = /filename=b\.bin\r\n\r\n([\s\S]*?)\r\n--/.exec(big)[1];
  return {
    accepted,
    whole: digest(Buffer.from(encoded, 'base64')) === digest(BINARY),
    count: many.length === 20 && received.length === 21,
    text: received.every(({ mail }) => mail.includes(TEXT) || /quoted-printable|base64/.test(mail)),
    secure: received.every(({ secure }) => secure === secured),
  };
}

/** A server that takes any mail but those with the subject 'never'. */
async function serve(port) {
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: async (stream, session, callback) => {
      const mail = (await collect(stream)).toString();
      if (mail.includes('Subject: never')) sayBusy();
      else callback();
    },
  });
  const server = smtp.listen(port, HOST);
  await once(server, 'listening');
  return server;
}

/** The server is killed, and comes again in the same place. */
async function reconnect() {
  const { port, busy, kill } = await another();
  const transport = nodemailer.createTransport({ host: HOST, port, ignoreTLS: true });
  const send = async (subject) => {
    const { accepted, code } = await transport.sendMail({ ...MAIL, subject }).catch((error) => error);
    return accepted ?? code;
  };
  const before = await send('before');
  const waiting = send('never');
  await busy();
  await kill();
  const killed = await waiting;
  const refused = await send('nobody');
  const again = await another(port);
  const after = await send('after');
  await again.kill();
  transport.close();
  return { before, killed, refused, after };
}

report(
  async () => ({ clear: await deliver(false), secured: await deliver(true), reconnected: await reconnect() }),
  serve,
);
