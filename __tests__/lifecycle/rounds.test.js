'use strict';

// Programs count on it that immediates run between two events that the loop reports one after the other, and so does
// Node's http2. What a stream writes in an event reaches the other one in the next turn at the earliest.

const { setImmediate } = require('timers');
const ours = require('../../node');
const { pair } = require('../helpers');

const EVENTS = 2000;

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
