// net.Server

import { EventEmitter, once } from 'node:events';
import { BoundSocket, Server, Stream, connect, createServer, listenFDs, publishStats, readStats, serve } from 'rust-net';
import type { AddressInfo, DropArgument, ListenOptions, SystemError } from 'rust-net';
import type { Expect, Same } from './same.js';

const server = createServer();
export const emitter: EventEmitter = server;

// With and without `new` (D18), and as a base class.
new Server();
new Server({ allowHalfOpen: true }, (stream) => stream.end());
Server((stream) => stream.end());
export const plain: Server = Server();
export class Counted extends Server {
  count = 0;
  constructor() {
    super((stream) => stream.on('close', () => this.count++));
  }
}
new Counted().listen(0).count.toFixed();
// @ts-expect-error: no such option
new Server({ halfOpen: true });

// server.listen
server.listen().listen(0).listen('0');
server.listen(() => {});
server.listen(8124, 'localhost');
server.listen(8124, 'localhost', () => {});
server.listen(8124, null, 128, () => {});
server.listen(8124, 128, () => {});
server.listen('/tmp/echo.sock', () => {});
server.listen('/tmp/echo.sock', 128);
server.listen({ port: 0, host: '::', ipv6Only: true, reusePort: true, backlog: 1, exclusive: true });
server.listen({ path: '\0name' });
server.listen({ path: '/tmp/echo.sock', readableAll: true, writableAll: true }, () => {});
server.listen({ fd: 3, signal: new AbortController().signal });

// A socket that is bound before
const bound = new BoundSocket({ host: '127.0.0.1', port: 0, reusePort: true });
export const place: AddressInfo | string = bound.address();
bound.fd().toFixed();
server.listen(bound);
server.listen(bound, 5, () => {}).listen({ handle: bound });
new Stream({ handle: new BoundSocket() }).connect(80);
connect({ handle: new BoundSocket({ path: '/tmp/echo.sock' }), path: '/tmp/other.sock' });
bound.close();
// @ts-expect-error: not without new
BoundSocket();

export const options: ListenOptions = { port: null };
// @ts-expect-error: a host is text
server.listen(8124, { host: 'localhost' });
// @ts-expect-error: a backlog is a number
server.listen({ port: 0, backlog: '511' });
// @ts-expect-error: a callback is a function
server.listen(0, true);

// server.listenFD
server.listenFD(3).listenFD(3, () => {});
// @ts-expect-error: a descriptor is a number
server.listenFD('3');
// @ts-expect-error: which?
server.listenFD();

// server.close
server.close().close(null).close((error) => error?.message);

// server.pause, ref and unref (D26, D28)
server.pause().pause(100).ref().unref();

// server.address
export type Address = Expect<Same<ReturnType<typeof server.address>, AddressInfo | string | null>>;
export const { port, family } = server.address() as AddressInfo;
export type Family = Expect<Same<typeof family, 'IPv4' | 'IPv6'>>;

// server.maxConnections, server.connections
server.maxConnections = 10;
server.maxConnections = undefined;
server.maxConnections = null;
export const free: number = server.maxConnections - server.connections;
// @ts-expect-error: a count
server.maxConnections = '10';
// @ts-expect-error: counted by the server
server.connections = 0;
// @ts-expect-error: told by the server
server.listening = true;
server.getConnections((error, count) => error ?? count.toFixed()).ref();

// What streams are made with.
server.allowHalfOpen = server.pauseOnConnect = server.noDelay = true;
server.highWaterMark = 1024;

// Events.
server.on('connection', (stream) => {
  const same: Expect<Same<typeof stream, Stream>> = true;
  return same;
});
server.once('listening', () => {}).addListener('close', () => {});
server.on('error', (error) => error.message);
server.on('error', (error: NodeJS.ErrnoException) => error.code);
server.prependListener('acceptError', (error) => {
  const same: Expect<Same<typeof error, SystemError>> = true;
  return same && error.code === 'EMFILE' && error.errno < 0;
});
server.prependOnceListener('drop', (data) => {
  const same: Expect<Same<typeof data, DropArgument | undefined>> = true;
  return same && data?.remotePort?.toFixed();
});
const onConnection = (stream: Stream) => void stream.end();
server.on('connection', onConnection).off('connection', onConnection).removeListener('connection', onConnection);
server.emit('connection', new Stream());
server.on('mine', (one: number, two: string) => two.repeat(one)).emit('mine', 1, 'x');
server.on(Symbol('mine'), () => {});
export const listening: Promise<unknown[]> = once(server, 'listening');
// @ts-expect-error: 'connection' gives a stream
server.on('connection', (count: number) => count);
// @ts-expect-error: 'listening' gives nothing
server.on('listening', (host: string) => host);
// @ts-expect-error: 'connection' is emitted with a stream
server.emit('connection');
// @ts-expect-error: a listener is a function
server.on('close', 'listener');

// `await using`
export const dispose: () => Promise<void> = () => server[Symbol.asyncDispose]();

// The graceful end.
export const outcome: Promise<{ ended: number; destroyed: number; ms: number }> = server.shutdown();
server.shutdown({ grace: Infinity, signal: new AbortController().signal });
// @ts-expect-error: milliseconds
server.shutdown({ grace: '5s' });
for (const stream of server.streams) stream.on('shutdown', () => stream.end());
export const dropped: number | undefined = server.stats.connections.dropped['max-connections'];
export const [firstBound]: number[] = server.stats.handshakes.time.bounds;
export const descriptor: number | null = server.fd;

// Sockets that were passed to this process.
for (const { fd, name } of listenFDs({ unset: true })) createServer().listenFD(fd, () => console.log(name));

export async function shown(): Promise<string> {
  const { path, close } = await publishStats();
  const [thread] = await readStats(path);
  const others: number[] = (await readStats(process.pid)).map(({ pid }) => pid);
  await close();
  const { servers, streams, stats: { connections } } = thread!;
  const [first] = streams;
  return `${connections.open} ${servers[0]?.address} ${first?.stats.tcp?.rtt} ${first?.protocol ?? 'in the clear'} ${others}`;
}

// @ts-expect-error: a process has a number, a socket a path.
void readStats();

// Limits.
createServer({ maxHandshakes: 5, handshakeRate: null, backlog: 9 }).listen({ port: 0, idleTimeout: 1 }).setLimits({ minRate: 0 });
export const waiting: number | null | undefined = server.limits.maxWaitingHandshakes;
server.on('drop', (data) => data?.count?.toFixed());
// @ts-expect-error: there is no such limit
server.setLimits({ maxConnections: 5 });

// net.serve()
export async function counted(): Promise<[number | undefined, number]> {
  const listen = { port: 0, reusePort: true, proxyProtocol: { from: '127.0.0.1' }, idleTimeout: 1000 };
  const service = await serve({ listen, handler: 'handler.js' });
  const [first] = (await service.stats({ timeout: 100 })).threads;
  const { terminated } = await service.shutdown({ grace: Infinity });
  return [first?.listeners, terminated];
}
// @ts-expect-error: an option of serve() itself
void serve({ listen: { port: 0, signal: AbortSignal.abort() }, handler: 'handler.js' });
