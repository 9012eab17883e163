// rust-net/node has the types of node:net, both ways.

import * as nodeNet from 'node:net';
import * as net from 'rust-net/node';
import type { Expect, Same } from './same';

// Ours has one name more, of node:net too, which its types leave out.
type Ours = Omit<typeof net, 'Stream'>;
export type EveryName = Expect<Same<keyof Ours, keyof typeof nodeNet>>;

export const ours: Ours = nodeNet;
export const theirs: typeof nodeNet = net;
export const stream: net.Stream = new nodeNet.Socket();
export const socket: nodeNet.Socket = net.connect({ port: 1, host: 'localhost', signal: AbortSignal.abort() });
export const server: nodeNet.Server = net.createServer({ pauseOnConnect: true }, (accepted: nodeNet.Socket) => {
  accepted.resetAndDestroy();
});
export const where: net.AddressInfo | string | null = server.address();
export const onread: net.OnReadOpts = { buffer: new Uint8Array(1), callback: (bytes, buffer) => buffer.length > bytes };

// What is wrong for node:net is wrong here.
// @ts-expect-error: a port is no boolean
net.connect({ port: true });
