'use strict';

// A server whose `accept` fails with EPERM, as under a filter of system calls, until it does not any more.

const { once } = require('events');
const nodeNet = require('net');
const { constants } = require('os');
const { setTimeout: pass } = require('timers/promises');
const net = require('../..');
const binding = require('../../lib/binding');

/** More often than this, in milliseconds, it does not try: that of lib/server/accepting.js. */
const RETRY_DELAY = 100;

async function main() {
  const server = net.createServer((stream) => stream.end('served'));
  server.on('acceptError', ({ code, syscall }) => console.log('acceptError', code, syscall));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  binding.planFault('accept', constants.errno.EPERM, 0, 2 ** 32 - 1);
  const client = nodeNet.connect(server.address().port, '127.0.0.1');
  const since = Date.now();
  await once(server, 'acceptError');
  await pass(5 * RETRY_DELAY);
  const [[, tries]] = binding.callsSincePlan().filter(([call]) => call === 'accept');
  console.log('tries now and then:', tries > 1 && tries <= 2 + (Date.now() - since) / RETRY_DELAY);
  binding.planFault('', 0, 0, 0);
  console.log(String((await once(client, 'data'))[0]));
  server.close();
}

main();
