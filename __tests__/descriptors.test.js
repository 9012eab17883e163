'use strict';

// "A descriptor has one owner in the process": what is refused, and what a constructor that throws was given, stays
// open and the caller's.

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const nodeNet = require('net');
const path = require('path');
const { Worker } = require('worker_threads');
const ours = require('..');
const today = require('../node');
const { atEnd, child, closeAtEnd, collect, destroyAtEnd, listening, pair, scratch, thrown } = require('./helpers');

const EEXIST = { code: 'EEXIST', errno: expect.any(Number), syscall: 'open', message: 'open EEXIST' };

/** Both ends still talk to each other. */
async function expectToTalk(client, accepted) {
  const [heard] = [once(client, 'data')];
  accepted.write('still here');
  expect(String((await heard)[0])).toBe('still here');
}

async function expectToAccept(server) {
  const connected = once(server, 'connection');
  const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
  const [accepted] = await connected;
  destroyAtEnd(accepted);
  await expectToTalk(client, accepted);
}

describe.each([
  ['rust-net', ours],
  ['rust-net/node', today],
])('%s: a descriptor has one owner', (_, net) => {
  test.each(['accepted', 'connected'])('new Stream({ fd }) of an open stream (%s) throws `open EEXIST`', async (which) => {
    const [client, accepted] = await pair({ server: net, client: net });
    const owner = which === 'accepted' ? accepted : client;
    const { fd } = owner;
    expect(thrown(() => new net.Stream({ fd }))).toMatchObject(EEXIST);
    expect(thrown(() => new net.Stream({ fd }))).toMatchObject(EEXIST);
    expect(owner.fd).toBe(fd);
    await expectToTalk(client, accepted);
  });

  test('new Stream({ fd }) of a listening server throws `open EEXIST`, and it goes on', async () => {
    const server = await listening(net.createServer());
    expect(thrown(() => new net.Stream({ fd: server._handle.fd }))).toMatchObject(EEXIST);
    await expectToAccept(server);
  });

  test('listen({ fd }) of a listening server gives `listen EEXIST` each time, and it goes on', async () => {
    const server = await listening(net.createServer());
    for (let i = 0; i < 3; i++) {
      const other = net.createServer().listen({ fd: server._handle.fd });
      const [error] = await once(other, 'error');
      expect({ ...error }).toEqual({ code: 'EEXIST', errno: expect.any(Number), syscall: 'listen', address: null });
      expect(error.message).toBe('listen EEXIST: file already exists');
    }
    await expectToAccept(server);
  });

  test('listen({ fd }) of an open stream gives `listen EEXIST`, and it goes on', async () => {
    const [client, accepted] = await pair({ server: net, client: net });
    const [error] = await once(net.createServer().listen({ fd: accepted.fd }), 'error');
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'listen' });
    await expectToTalk(client, accepted);
  });

  test('a BoundSocket keeps its descriptor', async () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1' });
    expect(thrown(() => new net.Stream({ fd: bound.fd() }))).toMatchObject(EEXIST);
    const [error] = await once(net.createServer().listen({ fd: bound.fd() }), 'error');
    expect(error.code).toBe('EEXIST');
    const server = closeAtEnd(net.createServer().listen(bound));
    await once(server, 'listening');
    await expectToAccept(server);
  });

  test('another thread gets `open EEXIST` and `listen EEXIST`, and closes nothing', async () => {
    const [client, accepted, server] = await pair({ server: net, client: net });
    const script = `
      const { parentPort, workerData } = require('worker_threads');
      const { once } = require('events');
      const net = require(workerData.entry);
      const outcomes = [];
      for (const fd of workerData.fds) {
        try {
          new net.Stream({ fd }).destroy();
        } catch ({ message }) {
          outcomes.push(message);
        }
      }
      const server = net.createServer().on('error', ({ message }) => parentPort.postMessage([...outcomes, message]));
      server.listen({ fd: workerData.fds[2] });
    `;
    const entry = path.join(__dirname, '..', net === today ? 'node' : 'index');
    const fds = [client.fd, accepted.fd, server._handle.fd];
    const worker = new Worker(script, { eval: true, workerData: { entry, fds } });
    // Both from the start: the exit may follow its last message without a turn between.
    const [[outcomes]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    const refused = 'open EEXIST';
    expect(outcomes).toEqual([refused, refused, refused, 'listen EEXIST: file already exists']);
    await expectToTalk(client, accepted);
    await expectToAccept(server);
  });

  test('once it is closed, the number can be adopted again', async () => {
    const [, accepted] = await pair({ server: net, client: net });
    const { fd } = accepted;
    accepted.destroy();
    await once(accepted, 'close');
    // Whatever has the number by now, if anything has, it is not ours any more.
    const error = thrown(() => new net.Stream({ fd, highWaterMark: -1 }));
    expect(['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_FD_TYPE']).toContain(error.code);
  });

  test('a listening server is taken neither by http nor by net of Node, and keeps its descriptor', async () => {
    const server = await listening(net.createServer());
    const { fd } = server._handle;
    expect(fd).toBeGreaterThan(2);
    for (const other of [http.createServer(), nodeNet.createServer()]) {
      expect(thrown(() => other.listen(server)).code).toBe('ERR_INVALID_ARG_VALUE');
      expect(other.listening).toBe(false);
    }
    expect(server._handle.fd).toBe(fd);
    await expectToAccept(server);
  });

  test('`_handle` can be assigned, and that changes nothing else', async () => {
    const [client, accepted, server] = await pair({ server: net, client: net });
    for (const owner of [client, accepted, server]) {
      const handle = {};
      owner._handle = handle;
      expect(owner._handle).toBe(handle);
      owner._handle = null;
      expect(owner._handle).toBe(null);
    }
    await expectToTalk(client, accepted);
    await expectToAccept(server);
  });
});

describe('a constructor that throws leaves the descriptor to the caller', () => {
  const REFUSED = {
    'highWaterMark: -1': '{ highWaterMark: -1 }',
    'readableHighWaterMark: 1.5': '{ readableHighWaterMark: 1.5 }',
    'an unknown encoding': `{ encoding: 'klingon' }`,
    'an onread.buffer that throws': `{ onread: { buffer() { throw new RangeError('no buffer'); }, callback() {} } }`,
    'a signal that is none': '{ signal: 5 }',
    'a typeOfService out of range': '{ typeOfService: 256 }',
    'a blockList that is none': '{ blockList: {} }',
  };

  test.each(Object.keys(REFUSED))('%s', async (name) => {
    const script = `
      const fs = require('fs');
      let isRefused = false;
      try {
        new net.Stream({ fd: 3, ...${REFUSED[name]} });
      } catch {
        isRefused = true;
      }
      console.log(isRefused, fs.fstatSync(3).isSocket());
      const stream = new net.Stream({ fd: 3 });
      stream.on('data', (data) => stream.end(data));
    `;
    const { process: running, lines, exit } = child(script, { descriptors: ['pipe'] });
    expect((await lines.next()).value).toBe('true true');
    const heard = collect(running.stdio[3]);
    running.stdio[3].end('its own');
    expect(String(await heard)).toBe('its own');
    expect(await exit).toBe(0);
  });

  test('a BoundSocket is not taken, either', async () => {
    const bound = new today.BoundSocket({ host: '127.0.0.1' });
    expect(thrown(() => new today.Socket({ handle: bound, highWaterMark: -1 })).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(bound.address().port).toBeGreaterThan(0);
    bound.close();
  });
});

test('the standard streams of the process are never closed, and can be adopted again', async () => {
  const script = `
    const fs = require('fs');
    const { once } = require('events');
    (async () => {
      for (const fd of [0, 1, 0, 1]) {
        const stream = new net.Stream({ fd });
        stream.destroy();
        await once(stream, 'close');
        fs.fstatSync(fd);
      }
      const file = fs.openSync(process.argv[1] + '/package.json', 'r');
      console.log(file > 2);
      const stream = new net.Stream({ fd: 1 });
      stream.end('and the last word\\n');
    })();
  `;
  const { lines, exit } = child(script);
  expect((await lines.next()).value).toBe('true');
  expect((await lines.next()).value).toBe('and the last word');
  expect(await exit).toBe(0);
});

describe('errors about addresses and descriptors have the form of those of node:net', () => {
  /** `[name, act(net, context)]`: what fails, in both modules. */
  const CASES = {
    'listen on an address that this machine does not have': (net) => net.createServer().listen({ port: 0, host: '192.0.2.1' }),
    'listen on such an address, with a port': (net, { port }) => net.createServer().listen({ port, host: '192.0.2.1' }),
    'listen on an address in use': (net, { port }) => net.createServer().listen({ port, host: '127.0.0.1' }),
    'listen on a link-local address without a zone': (net) => net.createServer().listen({ port: 0, host: 'fe80::1' }),
    'listen with an unknown zone': (net) => net.createServer().listen({ port: 0, host: 'fe80::1%nosuch' }),
    'listen in a folder that is not there': (net, { folder }) => net.createServer().listen(`${folder}/no/s`),
    'listen on a folder': (net, { folder }) => net.createServer().listen(folder),
    'listen below a file': (net) => net.createServer().listen(`${__filename}/s`),
    'listen on a descriptor that is not open': (net) => net.createServer().listen({ fd: 100_000 }),
    'listen on a file': (net, { file }) => net.createServer().listen({ fd: file }),
    'connect from such an address': (net, { port }) =>
      net.connect({ port, host: '127.0.0.1', localAddress: '192.0.2.1' }),
    'connect over IPv4 from an IPv6 address': (net, { port }) =>
      net.connect({ port, host: '127.0.0.1', localAddress: '::1' }),
    'connect over IPv6 from an IPv4 address': (net, { port }) =>
      net.connect({ port, host: '::1', localAddress: '127.0.0.1' }),
    'connect from a port in use': (net, { port }) => net.connect({ port, host: '127.0.0.1', localPort: port }),
    'connect to a port without a listener': (net) => net.connect({ port: 1, host: '127.0.0.1' }),
    'connect, which fails at once': (net) => net.connect({ port: 1, host: '255.255.255.255' }),
    'connect from an address, which fails at once': (net) =>
      net.connect({ port: 1, host: '255.255.255.255', localAddress: '127.0.0.1' }),
    'connect to a link-local address without a zone': (net) => net.connect({ port: 1, host: 'fe80::1' }),
    'connect with an unknown zone': (net) => net.connect({ port: 1, host: 'fe80::1%nosuch' }),
    'connect to a path of nothing': (net, { folder }) => net.connect(`${folder}/none`),
    'connect to a file': (net) => net.connect(__filename),
  };

  /** All that an error shows; a port of the system's choice under one name. */
  function shown(error) {
    const hide = (text) => text.replace(/(127\.0\.0\.1):\d{4,}\)/, '$1:<port>)');
    return { names: Object.keys(error), message: hide(error.message), ...error };
  }

  async function failureOf(act, net, context) {
    const emitter = act(net, context);
    const [error] = await once(emitter, 'error');
    return shown(error);
  }

  test.each(Object.keys(CASES))('%s', async (name) => {
    const file = fs.openSync(__filename, 'r');
    atEnd(() => fs.closeSync(file));
    const holder = await listening(nodeNet.createServer());
    const context = { folder: scratch(), file, port: holder.address().port };
    const expected = await failureOf(CASES[name], nodeNet, context);
    expect(await failureOf(CASES[name], today, context)).toEqual(expected);
  });
});
