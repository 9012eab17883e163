// An ES module imports by name, or everything at once.

import net, { Server, createServer } from 'rust-net';
import type { Stream } from 'rust-net';
import today, { connect } from 'rust-net/node';

const server: Server = createServer((stream: Stream) => stream.end());
export const other: Server = net.createServer().listen(0);
export const stream: Stream = net.connect({ port: 80 });
server.listen(0);
// @ts-expect-error: no such name
net.createStream();

// rust-net/node as well.
export const socket: today.Socket = connect(80);
export const listening: today.Server = today.createServer().listen(0);
