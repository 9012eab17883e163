'use strict';

// The names of the module, and what it says to wrong arguments.

const nodeNet = require('net');
const { scenario } = require('.');

const { BlockList, SocketAddress } = nodeNet;

/** Calls with arguments that are wrong, or at the border. Each gives what is compared, or throws. */
const CALLS = {
  'isIP': ({ isIP }) => ['1.2.3.4', '::1', '::ffff:1.2.3.4', 'fe80::1%eth0', '1.2.3', '', null, undefined, {}, 1].map(isIP),
  'isIPv4': ({ isIPv4 }) => ['1.2.3.4', '01.2.3.4', '::1', ''].map(isIPv4),
  'isIPv6': ({ isIPv6 }) => ['1.2.3.4', '::', 'a::b::c', '::1%lo'].map(isIPv6),
  'BlockList is Node\'s own': (net) => net.BlockList === BlockList,
  'SocketAddress is Node\'s own': (net) => net.SocketAddress === SocketAddress,
  'names of classes': ({ Server, Socket, Stream }) => [Server.name, Socket.name, Stream === Socket],
  'connect is createConnection': ({ connect, createConnection }) => connect === createConnection,
  'without new': ({ Server, Socket }) => [Server() instanceof Server, Socket() instanceof Socket],
  'the arguments of connect, normalized': ({ _normalizeArgs }) => [
    ..._normalizeArgs([80, 'host', undefined]),
    ..._normalizeArgs(['/path']),
    ..._normalizeArgs([{ port: 1 }]),
    ..._normalizeArgs([]),
  ],
  'defaults of autoSelectFamily': (net) => [
    net.getDefaultAutoSelectFamily(),
    net.setDefaultAutoSelectFamily(net.getDefaultAutoSelectFamily()),
    net.getDefaultAutoSelectFamilyAttemptTimeout() > 0,
  ],
  'setDefaultAutoSelectFamily(1)': (net) => net.setDefaultAutoSelectFamily(1),
  'setDefaultAutoSelectFamilyAttemptTimeout(0)': (net) => net.setDefaultAutoSelectFamilyAttemptTimeout(0),
  'setDefaultAutoSelectFamilyAttemptTimeout(text)': (net) => net.setDefaultAutoSelectFamilyAttemptTimeout('1'),
  'new Socket({ objectMode })': ({ Socket }) => new Socket({ objectMode: true }),
  'new Socket({ readableObjectMode })': ({ Socket }) => new Socket({ readableObjectMode: true }),
  'new Socket({ writableObjectMode })': ({ Socket }) => new Socket({ writableObjectMode: true }),
  'new Socket({ keepAliveInitialDelay: text })': ({ Socket }) => new Socket({ keepAliveInitialDelay: '1' }),
  'new Socket({ signal: text })': ({ Socket }) => new Socket({ signal: 'stop' }),
  'new Socket({ fd: -1 })': ({ Socket }) => new Socket({ fd: -1 }),
  'new Socket({ fd: text })': ({ Socket }) => new Socket({ fd: '1' }),
  'new Socket() has': ({ Socket }) => {
    const socket = new Socket();
    const names = ['connecting', 'pending', 'destroyed', 'readyState', 'bytesRead', 'bytesWritten', 'bufferSize'];
    const more = ['localAddress', 'localPort', 'localFamily', 'remoteAddress', 'remotePort', 'remoteFamily', 'timeout'];
    const others = ['allowHalfOpen', 'readableHighWaterMark', 'writableHighWaterMark', 'server', '_handle', '_connecting'];
    return [...names, ...more, ...others].map((name) => socket[name]);
  },
  'new Socket({ highWaterMark })': ({ Socket }) => {
    const { readableHighWaterMark, writableHighWaterMark } = new Socket({ highWaterMark: 5 });
    return [readableHighWaterMark, writableHighWaterMark];
  },
  'new Server() has': ({ Server }) => {
    const server = new Server();
    const names = ['listening', 'maxConnections', 'allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive'];
    const others = ['keepAliveInitialDelay', 'highWaterMark', 'connections', '_handle'];
    return [...[...names, ...others].map((name) => server[name]), server.address()];
  },
  'new Server({ ... })': ({ Server }) => {
    const options = { allowHalfOpen: true, pauseOnConnect: 1, noDelay: 1, keepAlive: 1, highWaterMark: 7 };
    const server = new Server({ ...options, keepAliveInitialDelay: 2500 });
    return [...Object.keys(options), 'keepAliveInitialDelay'].map((name) => server[name]);
  },
  'createServer(text)': ({ createServer }) => createServer('text'),
  'createServer({}, text)': ({ createServer }) => createServer({}, 'text').listenerCount('connection'),
  'createServer({ highWaterMark: text })': ({ createServer }) => createServer({ highWaterMark: '1' }),
  'createServer({ keepAliveInitialDelay: text })': ({ createServer }) => createServer({ keepAliveInitialDelay: '1' }),
  'connect()': ({ Socket }) => new Socket().connect(),
  'connect({})': ({ Socket }) => new Socket().connect({}),
  'connect({ port: null })': ({ Socket }) => new Socket().connect({ port: null }),
  'connect({ port: true })': ({ Socket }) => new Socket().connect({ port: true }),
  'connect({ port: [] })': ({ Socket }) => new Socket().connect({ port: [] }),
  'connect(-1)': ({ Socket }) => new Socket().connect(-1),
  'connect(65536)': ({ Socket }) => new Socket().connect(65536),
  'connect(NaN)': ({ Socket }) => new Socket().connect(NaN),
  'connect({ port: empty })': ({ Socket }) => new Socket().connect({ port: '' }),
  'connect({ path: number })': ({ Socket }) => new Socket().connect({ path: 5 }),
  'connect({ localAddress: text })': ({ Socket }) => new Socket().connect({ port: 1, localAddress: 'here' }),
  'connect({ localPort: text })': ({ Socket }) => new Socket().connect({ port: 1, localPort: 'here' }),
  'connect({ lookup: text })': ({ Socket }) => new Socket().connect({ port: 1, host: 'a', lookup: 'up' }),
  'connect({ autoSelectFamily: text })': ({ Socket }) => new Socket().connect({ port: 1, autoSelectFamily: 'yes' }),
  'connect({ autoSelectFamilyAttemptTimeout: 0 })': ({ Socket }) =>
    new Socket().connect({ port: 1, autoSelectFamilyAttemptTimeout: 0 }),
  'listen(-1)': ({ Server }) => new Server().listen(-1),
  'listen(65536)': ({ Server }) => new Server().listen(65536),
  'listen({})': ({ Server }) => new Server().listen({}),
  'listen(false)': ({ Server }) => new Server().listen(false),
  'listen({ port: true })': ({ Server }) => new Server().listen({ port: true }),
  'listen({ path: true })': ({ Server }) => new Server().listen({ path: true }),
  'listen({ signal: text })': ({ Server }) => new Server().listen({ port: 0, signal: 'stop' }),
  'getConnections() of a new server': ({ Server }) => typeof new Server().getConnections(() => {}),
  'a class that extends Socket': ({ Socket }) => {
    class Mine extends Socket {
      constructor() {
        super({ allowHalfOpen: true });
        this.mine = true;
      }
    }
    const mine = new Mine();
    return [mine instanceof Mine, mine instanceof Socket, new Socket() instanceof Mine, mine.allowHalfOpen, mine.mine];
  },
  'a function that inherits from Socket': ({ Socket }) => {
    function Mine() {
      Socket.call(this, { allowHalfOpen: true });
    }
    Object.setPrototypeOf(Mine.prototype, Socket.prototype);
    return [new Mine() instanceof Socket, new Mine().allowHalfOpen];
  },
  'instanceof of Node\'s own': ({ Server, Socket }) => [
    new nodeNet.Socket() instanceof Socket,
    new nodeNet.Server() instanceof Server,
    {} instanceof Socket,
  ],
};

for (const [title, call] of Object.entries(CALLS)) {
  scenario(title, { ends: 1 }, (stage) => stage.trace('call').outcome(title, () => call(stage.client)));
}
