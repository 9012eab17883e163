'use strict';

// STARTTLS: a server with enough of SMTP to receive mail, which it accepts only on a secure stream. The stream changes
// over to TLS in place: the object stays the same. Mail is printed, and goes nowhere else.
//
//   openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out cert.pem \
//     -subj /CN=localhost -addext subjectAltName=DNS:localhost
//   node examples/starttls.js key.pem cert.pem [port]        (default 8126; with 0, the system chooses one)
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

/** The most bytes of a mail, and the most recipients. */
const MOST_BYTES = 1024 * 1024;
const MOST_RECIPIENTS = 100;

/** The argument of MAIL and RCPT; parameters after it are ignored. */
const SENDER = /^FROM: *<([^<>]*)>/i;
const RECIPIENT = /^TO: *<([^<>]+)>/i;

function converse(stream) {
  let mail = null;
  const forgetLines = onLine(stream, (line) => (mail?.lines ? takeLine(line) : obey(line)));
  // A client that does not read its answers is not read from until it does.
  const say = (...lines) => {
    if (!stream.write(lines.map((line) => `${line}\r\n`).join(''), 'utf8')) stream.pause();
  };
  stream.on('drain', () => stream.resume());

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
      // This still goes out in the clear, because it comes before setSecure(). Later data waits for the handshake.
      say('220 Go ahead');
      stream.setSecure(credentials);
      // RFC 3207: what was sent in the clear after the command could come from an attacker, and is discarded.
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
      // A leading dot was doubled, so that it does not end the mail.
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

// Open streams go on until they end. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
