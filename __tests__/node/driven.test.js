'use strict';

// Programs that mock the network drive a socket by its private members: they replace `_writeGeneric`, and `connect` of
// its `_handle`, or give it the handle of another socket. All of it does what it does on node:net.

const { once } = require('events');
const nodeNet = require('net');
const { errno: ERRNO } = require('os').constants;
const path = require('path');
const nodeTls = require('tls');
const ours = require('../../node');
const oursTls = require('../../tls');
const { destroyAtEnd, listening, scratch } = require('../helpers');

/** Names of events of `socket` as they come. */
function trace(socket, ...names) {
  const events = [];
  for (const name of names) socket.on(name, (...details) => events.push([name, ...details.map(plain)]));
  return events;
}

const plain = (value) => value?.code ?? (Buffer.isBuffer(value) ? value.toString() : value);

/** Has `connect` of the handle of `socket` call back with `request` and the handle, instead of connecting. */
function instead(socket, connect) {
  socket.prependOnceListener('connectionAttempt', () => {
    const { _handle: handle } = socket;
    handle.connect = handle.connect6 = (request) => {
      connect(request, handle);
      return 0;
    };
  });
}

/** Replaces what writes of `socket` pass through: returns what has been written. */
function seize(socket) {
  const written = [];
  socket._writeGeneric = (isList, data, encoding, callback) => {
    for (const { chunk } of isList ? data : [{ chunk: data }]) written.push(chunk.toString());
    callback();
  };
  socket._read = () => {};
  return written;
}

const NAMES = ['connect', 'ready', 'data', 'end', 'finish', 'error', 'close'];
const PLACES = {
  getpeername: { address: '192.0.2.7', family: 'IPv4', port: 7 },
  getsockname: { address: '192.0.2.1', family: 'IPv4', port: 1 },
};

function tellPlaces(handle) {
  for (const [name, place] of Object.entries(PLACES)) {
    handle[name] = (out) => {
      Object.assign(out, place);
      return 0;
    };
  }
}

describe.each([
  ['node:net', nodeNet, nodeTls],
  ['rust-net/node', ours, oursTls],
])('%s', (_, net, tls) => {
  test('a connection that is made up', async () => {
    const socket = destroyAtEnd(new net.Socket());
    const events = trace(socket, ...NAMES);
    const written = seize(socket);
    instead(socket, (request, handle) => {
      tellPlaces(handle);
      setImmediate(() => request.oncomplete(0, handle, request, true, true));
    });
    socket.connect(7, '192.0.2.7').setNoDelay().setKeepAlive(true).setTimeout(60_000);
    socket.write('early');
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([true, true, 'opening']);
    expect(written).toEqual(['early']);
    await once(socket, 'ready');
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([false, false, 'open']);
    expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual(['192.0.2.7', 7, 'IPv4']);
    expect([socket.localAddress, socket.localPort]).toEqual(['192.0.2.1', 1]);
    expect(socket.address()).toEqual(PLACES.getsockname);
    socket.unref().ref().setTimeout(0);
    socket.write('late');
    socket.push('pushed');
    socket.push(null);
    await once(socket, 'close');
    expect(written).toEqual(['early', 'late']);
    expect(socket._handle).toBe(null);
    expect([socket.remoteAddress, socket.bytesRead]).toEqual(['192.0.2.7', 0]);
    expect(events).toEqual([['connect'], ['ready'], ['data', 'pushed'], ['end'], ['finish'], ['close', false]]);
  });

  test('a failure that is made up', async () => {
    const socket = destroyAtEnd(new net.Socket());
    const events = trace(socket, ...NAMES);
    seize(socket);
    instead(socket, (request, handle) => {
      setImmediate(() => request.oncomplete(-ERRNO.ECONNREFUSED, handle, request, true, true));
    });
    socket.connect(7, '192.0.2.7');
    await new Promise((resolve) => socket.on('close', resolve));
    expect(events).toEqual([['error', 'ECONNREFUSED'], ['close', true]]);
  });

  test('one that is destroyed while it waits, and opened again', async () => {
    const server = await listening(net.createServer((accepted) => accepted.end('real')));
    const socket = destroyAtEnd(new net.Socket());
    const events = trace(socket, ...NAMES);
    seize(socket);
    const asked = new Promise((resolve) => instead(socket, resolve));
    socket.connect(7, '192.0.2.7');
    await asked;
    socket.destroy();
    await once(socket, 'close');
    delete socket._writeGeneric;
    delete socket._read;
    socket.connect(server.address().port, '127.0.0.1');
    await once(socket, 'close');
    const second = [['connect'], ['ready'], ['data', 'real'], ['end'], ['finish'], ['close', false]];
    expect(events).toEqual([['close', false], ...second]);
  });

  test('TLS that is made up', async () => {
    const dummy = net.createServer();
    const connect = net.Socket.prototype.connect;
    const written = [];
    let handle;
    net.Socket.prototype.connect = function (...args) {
      written.push(seize(this));
      instead(this, (request, its) => {
        handle = its;
        tellPlaces(handle);
        handle.start = handle.verifyError = () => undefined;
        handle.getSession = () => Buffer.from('session');
        handle.getCipher = () => ({ name: 'A', standardName: 'B', version: 'TLSv1.3' });
        handle.getEphemeralKeyInfo = () => ({ type: 'ECDH', name: 'X25519', size: 253 });
        handle.getALPNNegotiatedProtocol = () => 'h2';
        setImmediate(() => request.oncomplete(0, handle, request, true, true));
      });
      return connect.apply(this, args);
    };
    try {
      const socket = destroyAtEnd(tls.connect(7, '192.0.2.7', { checkServerIdentity: () => undefined }));
      socket.write('early');
      await once(socket, 'connect');
      setImmediate(() => handle.onhandshakedone());
      const sessions = trace(socket, 'session');
      await once(socket, 'secureConnect');
      expect(socket.getSession().toString()).toBe('session');
      handle.onnewsession(1, Buffer.from('ticket'));
      socket.write('late');
      expect(written).toEqual([['early', 'late']]);
      expect(sessions).toEqual([['session', 'ticket']]);
      expect([socket.authorized, socket.alpnProtocol, socket.remotePort]).toEqual([true, 'h2', 7]);
      expect(socket.getCipher()).toEqual({ name: 'A', standardName: 'B', version: 'TLSv1.3' });
      expect(socket.getEphemeralKeyInfo()).toEqual({ type: 'ECDH', name: 'X25519', size: 253 });
      socket.destroy();
      await once(socket, 'close');
    } finally {
      net.Socket.prototype.connect = connect;
      dummy.close();
    }
  });

  /** A socket that has the handle of another, which has connected to a server, and what the server has accepted. */
  async function borrowed() {
    const server = await listening(net.createServer({ allowHalfOpen: true }));
    const socket = destroyAtEnd(new net.Socket());
    const own = socket._writeGeneric;
    seize(socket);
    instead(socket, () => {});
    socket.connect(7, '192.0.2.7');
    const lender = destroyAtEnd(net.connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true }));
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(lender, 'connect')]);
    const { _handle: replaced } = socket;
    socket._handle = lender._handle;
    replaced.close();
    socket.connecting = false;
    socket._writeGeneric = own;
    return { socket, lender, accepted: destroyAtEnd(accepted), port: server.address().port };
  }

  test('the handle of another socket: addresses, writes and the end', async () => {
    const { socket, lender, accepted, port } = await borrowed();
    expect([socket.remoteAddress, socket.remotePort, socket.localPort]).toEqual(['127.0.0.1', port, lender.localPort]);
    const events = trace(socket, ...NAMES);
    const received = [];
    accepted.on('data', (data) => received.push(data.toString()));
    await new Promise((resolve) => socket.write('one', resolve));
    socket.cork();
    socket.write('two');
    socket.write(Buffer.from('three'));
    socket.uncork();
    socket.end('four');
    await once(accepted, 'end');
    expect(received.join('')).toBe('onetwothreefour');
    expect(events).toEqual([['finish']]);
  });

  test('the handle of another socket is closed with it', async () => {
    const { socket, lender, accepted } = await borrowed();
    const events = trace(socket, ...NAMES);
    accepted.on('error', () => {}).resume();
    const gone = once(accepted, 'close');
    accepted.on('end', () => accepted.end());
    lender.resume();
    socket.destroy();
    await Promise.all([once(socket, 'close'), gone]);
    expect(events).toEqual([['close', false]]);
  });

  test("'close' is not reported again of a handle that the other socket has closed", async () => {
    const { socket, lender } = await borrowed();
    const events = trace(socket, ...NAMES);
    lender.destroy();
    await once(lender, 'close');
    socket.destroy();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect([socket.destroyed, events]).toEqual([true, []]);
  });
});

describe("connect() of node:net's prototype, called on a socket of rust-net/node", () => {
  const { connect } = nodeNet.Socket.prototype;

  async function exchange(socket) {
    socket.write('ping');
    let received = '';
    for await (const data of socket) received += data;
    return received;
  }

  const echo = () => ours.createServer({ allowHalfOpen: true }, (accepted) => {
    accepted.once('data', (data) => accepted.end(`${data} pong`));
  });

  test('over TCP', async () => {
    const server = await listening(echo());
    const { port } = server.address();
    const socket = destroyAtEnd(new ours.Socket().setNoDelay());
    connect.call(socket, port, '127.0.0.1');
    expect(Object.hasOwn(socket, 'write')).toBe(false);
    expect(await exchange(socket)).toBe('ping pong');
    expect([socket.remotePort, socket.bytesWritten, socket.bytesRead]).toEqual([port, 4, 9]);
  });

  test('through a socket file', async () => {
    const server = echo();
    const file = path.join(scratch(), 'socket');
    server.listen(file);
    await once(server, 'listening');
    const socket = destroyAtEnd(new ours.Socket());
    connect.call(socket, file);
    expect(await exchange(socket)).toBe('ping pong');
    server.close();
  });

  test('the second address of several', async () => {
    const server = await listening(echo());
    const socket = destroyAtEnd(new ours.Socket());
    const lookup = (host, options, callback) => {
      callback(null, [{ address: '127.0.0.9', family: 4 }, { address: '127.0.0.1', family: 4 }]);
    };
    connect.call(socket, { port: server.address().port, host: 'example.test', lookup, autoSelectFamily: true });
    expect(await exchange(socket)).toBe('ping pong');
  });

  test('a failure', async () => {
    const server = await listening(ours.createServer());
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    const socket = new ours.Socket();
    const events = trace(socket, ...NAMES);
    connect.call(socket, port, '127.0.0.1');
    socket.unref();
    socket.ref();
    await new Promise((resolve) => socket.on('close', resolve));
    expect(events).toEqual([['error', 'ECONNREFUSED'], ['close', true]]);
  });
});
