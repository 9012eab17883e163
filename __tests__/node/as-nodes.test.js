'use strict';

// rust-net/node against node:net, member by member and option by option.

const { execFileSync } = require('child_process');
const { once } = require('events');
const node = require('net');
const path = require('path');

const entry = path.join(__dirname, '../../node.js');
const ours = require('../../node');

/** Private helpers of Node's that nothing outside of it calls, and `_handle`, which holds no handle here. */
const PRIVATE = [
  '_unrefTimer', '_onTimeout', '_reset', '_getpeername', '_getsockname', '_writeGeneric', '_handle', '_listen2',
  '_emitCloseIfDrained', '_setupWorker',
];

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
