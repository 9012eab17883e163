'use strict';

// examples/starttls.js, by hand. `../tls/starttls.test.js` sends it mail with nodemailer.

const { once } = require('events');
const net = require('net');
const tls = require('tls');
const { destroyAtEnd, scratch } = require('../helpers');
const { certificate, files } = require('../tls/pki');
const { until } = require('../tls/wire');
const { client, example, nextLine, portOf, talkWith } = require('./run');

const CLIENT = { ca: certificate('root'), servername: 'localhost' };

async function mailServer() {
  const { key, cert } = files('p256', scratch());
  const running = example('starttls.js', key, cert, '0');
  return { running, port: await portOf(running) };
}

/** All that `stream` is answered, up to a line that begins with `code`. */
async function answer(stream, code) {
  const isLast = new RegExp(`^${code} .*\r\n$`, 'm');
  return (await until(stream, (bytes) => isLast.test(bytes.toString()))).toString();
}

/** Says what is to be said in the clear, up to STARTTLS, then shakes hands: a dialogue over TLS. */
async function secured(port, command = 'STARTTLS\r\n') {
  const plain = destroyAtEnd(net.connect(port, 'localhost'));
  await answer(plain, 220);
  plain.write('EHLO me\r\n');
  expect(await answer(plain, 250)).toMatch(/^250[ -]STARTTLS\r\n/m);
  plain.write(command);
  expect(await answer(plain, 220)).toBe('220 Go ahead\r\n');
  const stream = destroyAtEnd(tls.connect({ socket: plain, ...CLIENT }));
  await once(stream, 'secureConnect');
  return talkWith(stream);
}

/** Says each line and compares what comes back. */
async function converse({ hear, say }, dialogue) {
  for (const [line, expected] of dialogue) {
    say(`${line}\r`);
    expect([line, await hear()]).toEqual([line, expected]);
  }
}

test('mail is taken over TLS, and printed', async () => {
  const { running, port } = await mailServer();
  const client = await secured(port);
  client.say('EHLO me\r');
  expect([await client.hear(), await client.hear(), await client.hear()])
    .toEqual(['250-Hello me', '250-8BITMIME', '250 SIZE 1048576']);
  await converse(client, [
    ['RCPT TO:<b@example.test>', '503 MAIL first'],
    ['MAIL FROM:<a@example.test> SIZE=20', '250 OK'],
    ['MAIL FROM:<c@example.test>', '503 One mail at a time'],
    ['DATA', '503 RCPT first'],
    ['RCPT TO:b@example.test', '501 RCPT TO:<address>'],
    ['RCPT TO:<b@example.test>', '250 OK'],
    ['rcpt to: <c@example.test>', '250 OK'],
    ['DATA', '354 End with a dot on a line of its own'],
    ['Subject: Grüezi\r\n\r\n..\r\nQUIT\r\n.', '250 OK'],
    ['STARTTLS', '503 This is secure already'],
    ['VRFY a', '500 What?'],
    ['NOOP', '250 OK'],
    ['QUIT', '221 Goodbye'],
  ]);
  const printed = [];
  for (let i = 0; i < 5; i++) printed.push(await nextLine(running));
  expect(printed).toEqual([
    'starttls: from <a@example.test> to <b@example.test>, <c@example.test>, by TLSv1.3',
    '  Subject: Grüezi',
    '  ',
    '  .',
    '  QUIT',
  ]);
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('no mail is taken in the clear', async () => {
  const { port } = await mailServer();
  const stream = destroyAtEnd(net.connect(port, 'localhost'));
  await answer(stream, 220);
  const { hear, say } = talkWith(stream);
  await converse({ hear, say }, [
    ['HELO me', '250 Hello me'],
    ['MAIL FROM:<a@example.test>', '530 Must issue a STARTTLS command first'],
    ['QUIT', '221 Goodbye'],
  ]);
});

test('D22: what is said in the clear behind STARTTLS is not listened to, and nothing of before counts', async () => {
  const { port } = await mailServer();
  const client = await secured(port, 'STARTTLS\r\nNOOP\r\nNO');
  // "NO" and "OP" would be one command that is known.
  await converse(client, [['OP', '500 What?'], ['RSET', '250 OK']]);
});

test('too much is not taken, and the next mail is', async () => {
  const { running, port } = await mailServer();
  const client = await secured(port);
  const begin = [['MAIL FROM:<>', '250 OK'], ['RCPT TO:<b@example.test>', '250 OK'], ['DATA', '354 End with a dot on a line of its own']];
  const much = `${'x'.repeat(998)}\r\n`.repeat(1100);
  await converse(client, [...begin, [`${much}.`, '552 Too much'], ...begin, ['little\r\n.', '250 OK']]);
  expect(await nextLine(running)).toBe('starttls: from <> to <b@example.test>, by TLSv1.3');
  expect(await nextLine(running)).toBe('  little');
});

test('a handshake that fails is that client\'s end, and said', async () => {
  const { running, port } = await mailServer();
  const stream = destroyAtEnd(net.connect(port, 'localhost'));
  await answer(stream, 220);
  stream.write('STARTTLS\r\n');
  await answer(stream, 220);
  stream.end('MAIL FROM:<a@example.test>\r\n');
  await once(stream.resume(), 'close');
  await secured(port);
  await running.complained(/^starttls: \S.*\n$/);
});

test('without its files, it says how it is used', async () => {
  const running = example('starttls.js', 'key.pem');
  expect(await running.exit).toBe(2);
  expect(running.complaints()).toMatch(/^usage: starttls\.js /);
});

test('a megabyte of commands at once is answered, in the clear and over TLS', async () => {
  const { port } = await mailServer();
  const plain = await client(port, 'localhost');
  const count = 2 ** 20 / 8;
  for (const { hear, stream } of [plain, await secured(port)]) {
    if (stream === plain.stream) expect(await hear()).toBe('220 localhost SMTP');
    stream.write(`${'NOOP\r\n'.repeat(count)}QUIT\r\n`);
    for (let i = 0; i < count; i++) {
      const answered = await hear();
      if (answered !== '250 OK') throw new Error(`answer ${i} is ${answered}`);
    }
    expect(await hear()).toBe('221 Goodbye');
  }
});
