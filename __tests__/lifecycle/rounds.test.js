'use strict';

// Programs count on it that immediates run between two events that the loop reports one after the other: where libuv
// needs two rounds of the loop, so do we.

const { once } = require('events');
const node = require('net');
const { setImmediate } = require('timers');
const ours = require('../../node');
const { pair } = require('../helpers');

const EVENTS = 2000;

// What a stream writes in an event reaches the other one in the next turn at the earliest.
test('immediates run between two turns, however the loop is woken', async () => {
  const [client, accepted] = await pair({ server: ours, client: ours });
  let [events, missed, hasRun] = [0, 0, true];
  await new Promise((resolve) => {
    const answer = (stream) => (data) => {
      events++;
      if (!hasRun) missed++;
      hasRun = false;
      setImmediate(() => {
        hasRun = true;
      });
      if (events < EVENTS) stream.write(data);
      else resolve();
    };
    accepted.on('data', answer(accepted));
    client.on('data', answer(client));
    client.write('x');
  });
  expect([events, missed]).toEqual([EVENTS, 0]);
});

test.each([['node:net', node], ['rust-net/node', ours]])("%s: immediates run between the last data and 'end'", async (_, net) => {
  const [client, accepted] = await pair({ server: net, client: node, accept: (stream) => stream.pause() });
  client.end('x');
  await once(client, 'finish');
  const seen = [];
  accepted.on('data', () => {
    seen.push('data');
    setImmediate(() => seen.push('immediate'));
  });
  accepted.on('end', () => seen.push('end'));
  accepted.resume();
  await once(accepted, 'end');
  expect(seen).toEqual(['data', 'immediate', 'end']);
});
