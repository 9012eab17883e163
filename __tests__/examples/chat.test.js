'use strict';

// examples/chat.js

const { once } = require('events');
const { client, example, portOf } = require('./run');

async function participant(port, name) {
  const one = await client(port, 'localhost');
  expect(await one.hear()).toBe('Your name?');
  one.say(name);
  return one;
}

test('what one says goes to the others, whatever the language', async () => {
  const running = example('chat.js', '0');
  const port = await portOf(running);
  const anna = await participant(port, 'Anna');
  expect(await anna.hear()).toBe('Welcome, Anna. Here with you: nobody');
  const joze = await participant(port, 'Jože');
  expect(await joze.hear()).toBe('Welcome, Jože. Here with you: Anna');
  expect(await anna.hear()).toBe('* Jože has come');

  anna.say('¡Hola!\r');
  expect(await joze.hear()).toBe('Anna: ¡Hola!');
  joze.say('你好');
  expect(await anna.hear()).toBe('Jože: 你好');

  joze.stream.end();
  expect(await anna.hear()).toBe('* Jože has left');
  running.process.kill('SIGTERM');
  expect(await anna.hear()).toBe('* The chat is over');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('a name is nobody else\'s, and who is reset has left', async () => {
  const running = example('chat.js', '0');
  const port = await portOf(running);
  const first = await participant(port, 'Anna');
  expect(await first.hear()).toBe('Welcome, Anna. Here with you: nobody');
  const second = await participant(port, 'Anna');
  expect(await second.hear()).toBe('Another name?');
  second.say('Bob');
  expect(await second.hear()).toBe('Welcome, Bob. Here with you: Anna');
  expect(await first.hear()).toBe('* Bob has come');
  second.stream.resetAndDestroy();
  expect(await first.hear()).toBe('* Bob has left');
});

test('a line that never ends is not kept', async () => {
  const running = example('chat.js', '0');
  const rude = await client(await portOf(running), 'localhost');
  expect(await rude.hear()).toBe('Your name?');
  rude.stream.write('x'.repeat(4096));
  expect(await rude.hear()).toBe('line too long');
  rude.stream.end();
  await once(rude.stream, 'close');
});

test('many short lines at once, of one with a long name, reach a participant who reads them', async () => {
  const port = await portOf(example('chat.js', '0'));
  const bob = (await client(port, 'localhost')).stream;
  let heard = '';
  bob.setEncoding('utf8').on('data', (text) => (heard += text));
  bob.write('Bob\n');
  while (!heard.includes('Welcome')) await once(bob, 'data');
  const name = 'A'.repeat(1000);
  const anna = (await client(port, 'localhost')).stream.resume();
  const count = 20_000;
  anna.end(`${name}\n${'x\n'.repeat(count)}`);
  const end = `* ${name} has left\n`;
  while (!heard.endsWith(end)) await once(bob, 'data');
  const lines = `${name}: x\n`.repeat(count);
  expect(heard.slice(heard.indexOf('* ')) === `* ${name} has come\n${lines}${end}`).toBe(true);
});
