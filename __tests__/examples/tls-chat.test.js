'use strict';

// examples/tls-chat.js

const { once } = require('events');
const net = require('net');
const tls = require('tls');
const { collect, destroyAtEnd, scratch } = require('../helpers');
const { certificate, files, identity } = require('../tls/pki');
const { example, portOf, talkWith } = require('./run');

const CLIENT = { ca: certificate('root'), servername: 'localhost' };

/** Starts the chat, which trusts those whom the root has certified: it, and its port. */
async function chat() {
  const folder = scratch();
  const { key, cert } = files('direct', folder);
  const running = example('tls-chat.js', key, cert, '0', files('root', folder).leaf);
  return { running, port: await portOf(running) };
}

/** A client of node:tls, which trusts the chat's certificate or fails; it shows that of `who`, if given. */
async function participant(port, who) {
  const stream = destroyAtEnd(tls.connect({ port, ...CLIENT, ...(who && identity(who)) }));
  await once(stream, 'secureConnect');
  return talkWith(stream);
}

test('who shows a certificate has the name in it, and who shows none says it', async () => {
  const { running, port } = await chat();
  const alpha = await participant(port, 'alpha');
  expect(await alpha.hear()).toBe('Welcome, alpha. Here with you: nobody');
  const joze = await participant(port);
  expect(await joze.hear()).toBe('Your name?');
  joze.say('Jože');
  expect(await joze.hear()).toBe('Welcome, ~Jože. Here with you: alpha');
  expect(await alpha.hear()).toBe('* ~Jože has come');
  alpha.say('¡Hola!\r');
  expect(await joze.hear()).toBe('alpha: ¡Hola!');
  joze.say('你好');
  expect(await alpha.hear()).toBe('~Jože: 你好');

  joze.stream.end();
  expect(await alpha.hear()).toBe('* ~Jože has left');
  running.process.kill('SIGTERM');
  expect(await alpha.hear()).toBe('* The chat is over');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('nobody gets a certified name without the certificate, nor twice', async () => {
  const { port } = await chat();
  const alpha = await participant(port, 'alpha');
  expect(await alpha.hear()).toBe('Welcome, alpha. Here with you: nobody');
  const rogue = await participant(port);
  expect(await rogue.hear()).toBe('Your name?');
  rogue.say('alpha');
  expect(await rogue.hear()).toBe('Welcome, ~alpha. Here with you: alpha');
  expect(await alpha.hear()).toBe('* ~alpha has come');
  const again = await participant(port, 'alpha');
  expect(await again.hear()).toBe('You are here already');
  expect(await again.hear()).toBeUndefined();
  // The end of the other is nothing to the first.
  rogue.say('still there?');
  expect(await alpha.hear()).toBe('~alpha: still there?');
});

test.each(['unknownIssuer', 'expired', 'selfSigned'])('a certificate that is not trusted counts as none: %s', async (who) => {
  const { port } = await chat();
  const stranger = await participant(port, who);
  expect(await stranger.hear()).toBe('Your name?');
});

test('who does not speak TLS is let go, and the others stay', async () => {
  const { running, port } = await chat();
  const alpha = await participant(port, 'alpha');
  expect(await alpha.hear()).toBe('Welcome, alpha. Here with you: nobody');
  const plain = destroyAtEnd(net.connect(port, 'localhost'));
  plain.write('GET / HTTP/1.0\r\n\r\n');
  expect((await collect(plain)).toString('latin1')).not.toMatch('name');
  const beta = await participant(port, 'beta');
  expect(await beta.hear()).toBe('Welcome, beta. Here with you: alpha');
  expect(running.complaints()).toBe('');
});

test('without its files, it says how it is used', async () => {
  const running = example('tls-chat.js');
  expect(await running.exit).toBe(2);
  expect(running.complaints()).toMatch(/^usage: tls-chat\.js /);
});
