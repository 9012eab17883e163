'use strict';

// STARTTLS: a server that speaks enough of SMTP to be sent mail, and takes none before the stream is secure. It becomes
// so in place: the object is the same before and after. Mail is printed, and goes nowhere else.
//
//   openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out cert.pem \
//     -subj /CN=localhost -addext subjectAltName=DNS:localhost
//   node examples/starttls.js key.pem cert.pem [port]        (8126 unless given; 0 for one of the system's choice)
//   openssl s_client -starttls smtp -connect localhost:8126 -CAfile cert.pem -verify_return_error -crlf -quiet

const fs = require('fs');
const net = require('..'); // require('rust-net') in a project of your own
const { onLine } = require('./lines');

const [keyFile, certFile, port = 8126] = process.argv.slice(2);
if (certFile === undefined) {
  console.error('usage: starttls.js <key file> <certificate file> [port]');
  process.exit(2);
}

/** Read once, for all streams. */
const credentials = net.createCredentials({ key: fs.readFileSync(keyFile), cert: fs.readFileSync(certFile) });

/** A mail of more bytes is not taken, nor one for more people. */
const MOST_BYTES = 1024 * 1024;
const MOST_RECIPIENTS = 100;

/** What follows MAIL and RCPT; parameters behind it are not needed. */
const SENDER = /^FROM: *<([^<>]*)>/i;
const RECIPIENT = /^TO: *<([^<>]+)>/i;

function converse(stream) {
  let mail = null;
  const forgetLines = onLine(stream, (line) => (mail?.lines ? takeLine(line) : obey(line)));
  const say = (...lines) => stream.write(lines.map((line) => `${line}\r\n`).join(''), 'utf8');

  const commands = {
    __proto__: null,
    EHLO(name) {
      mail = null;
      const offers = ['8BITMIME', `SIZE ${MOST_BYTES}`];
      if (!stream.encrypted) offers.push('STARTTLS');
      const last = offers.pop();
      say(`250-Hello ${name}`, ...offers.map((offer) => `250-${offer}`), `250 ${last}`);
    },
    HELO(name) {
      mail = null;
      say(`250 Hello ${name}`);
    },
    STARTTLS() {
      if (stream.encrypted) return say('503 This is secure already');
      // This still goes in the clear: it comes before setSecure(). What comes after waits for the handshake.
      say('220 Go ahead');
      stream.setSecure(credentials);
      // Who could have put something behind the command in the clear is not listened to, as RFC 3207 has it.
      forgetLines();
      mail = null;
      return undefined;
    },
    MAIL(parameter) {
      const [, sender] = SENDER.exec(parameter) ?? [];
      if (!stream.encrypted) return say('530 Must issue a STARTTLS command first');
      if (mail !== null) return say('503 One mail at a time');
      if (sender === undefined) return say('501 MAIL FROM:<address>');
      mail = { sender, recipients: [], lines: null, size: 0 };
      return say('250 OK');
    },
    RCPT(parameter) {
      const [, recipient] = RECIPIENT.exec(parameter) ?? [];
      if (mail === null) return say('503 MAIL first');
      if (recipient === undefined) return say('501 RCPT TO:<address>');
      if (mail.recipients.length === MOST_RECIPIENTS) return say('452 Too many recipients');
      mail.recipients.push(recipient);
      return say('250 OK');
    },
    DATA() {
      if (mail === null || mail.recipients.length === 0) return say('503 RCPT first');
      mail.lines = [];
      return say('354 End with a dot on a line of its own');
    },
    RSET() {
      mail = null;
      say('250 OK');
    },
    NOOP: () => say('250 OK'),
    QUIT: () => stream.end('221 Goodbye\r\n'),
  };

  function obey(line) {
    const [, verb, parameter] = /^(\S*) *(.*)$/.exec(line);
    const command = commands[verb.toUpperCase()];
    if (command === undefined) say('500 What?');
    else command(parameter);
  }

  function takeLine(line) {
    if (line !== '.') {
      mail.size += Buffer.byteLength(line) + 2;
      // A dot at the beginning has been doubled, so that it is not the end.
      if (mail.size <= MOST_BYTES) mail.lines.push(line.replace(/^\./, ''));
      return;
    }
    if (mail.size <= MOST_BYTES) {
      print(mail, stream.getProtocol());
      say('250 OK');
    } else {
      say('552 Too much');
    }
    mail = null;
  }

  stream.on('error', (error) => console.error(`starttls: ${error.message}`));
  say('220 localhost SMTP');
}

function print({ sender, recipients, lines }, protocol) {
  console.log(`starttls: from <${sender}> to ${recipients.map((one) => `<${one}>`).join(', ')}, by ${protocol}`);
  for (const line of lines) console.log(`  ${line}`);
}

const server = net.createServer(converse);
server.on('error', (error) => {
  console.error(`starttls: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, 'localhost', () => console.log(`starttls: listening on localhost:${server.address().port}`));

// Streams that are open live on until they end. The second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
