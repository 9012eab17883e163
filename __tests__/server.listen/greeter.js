'use strict';

// A server that greets its clients, and what it comes to where it cannot listen.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const { closeAtEnd, destroyAtEnd, nextTick, record } = require('../helpers');

/** Connects with node:net, says what the server greets with. */
async function greeting(...where) {
  const client = destroyAtEnd(nodeNet.connect(...where));
  const [data] = await once(client, 'data');
  return data.toString();
}

function greeter() {
  return closeAtEnd(net.createServer((stream) => stream.end('hello')));
}

/** The error of a server that can't listen. */
async function listenFailure(server, ...where) {
  closeAtEnd(server);
  const events = record(server, 'listening', 'close');
  server.listen(...where);
  const [error] = await once(server, 'error');
  await nextTick();
  expect(events).toEqual([]);
  expect(server.listening).toBe(false);
  expect(server.address()).toBe(null);
  return error;
}

module.exports = { greeter, greeting, listenFailure };
