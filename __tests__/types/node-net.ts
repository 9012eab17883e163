// Code that is typed for node:net takes what is ours.

import * as nodeNet from 'node:net';
import * as tls from 'node:tls';
import * as net from 'rust-net';

function remote(socket: nodeNet.Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
remote(new net.Stream());
remote(net.connect(80));
net.createServer((stream) => remote(stream));

function handler(socket: nodeNet.Socket): void {
  socket.setEncoding('utf8').on('data', (data) => socket.write(data));
}
net.createServer(handler).on('connection', handler);

function portOf(server: nodeNet.Server): number {
  return (server.address() as nodeNet.AddressInfo).port;
}
portOf(net.createServer());
portOf(new net.Server());

// An address of ours, and a lookup function of Node's.
export const address: nodeNet.AddressInfo | string | null = net.createServer().address();
export const lookup: net.LookupFunction = (_name, _options, callback) => callback(null, '::1', 6);
export const secure: tls.TLSSocket = tls.connect({ socket: net.connect(443) });

// Not the other way round: a stream of Node's has neither `fd` nor `type`.
// @ts-expect-error: not one of ours
export const foreign: net.Stream = new nodeNet.Socket();
