'use strict';

// Classes that are made of ours, in the ways of 2010 and of today, and the options of Node's streams.

const { once } = require('events');
const { Duplex } = require('stream');
const util = require('util');
const net = require('../..');
const { closeAtEnd, collect, destroyAtEnd, listening, pair } = require('../helpers');

/** Connects `client` to a server that echoes; gives what comes back. */
async function echoed(client) {
  const server = await listening(net.createServer({ allowHalfOpen: true }, (stream) => stream.pipe(stream)));
  destroyAtEnd(client).connect(server.address().port, '127.0.0.1');
  client.allowHalfOpen = true;
  client.end('echo', 'latin1');
  return (await collect(client)).toString();
}

test('a stream is a stream.Duplex, and its own names are not enumerable surprises', () => {
  const stream = new net.Stream();
  expect(stream instanceof Duplex).toBe(true);
  expect(stream instanceof net.Stream).toBe(true);
  expect(Object.getPrototypeOf(net.Stream)).toBe(Duplex);
  expect(stream.constructor).toBe(net.Stream);
});

describe('D18: "Server(...) and Stream(...) work without new"', () => {
  test('Stream()', async () => {
    const stream = net.Stream({ highWaterMark: 10 });
    expect(stream instanceof net.Stream).toBe(true);
    expect(stream.writableHighWaterMark).toBe(10);
    expect(await echoed(stream)).toBe('echo');
  });

  test('Server()', async () => {
    const server = await listening(net.Server((stream) => stream.end('hi', 'latin1')));
    expect(server instanceof net.Server).toBe(true);
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    expect((await collect(client)).toString()).toBe('hi');
  });
});

describe('util.inherits and Stream.call(this)', () => {
  test('a stream', async () => {
    function Chatty(options) {
      net.Stream.call(this, options);
      this.said = [];
      this.on('data', (data) => this.said.push(String(data)));
    }
    util.inherits(Chatty, net.Stream);
    Chatty.prototype.shout = function shout(text) {
      return this.write(text.toUpperCase(), 'latin1');
    };
    const stream = new Chatty();
    expect(stream instanceof net.Stream).toBe(true);
    expect(await echoed(stream)).toBe('echo');
    expect(stream.said.join('')).toBe('echo');
  });

  test('a server', async () => {
    function Counting(listener) {
      net.Server.call(this, listener);
      this.count = 0;
      this.on('connection', () => this.count++);
    }
    util.inherits(Counting, net.Server);
    const server = await listening(new Counting((stream) => stream.end()));
    destroyAtEnd(net.connect(server.address().port, '127.0.0.1')).resume();
    await once(server, 'connection');
    expect(server.count).toBe(1);
  });
});

describe('class extends', () => {
  test('a stream that overrides _write, _final and _destroy and calls ours', async () => {
    const calls = [];
    class Loud extends net.Stream {
      _write(chunk, encoding, callback) {
        calls.push('write');
        super._write(typeof chunk === 'string' ? chunk.toUpperCase() : chunk, encoding, callback);
      }

      _final(callback) {
        calls.push('final');
        super._final(callback);
      }

      _destroy(error, callback) {
        calls.push('destroy');
        super._destroy(error, callback);
      }
    }
    const stream = new Loud();
    const server = await listening(net.createServer({ allowHalfOpen: true }, (accepted) => accepted.pipe(accepted)));
    destroyAtEnd(stream).connect(server.address().port, '127.0.0.1');
    await once(stream, 'connect');
    stream.allowHalfOpen = true;
    stream.end('echo', 'latin1');
    expect((await collect(stream)).toString()).toBe('ECHO');
    if (!stream.closed) await once(stream, 'close');
    expect(calls).toEqual(['write', 'final', 'destroy']);
  });

  test('a server whose emit() is overridden', async () => {
    const seen = [];
    class Watched extends net.Server {
      emit(event, ...details) {
        seen.push(event);
        return super.emit(event, ...details);
      }
    }
    const server = await listening(new Watched((stream) => stream.end()));
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1')).resume();
    await once(client, 'close');
    server.close();
    await once(server, 'close');
    expect(seen.filter((event) => event !== 'newListener' && event !== 'removeListener'))
      .toEqual(['listening', 'connection', 'close']);
  });

  test('private fields and a constructor that sets an encoding', async () => {
    class Lines extends net.Stream {
      #lines = [];

      constructor() {
        super({ allowHalfOpen: true });
        this.setEncoding('utf8');
        this.on('data', (text) => this.#lines.push(text));
      }

      get lines() {
        return this.#lines.join('');
      }
    }
    const stream = new Lines();
    expect(await echoed(stream)).toBe('echo');
    expect(stream.lines).toBe('echo');
  });
});

describe('captureRejections', () => {
  test('a connection listener that rejects destroys its stream with the error', async () => {
    const server = await listening(net.createServer({ captureRejections: true }, async (stream) => {
      failed(once(stream, 'error'));
      throw new Error('rejected');
    }));
    let failed;
    const failing = new Promise((resolve) => (failed = resolve));
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1')).resume();
    const [error] = await failing;
    expect(error.message).toBe('rejected');
    if (!client.closed) await once(client, 'close');
    expect(server.listening).toBe(true);
  });

  test('a listener of a stream that rejects is an \'error\' of the stream', async () => {
    const [client, accepted] = await pair({ clientOptions: { captureRejections: true } });
    client.on('data', async () => {
      throw new Error('rejected');
    });
    accepted.write('x', 'latin1');
    const [error] = await once(client, 'error');
    expect(error.message).toBe('rejected');
    expect(client.destroyed).toBe(true);
  });

  test('a listener of the server that rejects is an \'error\' of the server', async () => {
    const server = closeAtEnd(new net.Server({ captureRejections: true }));
    server.on('listening', async () => {
      throw new Error('rejected');
    });
    server.listen(0, '127.0.0.1');
    const [error] = await once(server, 'error');
    expect(error.message).toBe('rejected');
  });
});

describe('the option signal', () => {
  test('aborted already: the new stream fails and closes', async () => {
    const stream = new net.Stream({ signal: AbortSignal.abort() });
    const closed = new Promise((resolve) => stream.on('close', resolve));
    const [error] = await once(stream, 'error');
    expect(error.code).toBe('ABORT_ERR');
    expect(await closed).toBe(true);
    expect(stream.readyState).toBe('closed');
  });

  test('aborted already: connect() of the function does not connect', async () => {
    const server = await listening(net.createServer());
    let connections = 0;
    server.on('connection', () => connections++);
    const { port } = server.address();
    const stream = destroyAtEnd(net.connect({ port, host: '127.0.0.1', signal: AbortSignal.abort() }));
    const events = [];
    for (const event of ['connect', 'error', 'close']) stream.on(event, (detail) => events.push([event, detail?.code]));
    await new Promise((resolve) => stream.on('close', resolve));
    const witness = destroyAtEnd(net.connect(port, '127.0.0.1'));
    await once(server, 'connection');
    await once(witness, 'connect');
    expect(events).toEqual([['error', 'ABORT_ERR'], ['close', undefined]]);
    expect(connections).toBe(1);
  });

  test('aborted after the stream has closed: nothing happens', async () => {
    const control = new AbortController();
    const [client, accepted] = await pair({ clientOptions: { signal: control.signal } });
    client.resume();
    accepted.end();
    await once(client, 'close');
    client.on('error', (error) => {
      throw error;
    });
    control.abort();
    expect(client.errored).toBe(null);
  });
});

test.each(['objectMode', 'readableObjectMode', 'writableObjectMode'])('%s is refused', (mode) => {
  expect(() => new net.Stream({ [mode]: true })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }));
});
