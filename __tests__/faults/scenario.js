'use strict';

// What runs while system calls fail: all that a program may do with the module, once. Every step ends in success or in
// an error of Node's form, everything closes, and no descriptor is left or lost.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');

/** A step that has neither succeeded nor failed by then hangs. */
const DEADLINE = 10_000;

/** More than the kernel takes at once, so that a write has to wait. */
const LARGE = Buffer.alloc(4 << 20, 'x');

/** An error that is not one of Node's form, where a program would see it. */
function checkError(error) {
  const { code, errno, syscall, message } = error;
  if (code === 'ECONNRESET' && errno === undefined && /TLS connection/.test(message)) return;
  // Errors of TLS, and of a stream that has been closed, have a code only.
  if (/^ERR_(SSL|TLS|STREAM|SOCKET)_/.test(code)) return;
  const isComplete = typeof code === 'string' && errno < 0 && typeof syscall === 'string' && message.includes(code);
  if (!isComplete) throw new Error('An error is not of the form of Node', { cause: error });
}

class Scenario {
  #net;
  #folder;
  #credentials;
  /** Errors that have been seen. */
  errors = [];
  /** Files that are opened whenever something fails: they get the numbers of what has been closed. */
  #canaries = [];
  #open = new Set();

  constructor(net, folder, credentials) {
    this.#net = net;
    this.#folder = folder;
    this.#credentials = credentials;
  }

  /** Runs all steps. Throws what is wrong. */
  run() {
    return within(this.#runAll(), () => `not closed in time: ${[...this.#open].map(describe).join(', ')}`);
  }

  async #runAll() {
    await this.#echo(0, '127.0.0.1');
    await this.#echo(path.join(this.#folder, 's'));
    await this.#leftover();
    await this.#bound();
    await this.#adopted();
    await this.#secure();
    await this.#piped();
    await this.#passed();
    this.#checkCanaries();
  }

  #failed(error) {
    checkError(error);
    this.errors.push(error);
    this.#canaries.push(fs.openSync(__filename, 'r'));
  }

  #checkCanaries() {
    const { ino } = fs.statSync(__filename);
    for (const fd of this.#canaries) {
      if (fs.fstatSync(fd).ino !== ino) throw new Error('A file has been closed and its number used again.');
      fs.closeSync(fd);
    }
    this.#canaries = [];
  }

  /** Runs `act`, whose exceptions are failures like others. */
  #attempt(act) {
    try {
      return act();
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  /** Notes the failures of a stream or server; the result resolves when it has closed. */
  #watch(emitter) {
    emitter.on('error', (error) => this.#failed(error));
    emitter.on('acceptError', (error) => this.#failed(error));
    this.#open.add(emitter);
    return new Promise((resolve) => {
      emitter.once('close', () => {
        this.#open.delete(emitter);
        resolve();
      });
    });
  }

  /** Whether `server` listens in the end. */
  async #listens(server) {
    return new Promise((resolve) => {
      server.once('listening', () => resolve(true));
      server.once('error', () => resolve(false));
    });
  }

  /** A server, and a client that sends it small and large pieces and gets them back. */
  async #echo(...where) {
    const net = this.#net;
    const accepted = [];
    const server = net.createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (stream) => {
      accepted.push(this.#watch(stream));
      stream.on('data', (data) => stream.write(data)).on('end', () => stream.end());
    });
    // A server that has failed to listen does not close.
    server.on('error', (error) => this.#failed(error)).on('acceptError', (error) => this.#failed(error));
    server.listen(...where);
    if (!(await this.#listens(server))) return;
    await this.#converse(server.address());
    await new Promise((resolve) => {
      server.once('close', resolve);
      server.close();
    });
    await Promise.all(accepted);
  }

  async #converse(address) {
    const target = typeof address === 'string' ? { path: address } : { port: address.port, host: address.address };
    if (typeof address !== 'string') target.localAddress = '127.0.0.1';
    const client = this.#net.connect(target);
    client.setKeepAlive(true, 1000).setNoDelay(true);
    const closed = this.#watch(client);
    client.resume();
    client.write('small');
    client.end(LARGE);
    await closed;
  }

  /** A server takes a leftover file over. */
  async #leftover() {
    const where = path.join(this.#folder, 'leftover');
    const server = this.#net.createServer();
    server.on('error', (error) => this.#failed(error));
    if (!fs.existsSync(where)) await leaveBehind(where);
    server.listen(where);
    if (!(await this.#listens(server))) return;
    server.close();
    await once(server, 'close');
  }

  /** A server and a stream over sockets that were bound before. */
  async #bound() {
    const { BoundSocket, Stream, createServer } = this.#net;
    const from = this.#attempt(() => new BoundSocket({ host: '127.0.0.1' }));
    const to = this.#attempt(() => new BoundSocket({ host: '127.0.0.1' }));
    if (from === null || to === null) {
      from?.close();
      to?.close();
      return;
    }
    const { port } = to.address();
    const streams = [];
    const server = createServer((stream) => {
      streams.push(this.#watch(stream));
      stream.resume().end();
    });
    server.on('error', (error) => this.#failed(error)).on('acceptError', (error) => this.#failed(error));
    server.listen(to);
    if (!(await this.#listens(server))) {
      from.close();
      return;
    }
    const client = new Stream({ handle: from });
    const closed = this.#watch(client);
    client.connect(port, '127.0.0.1').resume().end('from a bound socket');
    await closed;
    server.close();
    await once(server, 'close');
    await Promise.all(streams);
  }

  /** A pipe that was opened elsewhere: what is refused stays open and the caller's. */
  async #adopted() {
    const { O_RDWR, O_NONBLOCK } = fs.constants;
    const fd = fs.openSync(path.join(this.#folder, 'fifo'), O_RDWR | O_NONBLOCK);
    const stream = this.#attempt(() => new this.#net.Stream({ fd }));
    if (stream === null) {
      fs.closeSync(fd);
      return;
    }
    const closed = this.#watch(stream);
    stream.on('data', () => stream.destroy());
    stream.write('round and round');
    await closed;
  }

  /** Descriptors that pass with small and large pieces, between sockets with options of their own. */
  async #passed() {
    const socketOptions = { sendBufferSize: 100_000, linger: -1 };
    const streams = [];
    const server = this.#net.createServer((stream) => {
      streams.push(this.#watch(stream));
      stream.on('fd', (fd) => fs.closeSync(fd)).resume();
    });
    server.on('error', (error) => this.#failed(error)).on('acceptError', (error) => this.#failed(error));
    server.listen({ path: path.join(this.#folder, 'passed'), socketOptions });
    if (!(await this.#listens(server))) return;
    const client = this.#net.connect({ path: server.address(), socketOptions });
    const closed = this.#watch(client);
    const fd = fs.openSync(__filename);
    for (const data of ['small', LARGE]) this.#attempt(() => client.sendFD(fd, data));
    this.#attempt(() => client.sendFD(server));
    fs.closeSync(fd);
    client.resume().end();
    await closed;
    server.close();
    await once(server, 'close');
    await Promise.all(streams);
  }

  /** Bulk through a pipe: what comes goes back. */
  async #piped() {
    const streams = [];
    const server = this.#net.createServer((stream) => {
      streams.push(this.#watch(stream));
      stream.pipe(stream);
    });
    server.on('error', (error) => this.#failed(error)).on('acceptError', (error) => this.#failed(error));
    server.listen(0, '127.0.0.1');
    if (!(await this.#listens(server))) return;
    const client = this.#net.connect(server.address().port, '127.0.0.1');
    const closed = this.#watch(client);
    const received = [];
    client.on('data', (data) => received.push(data)).end(LARGE);
    const failures = this.errors.length;
    await closed;
    if (this.errors.length === failures && !Buffer.concat(received).equals(LARGE)) {
      throw new Error('Other bytes have come out of a pipe than went in');
    }
    server.close();
    await once(server, 'close');
    await Promise.all(streams);
  }

  /** A connection that changes over to TLS on both sides. */
  async #secure() {
    const streams = [];
    const server = this.#net.createServer((stream) => {
      streams.push(this.#watch(stream));
      stream.setSecure(this.#credentials);
      stream.on('data', (data) => stream.end(data));
    });
    server.on('error', (error) => this.#failed(error)).on('acceptError', (error) => this.#failed(error));
    server.listen(0, '127.0.0.1');
    if (!(await this.#listens(server))) return;
    const client = this.#net.connect(server.address().port, '127.0.0.1');
    const closed = this.#watch(client);
    client.setSecure({ ca: this.#credentials.cert }, { servername: 'localhost' });
    client.resume().end('secret');
    await closed;
    server.close();
    await once(server, 'close');
    await Promise.all(streams);
  }
}

/** Makes a socket file that belongs to no socket. */
async function leaveBehind(where) {
  const server = nodeNet.createServer();
  await once(server.listen(`${where}.before`), 'listening');
  fs.renameSync(`${where}.before`, where);
  await once(server.close(), 'close');
}

/** `promise`, which is rejected if it is not settled in time. */
function within(promise, message) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function describe(emitter) {
  const { readyState, writableLength, readableLength, destroyed, readableEnded, writableFinished } = emitter;
  return JSON.stringify({ readyState, writableLength, readableLength, destroyed, readableEnded, writableFinished });
}

module.exports = { Scenario, leaveBehind };
