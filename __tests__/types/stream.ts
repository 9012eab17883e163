// net.Stream

import { Duplex, Readable, Transform, pipeline } from 'node:stream';
import { pipeline as pipelineDone } from 'node:stream/promises';
import { Socket, Stream, connect } from 'rust-net';
import type { AddressInfo, Server, StreamOptions } from 'rust-net';
import type { Expect, Same } from './same.js';

const stream = connect(80);

// "net.Stream instance implement a duplex stream interface."
export const duplex: Duplex = stream;
export const readable: NodeJS.ReadableStream = stream;
export const writable: NodeJS.WritableStream = stream;
stream.pipe(stream).pipe(new Transform()).pipe(stream);
pipeline(stream, new Transform(), stream, (error) => error?.code);
export const done: Promise<void> = pipelineDone(Readable.from(['x']), stream);
export async function all(): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
export const web = Duplex.toWeb(stream);

// With and without `new`, under both names (D18), and as a base class.
new Stream();
new Stream(3);
new Stream({ fd: 3, allowHalfOpen: true, readable: true, writable: false, highWaterMark: 1024 });
Stream({ signal: new AbortController().signal, noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 });
export const socket: Socket = new Socket();
export type Names = Expect<Same<Socket, Stream>>;
export class Named extends Stream {
  constructor(
    readonly name: string,
    options?: StreamOptions,
  ) {
    super(options);
  }
}
new Named('one').connect(80).name.trim();
// @ts-expect-error: a descriptor is a number
new Stream({ fd: '3' });
// @ts-expect-error: a path is for connect()
new Stream('/tmp/echo.sock');

// stream.connect
stream.connect(80).connect('80', 'localhost').connect(80, 'localhost', () => {});
stream.connect(80, () => {}).connect('/tmp/echo.sock').connect('/tmp/echo.sock', () => {});
stream.connect({ path: '/tmp/echo.sock' }, () => {});
stream.connect({
  port: 80,
  host: 'localhost',
  localAddress: '127.0.0.1',
  localPort: 0,
  family: 'IPv4',
  hints: 0,
  lookup: (_name, _options, callback) => callback(null, '127.0.0.1', 4),
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: 250,
});
// @ts-expect-error: where to?
stream.connect();
// @ts-expect-error: nor this
stream.connect({});
// @ts-expect-error: a function that looks up
stream.connect({ port: 80, lookup: 'dns' });

// stream.setEncoding: "Sets the encoding (either 'ascii', 'utf8', or 'base64')"; every one of Buffer's, and null (D15).
stream.setEncoding('ascii').setEncoding('utf8').setEncoding('base64').setEncoding('UTF8').setEncoding('binary');
stream.setEncoding(null).setEncoding();
// @ts-expect-error: unknown
stream.setEncoding('utf7');

// stream.write(data, encoding='ascii') "Returns true if the entire data was flushed successfully"
export const flushed: boolean = stream.write('text');
stream.write('text', 'utf8');
stream.write('text', 'UTF8', (error) => error?.message);
stream.write(Buffer.alloc(1), () => {});
stream.write(new Uint8Array(1));
// @ts-expect-error: not an object
stream.write({ text: 'text' });
// @ts-expect-error: unknown
stream.write('text', 'utf7');

// stream.end([data], [encoding]), stream.destroy()
stream.end().end('text').end('text', 'base64').end('text', 'utf8', () => {}).end(Buffer.alloc(1)).end(() => {});
stream.destroy().destroy(new Error('mine'));
stream.destroySoon();
stream.resetAndDestroy().destroyed.valueOf();
// @ts-expect-error: a number is no data
stream.end(1);

// stream.pause() and the rest that can be chained
stream.pause().resume().setTimeout(0).setTimeout(1000, () => {}).setNoDelay().setNoDelay(false).ref().unref();
stream.setKeepAlive().setKeepAlive(true).setKeepAlive(true, 1000).setKeepAlive(true, 1000, 1000, 5);
export const tos: number = stream.setTypeOfService(0xb8).getTypeOfService();
export const marked: Stream = new Stream({ typeOfService: 0xb8 });
// @ts-expect-error: which one?
stream.setTypeOfService();
stream.cork();
stream.uncork();
// @ts-expect-error: how long?
stream.setTimeout();
// @ts-expect-error: a number
stream.setTimeout('1s');

// stream.readyState: "Either 'closed', 'open', 'opening', 'readOnly', or 'writeOnly'."
export type State = Expect<
  Same<typeof stream.readyState, 'closed' | 'open' | 'opening' | 'readOnly' | 'writeOnly'>
>;
// @ts-expect-error: not to be set
stream.readyState = 'open';

// stream.remoteAddress, D17, D28
export type Remote = Expect<Same<typeof stream.remoteAddress, string | undefined>>;
export const own: AddressInfo | {} = stream.address();
export const ports: Array<number | undefined> = [stream.localPort, stream.remotePort];
export const families: Array<string | undefined> = [stream.localFamily, stream.remoteFamily];
export const local: string | undefined = stream.localAddress;
export type Type = Expect<Same<typeof stream.type, 'tcp4' | 'tcp6' | 'unix' | 'pipe' | null>>;
export type Descriptor = Expect<Same<typeof stream.fd, number | null>>;
export const accepting: Server | null = stream.server;
export const counts: number[] = [stream.bytesRead, stream.bytesWritten, stream.bufferSize];
export const flags: boolean[] = [stream.connecting, stream.pending, stream.readable, stream.writable];
export const tried: string[] = stream.autoSelectFamilyAttemptedAddresses;
export const span: number | undefined = stream.timeout;
stream.allowHalfOpen = true;
// @ts-expect-error: not to be set
stream.remoteAddress = '127.0.0.1';

// Events.
stream.on('connect', () => {}).on('ready', () => {}).on('end', () => {}).on('drain', () => {}).on('timeout', () => {});
stream.on('data', (data) => {
  const same: Expect<Same<typeof data, Buffer | string>> = true;
  return same;
});
stream.on('data', (data: Buffer) => data.readUInt8());
stream.once('data', (data: string) => data.trim());
stream.on('close', (hadError) => {
  const same: Expect<Same<typeof hadError, boolean>> = true;
  return same;
});
stream.on('error', (error: NodeJS.ErrnoException) => error.code);
stream.on('lookup', (error, address, family, host) => [error?.message, address?.length, family === 4, host.length]);
stream.on('connectionAttempt', (address, port, family) => [address.length, port?.toFixed(), family === 6]);
stream.on('connectionAttemptFailed', (_address, _port, _family, error) => error.message);
stream.on('connectionAttemptTimeout', (address, port, family) => [address.length, port.toFixed(), family.toFixed()]);
stream.on('pipe', (source) => source.pause());
stream.on('mine', (one: number) => one).emit('mine', 1);
stream.off('mine', () => {}).removeListener('close', () => {}).prependListener('close', () => {});
stream.prependOnceListener('close', () => {}).addListener('close', () => {});
stream.emit('close', false);
// @ts-expect-error: 'close' gives a boolean
stream.on('close', (reason: string) => reason);
// @ts-expect-error: 'data' gives no number
stream.on('data', (data: number) => data);
// @ts-expect-error: 'end' gives nothing
stream.once('end', (data: Buffer) => data);
// @ts-expect-error: 'close' says whether there was an error
stream.emit('close');

export const dispose: () => Promise<void> = () => stream[Symbol.asyncDispose]();

// The PROXY protocol.
const ends = { source: { address: '192.0.2.1', port: 1 }, destination: { address: '192.0.2.2', port: '2' } };
export const proxied: Stream = new Stream().connect({ port: 1, proxyProtocol: { version: 1, ...ends } });
proxied.connect({ path: '/tmp/x', proxyProtocol: { ssl: { cn: 'x', verify: 0 }, tlvs: [{ type: 0xe0, value: '' }] } });
export const client: string | undefined = proxied.proxy?.ssl?.cn ?? proxied.proxy?.uniqueId?.toString('hex');
if (proxied.proxy) proxied.connect({ port: 1, proxyProtocol: proxied.proxy });
// @ts-expect-error: there is no version 3
proxied.connect({ port: 1, proxyProtocol: { version: 3 } });

// Options by name.
export const sized: number | undefined = new Stream().setOption('sendBufferSize', 1).getOption('sendBufferSize');
export const acknowledges: boolean | undefined = new Stream().setOption('quickAck', true).getOption('quickAck');
export const algorithm: string | undefined = new Stream().setOption('congestion', 'reno').getOption('congestion');
export const rtt: number | undefined = new Stream().stats.tcp?.rtt;
export const process: number | undefined = new Stream().peerCredentials?.pid;
// @ts-expect-error: a number
new Stream().setOption('sendBufferSize', '1');
// @ts-expect-error: there is no such option
new Stream().getOption('toString');
const bytes: Buffer | undefined = new Stream().setOption(6, 18, 5).getOption(6, 18, 4);
export const byNumber: number | undefined = new Stream().setOption(6, 18, new Uint8Array(4)).getOption(6, 18);
const socketOptions = { linger: 0, fastOpen: true, bindToDevice: 'lo', numbered: [[6, 9, bytes ?? 1]] } as const;
new Stream().connect({ port: 1, socketOptions }).connect({ path: '/tmp/x', socketOptions: { mark: 1 } });
// @ts-expect-error: on or off
new Stream().connect({ port: 1, socketOptions: { transparent: 1 } });

// Descriptors.
export const waits: boolean[] = [
  new Stream().sendFD(1, 'x', (error) => error?.message),
  new Stream().sendFD(new Stream(), () => {}),
  new Stream().sendFD({ fd: 1 }, new Uint8Array(1)),
];
new Stream().on('fd', (fd) => fd.toFixed());
