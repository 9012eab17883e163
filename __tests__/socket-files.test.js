'use strict';

// D7 and its limits: the file of a live socket is never removed, whatever the socket does, and what is refused says so.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const ours = require('..');
const today = require('../node');
const { closeAtEnd, destroyAtEnd, listening, scratch, thrown } = require('./helpers');

async function failureOf(emitter) {
  const [error] = await once(emitter, 'error');
  return error;
}

describe.each([
  ['rust-net', ours],
  ['rust-net/node', today],
])('%s', (_, net) => {
  test('the file of a live BoundSocket, which does not listen yet, is not taken over', async () => {
    const where = path.join(scratch(), 's');
    const bound = new net.BoundSocket({ path: where });
    expect(await failureOf(net.createServer().listen(where))).toMatchObject({ code: 'EADDRINUSE', port: -1 });
    const server = closeAtEnd(net.createServer((stream) => stream.end('the first')).listen(bound));
    await once(server, 'listening');
    const client = destroyAtEnd(nodeNet.connect(where));
    expect(String((await once(client, 'data'))[0])).toBe('the first');
  });

  test('asking whether a server is alive does not connect to it', async () => {
    const where = path.join(scratch(), 's');
    const holder = await listening(nodeNet.createServer(), where);
    const seen = [];
    holder.on('connection', (stream) => seen.push(stream.destroy()));
    expect((await failureOf(net.createServer().listen(where))).code).toBe('EADDRINUSE');
    const client = destroyAtEnd(nodeNet.connect(where));
    await once(client, 'close');
    expect(seen).toHaveLength(1);
  });

  test('taking over leaves nothing else in the folder', async () => {
    const folder = scratch();
    const where = path.join(folder, 's');
    const holder = await listening(nodeNet.createServer(), where);
    fs.renameSync(where, `${where}2`);
    holder.close();
    await once(holder, 'close');
    const server = closeAtEnd(net.createServer());
    const outcome = once(server, 'listening').then(() => 'listening', ({ code }) => code);
    server.listen(`${where}2`);
    expect(await outcome).toBe(net === ours ? 'listening' : 'EADDRINUSE');
    expect(fs.readdirSync(folder)).toEqual(['s2']);
  });

  test.each(['a\0b', 'a\0', '/tmp/\0x'])('a path with a null byte in it (%j) is refused, and nothing is touched', (where) => {
    const server = net.createServer();
    expect(thrown(() => server.listen(where)).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(thrown(() => server.listen({ path: where })).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(server.listening).toBe(false);
    expect(thrown(() => net.connect(where)).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(thrown(() => net.connect({ path: where })).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(thrown(() => new net.BoundSocket({ path: where })).code).toBe('ERR_INVALID_ARG_VALUE');
  });

  if (process.platform === 'linux') {
    test('an abstract name may have null bytes anywhere', async () => {
      const name = `\0rust-net\0${process.pid}\0`;
      const server = await listening(net.createServer((stream) => stream.end('abstract')), name);
      expect(server.address()).toBe(name);
      const client = destroyAtEnd(net.connect(name));
      expect(String((await once(client, 'data'))[0])).toBe('abstract');
    });
  }
});
