// rust-net/node has the types of node:net, and either can be put where the other is expected.

import * as nodeNet from 'node:net';
import type { Duplex } from 'node:stream';
import * as ours from 'rust-net/node';
import 'rust-net/register';
import type { Expect, Same } from './same.js';

// "assignable to and from `typeof import('node:net')`"
type Theirs = typeof import('node:net');
type Ours = typeof import('rust-net/node');
export const asTheirs: Theirs = ours;
export type Names = Expect<Same<Exclude<keyof Ours, 'Stream' | 'BoundSocket' | 'isAccelerated' | 'listenFDs' | 'stats'>, Exclude<keyof Theirs, 'BoundSocket'>>>;
export type Rest = Expect<Same<{ [Name in keyof Theirs]: Ours[Name] }, { [Name in keyof Theirs]: Theirs[Name] }>>;
declare const theirs: Theirs;
export const asOurs: Omit<Ours, 'Stream' | 'BoundSocket' | 'isAccelerated' | 'listenFDs' | 'stats'> = theirs;

// An instance of one is one of the other, and the names of types are there.
export const socket: nodeNet.Socket = new ours.Socket({ allowHalfOpen: true });
export const back: ours.Socket = new nodeNet.Socket();
export const stream: ours.Socket = new ours.Stream();
export const server: nodeNet.Server = ours.createServer((accepted: ours.Socket) => accepted.end());
export const duplex: Duplex = ours.connect({ port: 80, host: 'localhost' }, () => {});
export const options: ours.NetConnectOpts & ours.TcpNetConnectOpts = { port: 80 };
export const list: nodeNet.BlockList = new ours.BlockList();

// @ts-expect-error: the page's methods are those of rust-net
server.listenFD(3);
// @ts-expect-error: where to?
ours.connect();

export const onread: ours.OnReadOpts = { buffer: new Uint8Array(1), callback: (bytes, buffer) => buffer.length > bytes };
// @ts-expect-error: a port is no boolean
ours.connect({ port: true });

// A package that asks for the module as a value.
function client(net: typeof nodeNet): nodeNet.Socket {
  return net.createConnection(80);
}
client(ours);

// What ours has beside, on every version of Node.
const bound = new ours.BoundSocket({ host: '127.0.0.1' });
ours.createServer({ keepAliveInterval: 1000, keepAliveCount: 3, blockList: list }).listen(bound, () => {});
ours.createServer().listen({ port: 0, reusePort: true });
const extended = new ours.Socket({ handle: bound, typeOfService: 8 }).setTypeOfService(16).setKeepAlive(true, 1, 2, 3);
export const descriptor: number | null = extended.fd;
export const kind: 'tcp4' | 'tcp6' | 'unix' | 'pipe' | null = extended.type;
const secured = extended.setSecure({ ca: '' }, { servername: 'localhost' });
export const trusted: boolean = secured.verifyPeer();
export const reason: string | null = secured.authorizationError;
secured.write('still a socket');
// @ts-expect-error: a socket in the clear does not have it
extended.verifyPeer();

// The graceful end of a server, here and of servers of http.
export const outcome: Promise<{ ended: number; destroyed: number; ms: number }> = ours.createServer().shutdown({ grace: 5 });
export const accepted: number = ours.createServer().stats.connections.accepted;
export const turns: number | undefined = ours.stats().turns.time.count;
for (const socket of ours.createServer().streams) socket.setNoDelay(true);

// Limits.
ours.createServer({ maxConnectionsPerAddress: 1, backlog: 9 }).setLimits({ idleTimeout: 5 }).listen({ port: 0, minRate: 1 });
export const span: number | null | undefined = ours.createServer().limits.minRateSpan;
// @ts-expect-error: a limit is a number
ours.createServer({ maxLifetime: '1' });

// The PROXY protocol.
ours.createServer({ proxyProtocol: { mode: 'accept', from: list, timeout: 1, maxLength: 512 } }).listen({ port: 0, proxyProtocol: 'require' });
export const proxied = ours.connect({ port: 1, proxyProtocol: { authority: 'example.org' } }).proxy?.source;
// @ts-expect-error: there is no such mode
ours.createServer({ proxyProtocol: 'maybe' });
