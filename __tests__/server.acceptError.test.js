'use strict';

// A server that runs out of descriptors goes on: connections wait until there are some again, and 'acceptError' says so
// once. In a process of its own, which may open few.

const { spawn } = require('child_process');
const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const readline = require('readline');
const { atEnd, destroyAtEnd } = require('./helpers');

/** Holds each stream until a byte of it comes. */
const SERVER = `
  const net = require(process.argv[1]);
  const server = net.createServer((stream) => stream.once('data', () => stream.end('served')));
  server.listen(0, '127.0.0.1').on('listening', () => console.log('port', server.address().port));
  server.on('acceptError', (error) => console.log('acceptError', error.code, error.syscall));
  process.stdin.on('end', () => server.close(() => console.log('closed')));
  process.stdin.on('data', () => {
    for (const stream of server.streams) stream.destroy();
    server.close(() => server.listen(0, '127.0.0.1'));
  });
`;

/** The server, which may open few descriptors: `line()` is what it prints next, in words. */
function start() {
  const running = spawn(
    'sh',
    ['-c', 'ulimit -n 64 && exec "$@"', 'sh', process.execPath, '-e', SERVER, path.dirname(__dirname)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  atEnd(() => running.kill('SIGKILL'));
  const exit = once(running, 'exit');
  const lines = readline.createInterface(running.stdout)[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value.split(' ');
  return { running, exit, lines, line };
}

/** More clients than it can have. */
function manyClients(port) {
  return Array.from({ length: 100 }, () => destroyAtEnd(nodeNet.connect(port, '127.0.0.1')).on('error', () => {}));
}

test('a server that is closed and listens again says so again', async () => {
  const { running, line } = start();
  for (let round = 0; round < 2; round++) {
    const [, port] = await line();
    manyClients(port);
    expect(await line()).toEqual(['acceptError', 'EMFILE', 'accept']);
    running.stdin.write('again');
  }
});

test('out of descriptors (EMFILE), the server runs on, says so once, and serves everybody in the end', async () => {
  const { running, exit, lines, line } = start();
  const [, port] = await line();
  const clients = manyClients(port);
  const answers = clients.map(async (client) => {
    const [data] = await once(client, 'data');
    return data.toString();
  });
  expect(await line()).toEqual(['acceptError', 'EMFILE', 'accept']);
  clients.forEach((client) => client.write('go'));
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['served']));
  running.stdin.end();
  const names = [];
  for await (const rest of lines) names.push(rest.split(' ')[0]);
  expect(names.pop()).toBe('closed');
  // It may run out again while the others come in, but it does not say so for each of them.
  expect(names.length).toBeLessThan(10);
  expect((await exit)[0]).toBe(0);
});
