'use strict';

// rust-net/node against node:net, member by member and option by option.

const { execFileSync } = require('child_process');
const { once } = require('events');
const node = require('net');
const path = require('path');

const entry = path.join(__dirname, '../../node.js');
const ours = require('../../node');
const { scratch } = require('../helpers');

/** `_handle` is an accessor here, and docs/api/node.md has the reason why the others are not there. */
const PRIVATE = ['_handle', '_listen2', '_setupWorker'];

const shape = (descriptor) =>
  descriptor && {
    enumerable: descriptor.enumerable,
    configurable: descriptor.configurable,
    writable: descriptor.writable,
    isAccessor: descriptor.get !== undefined,
  };

describe.each(['Socket', 'Server'])('the prototype of %s', (name) => {
  const theirs = node[name].prototype;
  const names = Object.getOwnPropertyNames(theirs).filter((key) => key !== 'constructor' && !PRIVATE.includes(key));

  test.each(names)('has %s of its own, as enumerable, writable and configurable as in Node', (key) => {
    const descriptor = Object.getOwnPropertyDescriptor(ours[name].prototype, key);
    expect(shape(descriptor)).toEqual(shape(Object.getOwnPropertyDescriptor(theirs, key)));
  });

  const methods = names.filter((key) => typeof Object.getOwnPropertyDescriptor(theirs, key).value === 'function');

  test.each(methods)('%s takes as many arguments as in Node', (key) => {
    // As of Node 24, on every Node.
    expect(ours[name].prototype[key].length).toBe(key === 'setKeepAlive' ? 4 : theirs[key].length);
  });

  test.each(names)('lets %s be read as in Node', (key) => {
    if (Object.getOwnPropertyDescriptor(theirs, key).get === undefined) return;
    expect(ours[name].prototype[key]).toBe(theirs[key]);
  });
});

test('every accessor on the prototypes can be read', () => {
  for (const { prototype } of [ours.Socket, ours.Server]) {
    for (const key of Object.getOwnPropertyNames(prototype)) expect(() => prototype[key]).not.toThrow();
  }
});

const TLS = [
  'getCipher', 'getProtocol', 'getPeerCertificate', 'encrypted', 'authorized', 'authorizationError', 'servername',
  'alpnProtocol', 'truncated',
];

test.each(TLS)('a stream in the clear has no %s, as in Node', (name) => {
  expect(name in new ours.Socket()).toBe(name in new node.Socket());
});

test.each([...TLS, 'type', 'fd'])('%s can be assigned, in the constructor of a subclass too', (name) => {
  class Sub extends ours.Socket {
    constructor() {
      super();
      this[name] = 'mine';
    }
  }
  expect(new Sub()[name]).toBe('mine');
});

test('a method can be defined anew and assigned afterwards, as nock does', () => {
  const { prototype } = ours.Socket;
  const before = Object.getOwnPropertyDescriptor(prototype, 'connect');
  try {
    Object.defineProperty(prototype, 'connect', { value: () => 'defined' });
    prototype.connect = () => 'assigned';
    expect(new ours.Socket().connect()).toBe('assigned');
  } finally {
    Object.defineProperty(prototype, 'connect', before);
  }
});

describe('options of connect() that Node takes', () => {
  let server;
  beforeAll(async () => {
    server = node.createServer((socket) => socket.on('error', () => {}).resume());
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => server.close());

  async function outcome(net, options) {
    const socket = net.connect({ host: '127.0.0.1', port: server.address().port, ...options });
    await once(socket, 'connect');
    const { localAddress, remoteAddress } = socket;
    await once(socket.destroy(), 'close');
    return { localAddress, remoteAddress };
  }

  test.each([
    { localAddress: '' },
    { localAddress: 0 },
    { localAddress: false },
    { localAddress: null },
    { localAddress: ['127.0.0.1'] },
    { lookup: false },
    { family: '4' },
    { highWaterMark: null },
    { host: '0.0.0.0' },
  ])('%j', async (options) => {
    expect(await outcome(ours, options)).toEqual(await outcome(node, options));
  });

  test('the callback of `onread` is called on the socket', async () => {
    const peer = ours.createServer((socket) => socket.end('x'));
    await once(peer.listen(0, '127.0.0.1'), 'listening');
    const self = await new Promise((resolve) => {
      const socket = ours.connect({
        port: peer.address().port,
        host: '127.0.0.1',
        onread: {
          buffer: Buffer.alloc(8),
          callback() {
            resolve([this, socket]);
          },
        },
      });
    });
    expect(self[0]).toBe(self[1]);
    await once(self[1].destroy(), 'close');
    await once(peer.close(), 'close');
  });
});

test.each(['--no-network-family-autoselection', '--network-family-autoselection-attempt-timeout=900'])(
  'NODE_OPTIONS=%s is obeyed as by node:net',
  (NODE_OPTIONS) => {
    const script = 'const n = require(process.argv[1]);'
      + 'console.log(n.getDefaultAutoSelectFamily(), n.getDefaultAutoSelectFamilyAttemptTimeout())';
    const run = (name) =>
      execFileSync(process.execPath, ['-e', script, name], { env: { ...process.env, NODE_OPTIONS }, encoding: 'utf8' });
    expect(run(entry)).toBe(run('net'));
  },
);

/** An accepted stream of `net`, and its peer, a socket of Node's. */
async function pair(net, options) {
  const server = net.createServer(options).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = node.connect(server.address().port, '127.0.0.1').on('error', () => {});
  const [[stream]] = await Promise.all([once(server, 'connection'), once(peer, 'connect')]);
  server.close();
  return { peer, stream };
}

async function inBoth(play) {
  const seen = [];
  for (const net of [node, ours]) seen.push(await play(net));
  expect(seen[1]).toEqual(seen[0]);
  return seen[0];
}

const shown = (stream) => [stream.listeners('end').map(({ name }) => name), stream.eventNames(), stream.allowHalfOpen];

test.each([undefined, {}, { allowHalfOpen: true }, { allowHalfOpen: false }])(
  "a new stream, %j, has Node's listeners, and no others",
  async (options) => {
    await inBoth(async (net) => {
      const { peer, stream } = await pair(net, options);
      peer.destroy();
      stream.destroy();
      return [shown(new net.Socket(options)), shown(stream)];
    });
  },
);

test("writing behind both ends fails as in Node, but not without Node's listener", async () => {
  const seen = await inBoth(async (net) => {
    const outcomes = [];
    for (const remove of [false, true]) {
      const { peer, stream } = await pair(net);
      if (remove) stream.removeAllListeners('end');
      const closed = new Promise((resolve) => stream.on('close', resolve));
      const failed = new Promise((resolve) => stream.on('error', resolve));
      // 'end' comes after the listener of the stream's own; ours ends then.
      stream.on('end', () => stream.end());
      stream.on('end', () => stream.write('x'));
      stream.resume();
      peer.end();
      await closed;
      outcomes.push((await failed).code);
      peer.destroy();
    }
    return outcomes;
  });
  expect(seen).toEqual(['EPIPE', 'ERR_STREAM_WRITE_AFTER_END']);
});

test.each(['', Buffer.alloc(0)])('write(%j) restarts the idle timer', async (nothing) => {
  const seen = await inBoth(async (net) => {
    const { peer, stream } = await pair(net);
    const order = [];
    await new Promise((resolve) => {
      stream.setTimeout(40, () => {
        order.push('timeout');
        resolve();
      });
      // Due at the same time, and set later: without the write it would fire after the other.
      setTimeout(() => order.push('timer'), 40);
      const since = Date.now();
      while (Date.now() - since < 20);
      stream.write(nothing);
    });
    stream.destroy();
    peer.destroy();
    return order;
  });
  expect(seen).toEqual(['timer', 'timeout']);
});

test.each([
  ['a Buffer', (stream) => stream.write(Buffer.alloc(10))],
  ['a large Buffer', (stream) => stream.write(Buffer.alloc(100_000))],
  ['a long string', (stream) => stream.write('é'.repeat(50_000))],
  ['several', (stream) => {
    stream.cork();
    for (const chunk of ['x', 'é', Buffer.alloc(100_000)]) stream.write(chunk);
    stream.uncork();
  }],
])('bytesWritten counts a write that fails: %s', async (name, write) => {
  await inBoth(async (net) => {
    const { peer, stream } = await pair(net, { pauseOnConnect: true });
    peer.resetAndDestroy();
    await once(peer, 'close');
    const counts = [];
    const closed = new Promise((resolve) => stream.on('close', resolve));
    stream.on('error', () => counts.push(stream.bytesWritten));
    write(stream);
    counts.push(stream.bytesWritten);
    await closed;
    return [...counts, stream.bytesWritten];
  });
});

/**
 * Not `localAddress` and its like, which are still there in 'close', nor `bufferSize` and `_bytesDispatched`, which are
 * about what libuv or the engine has of a large write.
 */
const GETTERS = [
  '_connecting', 'bytesRead', 'bytesWritten', 'closed', 'connecting', 'destroyed', 'pending', 'readable', 'readableEnded', 'readableFlowing', 'readableLength',
  'readyState', 'remoteAddress', 'remoteFamily', 'timeout', 'writable', 'writableEnded', 'writableFinished',
  'writableLength', 'writableNeedDrain',
];

/** What is done to a stream, one after the other; each waits for what tells that it is done. */
const LIVES = {
  'ended by both': [
    ['write', (stream, peer) => (stream.write('héllo'), once(peer, 'data'))],
    ['receive', (stream, peer) => (peer.write('abc'), once(stream, 'readable'))],
    ['read', (stream) => stream.read()],
    ['setTimeout', (stream) => stream.setTimeout(100_000)],
    ['end', (stream, peer) => (stream.end('é'), once(peer, 'end'))],
    ['close', (stream, peer) => (peer.end(), stream.resume(), once(stream, 'close'))],
  ],
  'destroyed with what waits': [
    ['write', (stream, peer) => (peer.pause(), stream.write(Buffer.alloc(16 << 20)), undefined)],
    ['end', (stream) => void stream.end('x')],
    ['destroy', (stream) => void stream.destroy()],
    ['close', (stream) => once(stream, 'close')],
  ],
  'ended by the peer, half-open': [
    ['receive', (stream, peer) => (peer.end('abc'), once(stream, 'readable'))],
    ['read', (stream) => (stream.resume(), once(stream, 'end'))],
    ['write', (stream, peer) => (stream.write('x'), once(peer, 'data'))],
    ['destroy', (stream) => (stream.destroy(), once(stream, 'close'))],
  ],
};

test.each(Object.keys(LIVES))('every getter says what it does in Node: a stream %s', async (life) => {
  await inBoth(async (net) => {
    const { peer, stream } = await pair(net, { allowHalfOpen: true });
    peer.resume();
    const look = (step) => [step, ...GETTERS.map((name) => [name, stream[name]])];
    const seen = [look('accepted')];
    for (const [step, play] of LIVES[life]) {
      await play(stream, peer);
      seen.push(look(step));
    }
    peer.destroy();
    return seen;
  });
});

test('every getter says what it does in Node: a stream that connects, by options and after a failure', async () => {
  await inBoth(async (net) => {
    const server = node.createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stream = new net.Socket();
    const look = () => GETTERS.map((name) => [name, stream[name]]);
    const seen = [look()];
    stream.write('before');
    seen.push(look());
    stream.on('error', () => {}).destroy(new Error('mine'));
    await new Promise((resolve) => stream.on('close', resolve));
    seen.push(look());
    stream.connect(server.address().port, '127.0.0.1');
    await once(stream, 'connect');
    seen.push(look());
    stream.end('x');
    await once(stream.resume(), 'close');
    seen.push(look());
    server.close();
    return seen;
  });
});

test.each([
  ['a port', () => [0]],
  ['a port of an address', () => [0, '127.0.0.1']],
  ['a name', () => [0, 'localhost']],
  ['a path', () => [path.join(scratch(), 'socket')]],
])('`_connectionKey` of a server that listens on %s is Node\'s, and stays', async (_, listenArguments) => {
  const keys = [];
  for (const net of [ours, node]) {
    const server = net.createServer();
    expect(server._connectionKey).toBe(undefined);
    const place = listenArguments();
    await once(server.listen(...place), 'listening');
    await once(server.close(), 'close');
    expect(Object.keys(server)).toContain('_connectionKey');
    keys.push(server._connectionKey.replace(place[0], 'place'));
  }
  expect(keys[0]).toBe(keys[1]);
});

test('arguments that `_normalizeArgs` of Node or ours has made are known to both', async () => {
  for (const net of [ours, node]) {
    const server = ours.createServer((stream) => stream.end().resume());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    for (const { _normalizeArgs } of [ours, node]) {
      const socket = new net.Socket().resume();
      await new Promise((resolve) => socket.connect(_normalizeArgs([server.address().port, '127.0.0.1', resolve])));
      socket.end();
      await once(socket, 'close');
    }
    await once(server.close(), 'close');
  }
});
