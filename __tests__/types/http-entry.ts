// rust-net/http and rust-net/https have the types of node:http and node:https, either can be put where the other is
// expected, and their servers and sockets have what ours have beside.

import * as nodeHttp from 'node:http';
import * as nodeHttps from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import * as http from 'rust-net/http';
import * as https from 'rust-net/https';
import type { Limits, MovedStream, Proxy, ServerStatistics, ShutdownOutcome } from 'rust-net';
import type { Expect, Same } from './same.js';

type Http = typeof import('rust-net/http');
type Https = typeof import('rust-net/https');
export const asHttp: typeof nodeHttp = http;
export const asHttps: typeof nodeHttps = https;
export type HttpNames = Expect<Same<Exclude<keyof Http, 'isAccelerated'>, keyof typeof nodeHttp>>;
export type HttpsNames = Expect<Same<Exclude<keyof Https, 'isAccelerated'>, keyof typeof nodeHttps>>;

export const plain: nodeHttp.Server = http.createServer((request, response) => response.end(request.url));
export const secure: nodeHttps.Server = https.createServer({ key: '', cert: '' }, (request, response) => response.end(request.url));
export const made: http.Server = new http.Server({ keepAlive: true });
export const backHttp: http.Server = nodeHttp.createServer();
export const backHttps: https.Server = nodeHttps.createServer();

// Servers.
for (const server of [plain, secure, made]) {
  const members: [ServerStatistics, Required<Limits>, Iterable<Socket>, number | null] =
    [server.stats, server.limits, server.streams, server.fd];
  void members;
  server.setLimits({ maxConnectionsPerAddress: 5, idleTimeout: 1000 }).listen({ port: 0, proxyProtocol: 'accept', minRate: 1 });
  const outcome: Promise<ShutdownOutcome> = server.shutdown({ grace: 1000 });
  void outcome;
}
// @ts-expect-error: it is counted, not set
plain.stats = made.stats;
// @ts-expect-error: a limit is a number
secure.setLimits({ idleTimeout: '1' });

// The options are those of a server of rust-net/node, too.
http.createServer({ proxyProtocol: 'require', requestTimeout: 5 }, (_request, response) => response.end()).listen();
http.createServer({ proxyProtocol: { mode: 'accept', from: ['10.0.0.0/8'] }, backlog: 9 });
https.createServer({ proxyProtocol: 'require', maxHandshakes: 5, key: '', ALPNProtocols: ['http/1.1'], requestTimeout: 5 });
new http.Server({ idleTimeout: 5, blockList: null!, highWaterMark: 1 }, (request) => request.resume());
new https.Server({ proxyProtocol: 'accept', key: '', cert: '' });
// @ts-expect-error: there is no such mode
http.createServer({ proxyProtocol: 'maybe' });
// @ts-expect-error: a limit is a number
https.createServer({ maxConnectionsPerAddress: '1' });
// @ts-expect-error: there is no such mode
new http.Server({ proxyProtocol: 'maybe' });

// Classes of the program's own.
class Message extends http.IncomingMessage {
  own = 1;
}
export const own: http.Server<typeof Message> = http.createServer({ idleTimeout: 5, IncomingMessage: Message }, (request) => void request.own);

// Sockets.
export const proxy = (request: http.IncomingMessage): Proxy | null => request.socket.proxy;
https.createServer((request, response) => {
  const socket = request.socket as TLSSocket;
  const engine: 'rustls' | 'openssl' | undefined = socket.tlsEngine;
  const moved: MovedStream = socket.detach();
  response.end(`${engine} ${socket.stats.bytesRead} ${moved}`);
});

// Clients.
http.get({ port: 1, agent: false, proxyProtocol: { authority: 'example.org' }, socketOptions: { linger: 1 } });
https.request({ port: 1, agent: new https.Agent({ socketOptions: { userTimeout: 5 } }) });
// @ts-expect-error: a name is text
http.request({ port: 1, proxyProtocol: { authority: 5 } });
