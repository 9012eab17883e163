'use strict';

// examples/rooms.js

const { client, example, portOf } = require('./run');

async function participant(port, room, name) {
  const one = await client(port, 'localhost');
  expect(await one.hear()).toBe('Which room?');
  // The name comes with the room, so it moves along.
  one.stream.write(`${room}\r\n${name}\n`);
  expect(await one.hear()).toBe('Your name?');
  return one;
}

test('those in a room talk to each other, in whatever thread it is', async () => {
  const running = example('rooms.js', '0', '3');
  const port = await portOf(running);
  const rooms = ['red', 'green', 'blue', 'žluté'];
  const pairs = await Promise.all(rooms.map(async (room) => {
    const anna = await participant(port, room, 'Anna');
    expect(await anna.hear()).toBe('Welcome, Anna. Here with you: nobody');
    const bob = await participant(port, room, 'Bob');
    expect(await bob.hear()).toBe('Welcome, Bob. Here with you: Anna');
    expect(await anna.hear()).toBe('* Bob has come');
    return [anna, bob, room];
  }));
  for (const [anna, , room] of pairs) anna.say(`this is ${room}`);
  for (const [, bob, room] of pairs) expect(await bob.hear()).toBe(`Anna: this is ${room}`);
  for (const [anna] of pairs) anna.stream.end();
  for (const [, bob] of pairs) expect(await bob.hear()).toBe('* Anna has left');
  running.process.kill('SIGTERM');
  for (const [, bob] of pairs) expect(await bob.hear()).toBe('* The chat is over');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('the name of a room in pieces; what has no end is not kept', async () => {
  const running = example('rooms.js', '0', '2');
  const port = await portOf(running);
  const slow = await client(port, 'localhost');
  expect(await slow.hear()).toBe('Which room?');
  slow.stream.write('r');
  const rude = await client(port, 'localhost');
  expect(await rude.hear()).toBe('Which room?');
  rude.stream.write('x'.repeat(4096));
  expect(await rude.hear()).toBeUndefined();
  slow.say('ed');
  expect(await slow.hear()).toBe('Your name?');
});
