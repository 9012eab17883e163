'use strict';

// examples/reuse-port.js

const { collect } = require('../helpers');
const { client, example, portOf } = require('./run');

test('the workers share the port, and every connection is served by one of them', async () => {
  const running = example('reuse-port.js', '0', '3');
  const port = await portOf(running);
  const served = new Set();
  // The kernel deals by a hash of the addresses: of so many connections, each worker gets some.
  for (let i = 0; i < 200; i++) {
    const { stream } = await client(port, 'localhost');
    stream.end('hello');
    const [, number] = /^(\d): hello$/.exec((await collect(stream)).toString());
    served.add(number);
  }
  expect([...served].toSorted()).toEqual(['1', '2', '3']);
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});
