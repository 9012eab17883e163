'use strict';

// A property that an attacker has managed to add to `Object.prototype` changes neither where a stream connects nor
// where a server listens. Every option is tried, with a value that would make a difference if it were read.

const { once } = require('events');
const today = require('../../node');
const page = require('../..');
const { destroyAtEnd, listening } = require('../helpers');

/** What an attacker would like best. */
const EVIL = {
  autoSelectFamily: 'not a boolean',
  backlog: 1,
  blockList: {},
  enable: true,
  exclusive: true,
  family: 9,
  fd: 0,
  handle: {},
  hints: -1,
  host: '127.0.0.99',
  initialDelay: 5000,
  ipv6Only: true,
  keepAliveInitialDelay: 'soon',
  localAddress: 'nowhere',
  localPort: -1,
  lookup: 'not a function',
  objectMode: true,
  onread: { buffer: new Uint8Array(1), callback: () => {} },
  path: '/nowhere',
  readableObjectMode: true,
  reusePort: true,
  signal: 'not a signal',
  timeout: -1,
  writableObjectMode: true,
};

const polluted = [];

function pollute(name) {
  polluted.push(name);
  Object.defineProperty(Object.prototype, name, { value: EVIL[name], configurable: true, writable: true });
}

afterEach(() => {
  for (const name of polluted.splice(0)) delete Object.prototype[name];
});

describe.each([['rust-net', page], ['rust-net/node', today]])('%s', (_, net) => {
  test.each(Object.keys(EVIL))('Object.prototype.%s is no option', async (name) => {
    pollute(name);
    const server = await listening(net.createServer((stream) => stream.pipe(stream)));
    const { address, port } = server.address();
    expect(address).toBe('127.0.0.1');
    const client = destroyAtEnd(net.connect({ port, host: '127.0.0.1' }));
    client.setKeepAlive({ enable: false }).end('sent');
    const chunks = [];
    let from;
    client.once('connect', () => (from = client.localAddress));
    client.on('data', (chunk) => chunks.push(chunk));
    await once(client, 'end');
    expect(Buffer.concat(chunks).toString()).toBe('sent');
    expect(from).toBe('127.0.0.1');
  });

  test('an option that an object inherits from another one counts, as in Node', async () => {
    const server = await listening(net.createServer());
    const client = destroyAtEnd(net.connect(Object.create({ port: server.address().port, host: '127.0.0.1' })));
    await once(client, 'connect');
  });
});
