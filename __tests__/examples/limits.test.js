'use strict';

// examples/limits.js: clients that take too much, and one that is served beside them.

const { once } = require('events');
const { get } = require('http');
const { connect } = require('net');
const { destroyAtEnd } = require('../helpers');
const { client, example, nextLine, portOf } = require('./run');

test('it serves one client while another floods it, and a third sends its request byte by byte', async () => {
  const running = example('limits.js');
  const port = await portOf(running);
  const flood = await Promise.all(Array.from({ length: 20 }, () => client({ port, host: '127.0.0.1' })));
  // It may be reset before it knows that it is connected.
  destroyAtEnd(connect({ port, host: '127.0.0.1' })).on('error', () => {}).resume();
  expect(await nextLine(running)).toBe('limits: 1 from 127.0.0.1: max-connections-per-address');
  const slow = await client({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  slow.stream.on('error', () => {});
  slow.stream.write('GET / HTTP/1.1\r\n');
  const drip = setInterval(() => slow.stream.write('x'), 50);
  const request = get({ port, host: '127.0.0.1', localAddress: '127.0.0.3', path: '/served', agent: false });
  const [response] = await once(request, 'response');
  const [body] = await once(response.setEncoding('utf8'), 'data');
  expect(body).toBe('/served\n');
  const ended = [];
  while (!(ended.includes('min-rate') && ended.includes('idle-timeout'))) ended.push((await nextLine(running)).split(' ').at(-1));
  clearInterval(drip);
  expect(running.complaints()).toBe('');
  flood.forEach(({ stream }) => stream.destroy());
});
