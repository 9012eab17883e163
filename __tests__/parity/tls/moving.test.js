'use strict';

// Parity with node:tls: TLS over sockets that are connected already, or are not yet, and what these hear of it.

const nodeNet = require('net');
const { Duplex } = require('stream');
const net = require('../../../node');
const nodeTls = require('tls');
const { parity, pki } = require('./trace');

const closes = {
  secure: (client) => client.end('bye'),
  accept: (socket) => socket.resume().on('end', () => socket.end()),
};

/** Whose the plain sockets are: the net module that goes with a tls module, or Node's own below all. */
const SOCKETS = {
  'sockets of the same module': (module) => (module === nodeTls ? nodeNet : net),
  'sockets of node:net': () => nodeNet,
};

const PLAIN_EVENTS = ['connect', 'end', 'finish', 'error', 'close'];

/** Notes what a plain socket emits as an aside, since its order beside the TLS socket's is another question. */
function watchPlain(plain, trace) {
  watchPlainEnd(plain, trace);
  plain.on('data', (data) => trace.asides.push(`plain data ${data.length}`));
}

/** As `watchPlain`, without a 'data' listener, which would start the reading. */
function watchPlainEnd(plain, trace) {
  for (const event of PLAIN_EVENTS) {
    plain.on(event, (...details) => trace.asides.push(`plain ${event} ${details.map(String)}`));
  }
}

describe.each(Object.entries(SOCKETS))('%s', (whose, netOf) => {
  /** Connects by `open(net, target)` and puts TLS over that. */
  const over = (open) => (module, { port, host, ...options }, run) => {
    const socket = open(netOf(module), { port, host }, run);
    watchPlain(socket, run.traces.client);
    return module.connect({ ...options, socket });
  };

  parity('over a socket that is connecting', { ...closes, connect: over((module, target) => module.connect(target)) });

  // What the plain socket hears is left out: Node lets it hear the ciphertext in this case, and only in this.
  parity('over a socket that connects later', {
    ...closes,
    connect(module, { port, host, ...options }) {
      const socket = new (netOf(module).Socket)();
      setImmediate(() => socket.connect(port, host));
      return module.connect({ ...options, socket });
    },
  });

  parity('the plain socket is destroyed before it has connected', {
    refused: true,
    except: ['server', 'accepted'],
    connect: over((module, target) => {
      const socket = module.connect(target);
      process.nextTick(() => socket.destroy());
      return socket;
    }),
  });

  parity('the plain socket can not connect', {
    refused: true,
    except: ['server', 'accepted'],
    connect: over((module) => module.connect({ port: 1, host: '127.0.0.1' })),
  });

  /**
   * The client does `action` once it has read something, and the session tickets before it: what is closed with
   * something unread resets the connection.
   */
  const afterReading = (action) => ({
    secure: (client, trace, run) => client.once('data', () => setImmediate(action, client, run)),
    accept: (socket) => socket.resume().write('hello'),
  });

  parity('the plain socket is destroyed later', {
    connect: over((module, target, run) => (run.plain = module.connect(target))),
    ...afterReading((client, run) => run.plain.destroy()),
  });

  parity('the plain socket is destroyed with an error', {
    connect: over((module, target, run) => (run.plain = module.connect(target))),
    ...afterReading((client, run) => run.plain.destroy(new Error('enough'))),
  });

  parity('the TLS socket is destroyed with an error', {
    connect: over((module, target) => module.connect(target)),
    ...afterReading((client) => client.destroy(new Error('enough'))),
  });

  parity('the addresses of the plain socket are those of the TLS socket', {
    connect: over((module, target, run) => (run.plain = module.connect(target))),
    secure(client, trace, run) {
      for (const name of ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localFamily']) {
        trace.note(name, String(client[name]), client[name] === run.plain[name]);
      }
      client.end();
    },
    accept(socket, trace) {
      const names = ['remoteAddress', 'remoteFamily', 'localAddress', 'localPort'];
      for (const name of names) trace.note(name, String(socket[name]));
      socket.resume();
    },
  });

  for (const isPaused of [false, true]) {
    parity(`a server hands a connection to the TLS server${isPaused ? ', which was paused' : ''}`, {
      ...closes,
      connect(module, { host, ...options }, run) {
        const server = netOf(run.pairing.server).createServer({ pauseOnConnect: isPaused }, (plain) => {
          watchPlainEnd(plain, run.traces.accepted);
          run.server.emit('connection', plain);
          server.close();
        });
        const socket = new (netOf(module).Socket)();
        server.listen(0, host, () => socket.connect(server.address().port, host));
        return module.connect({ ...options, socket });
      },
    });
  }

  parity('the first bytes have been read, and are put back', {
    ...closes,
    connect(module, { host, ...options }, run) {
      const server = netOf(run.pairing.server).createServer((plain) => {
        plain.once('data', (data) => {
          plain.pause();
          plain.unshift(data);
          run.server.emit('connection', plain);
          server.close();
        });
      });
      const socket = new (netOf(module).Socket)();
      server.listen(0, host, () => socket.connect(server.address().port, host));
      return module.connect({ ...options, socket });
    },
  });

  parity('new TLSSocket(socket) on both sides', {
    refused: true,
    except: ['server', 'accepted'],
    connect(module, { host, ca }, run) {
      const { TLSSocket, createSecureContext } = run.pairing.server;
      const server = netOf(run.pairing.server).createServer((plain) => {
        const secure = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(pki.identity('p256')) });
        secure.on('secure', () => secure.end('hello'));
        secure.resume();
        server.close();
      });
      const socket = new (netOf(module).Socket)();
      server.listen(0, host, () => socket.connect(server.address().port, host));
      const client = module.connect({ socket, ca, servername: 'localhost' });
      return client;
    },
    secure: (client) => client.on('end', () => client.end()),
  });

  for (const size of [10, 1 << 22]) {
    parity(`a server writes ${size} bytes in the clear before it changes over`, {
      ...closes,
      connect(module, { host, ...options }, run) {
        const server = netOf(run.pairing.server).createServer((plain) => {
          plain.write(Buffer.alloc(size, 'x'));
          run.server.emit('connection', plain);
          server.close();
        });
        // The client's connection is made by node:net, which reads what comes in the clear; TLS goes on over a stream.
        const plain = new nodeNet.Socket();
        server.listen(0, host, () => plain.connect(server.address().port, host));
        return module.connect({ ...options, socket: behind(plain, size) });
      },
    });
  }
});

/** A stream over `plain` that leaves out the first `size` bytes of what comes. */
function behind(plain, size) {
  let left = size;
  const stream = new Duplex({
    read() {},
    write(chunk, encoding, callback) {
      const write = () => plain.write(chunk, callback);
      if (plain.pending) plain.once('connect', write);
      else write();
    },
    final: (callback) => plain.end(callback),
    destroy(error, callback) {
      plain.destroy();
      callback(error);
    },
  });
  plain.on('data', (data) => {
    const skipped = Math.min(left, data.length);
    left -= skipped;
    if (skipped < data.length) stream.push(data.subarray(skipped));
  });
  plain.on('end', () => stream.push(null));
  plain.on('close', () => stream.destroy());
  return stream;
}
