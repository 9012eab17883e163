// The functions, and what is exported beside them (D18).

import * as net from 'rust-net';
import type { Expect, Same } from './same.js';

// net.isIP: "Returns 0 for invalid strings, returns 4 for IP version 4 addresses, and returns 6 for IP version 6".
export type Version = Expect<Same<ReturnType<typeof net.isIP>, 0 | 4 | 6>>;
export const isFour: boolean = net.isIPv4('127.0.0.1') && !net.isIPv6('127.0.0.1');
// @ts-expect-error: an address is a string
net.isIP(4);
// @ts-expect-error: 5 is no version
export const five: 5 = net.isIP('x');

// net.createConnection(port, host='127.0.0.1')
net.createConnection(80);
net.createConnection('80');
net.createConnection(80, 'localhost');
net.createConnection(80, 'localhost', () => {});
net.createConnection(80, () => {});
net.createConnection('/tmp/echo.sock');
net.createConnection('/tmp/echo.sock', () => {});
net.createConnection({ path: '/tmp/echo.sock', allowHalfOpen: true, timeout: 1000 });
net.createConnection({ port: 80, family: 6, noDelay: true, signal: new AbortController().signal });
export const stream: net.Stream = net.connect({ port: 80 }, () => {});
// @ts-expect-error: where to?
net.createConnection();
// @ts-expect-error: nor this
net.createConnection({ host: 'localhost' });
// @ts-expect-error: a version is a number
net.createConnection({ port: 80, family: '6' });
// @ts-expect-error: a port is no boolean
net.createConnection(true);

// net.createServer(connectionListener)
export const server: net.Server = net.createServer((accepted) => accepted.end());
net.createServer();
net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true });
net.createServer({ keepAliveInitialDelay: 1000, highWaterMark: 1024 }, (accepted: net.Stream) => accepted.end());
net.createServer(null, () => {});
// @ts-expect-error: a port is for listen()
net.createServer(8124);
// @ts-expect-error: a span is a number
net.createServer({ keepAlive: true, keepAliveInitialDelay: '1s' });

// The defaults of trying all addresses.
net.setDefaultAutoSelectFamily(!net.getDefaultAutoSelectFamily());
net.setDefaultAutoSelectFamilyAttemptTimeout(net.getDefaultAutoSelectFamilyAttemptTimeout() + 1);
// @ts-expect-error: a boolean
net.setDefaultAutoSelectFamily('yes');

// Node's own classes.
export const list: import('node:net').BlockList = new net.BlockList();
export const address: import('node:net').SocketAddress = new net.SocketAddress({ address: '::1', family: 'ipv6' });
