// Types of rust-net, written by hand.
//
// "Contract" names a section of the `net` page of Node v0.3.1; D-numbers are decisions on how that page is read, see
// the tables in README.md. Spans of time are in milliseconds and sizes in bytes. Wrong arguments throw at once, with
// Node's codes (`ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SOCKET_BAD_PORT`, ...), before anything happens.

/// <reference types="node" />

import type { EventEmitter } from 'node:events';
import type { BlockList, LookupFunction, OnReadOpts } from 'node:net';
import type { Duplex, Readable } from 'node:stream';

export { BlockList, SocketAddress } from 'node:net';
export type { LookupFunction } from 'node:net';

// Functions.

/**
 * Creates a new TCP or UNIX server. It listens once {@link Server.listen} is called.
 *
 * Contract: net.createServer.
 *
 * @param connectionListener added as a listener of 'connection'
 */
export declare function createServer(connectionListener?: (stream: Stream) => void): Server;
export declare function createServer(
  options?: ServerOptions | null,
  connectionListener?: (stream: Stream) => void,
): Server;

/**
 * Makes a stream and opens it, as {@link Stream.connect} does. 'connect' is emitted when it is established.
 *
 * Contract: net.createConnection.
 *
 * @param host default `'localhost'`
 * @param connectListener added as a one-time listener of 'connect'
 */
export declare function createConnection(options: ConnectionOptions, connectListener?: () => void): Stream;
export declare function createConnection(
  port: number | string,
  host?: string | null,
  connectListener?: () => void,
): Stream;
export declare function createConnection(port: number | string, connectListener?: () => void): Stream;
export declare function createConnection(path: string, connectListener?: () => void): Stream;

/** Another name of {@link createConnection} (D18). */
export declare const connect: typeof createConnection;

/** The IP version of `input`: 4 or 6, or 0 if it is no IP address. Contract: net.isIP. */
export declare function isIP(input: string): 0 | 4 | 6;

/** Whether `input` is a version 4 IP address. Contract: net.isIPv4. */
export declare function isIPv4(input: string): boolean;

/** Whether `input` is a version 6 IP address. Contract: net.isIPv6. */
export declare function isIPv6(input: string): boolean;

/** The default of {@link TcpConnectOptions.autoSelectFamily}; `true` unless it has been changed. */
export declare function getDefaultAutoSelectFamily(): boolean;

/** Changes the default of {@link TcpConnectOptions.autoSelectFamily}. */
export declare function setDefaultAutoSelectFamily(value: boolean): void;

/** The default of {@link TcpConnectOptions.autoSelectFamilyAttemptTimeout}; 250 unless it has been changed. */
export declare function getDefaultAutoSelectFamilyAttemptTimeout(): number;

/** Changes the default of {@link TcpConnectOptions.autoSelectFamilyAttemptTimeout}. Less than 10 becomes 10. */
export declare function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void;

// Server.

/** A TCP or UNIX server. Can be made with or without `new` (D18). Contract: net.Server. */
export declare const Server: ServerConstructor;

export interface ServerConstructor {
  new (connectionListener?: (stream: Stream) => void): Server;
  new (options?: ServerOptions | null, connectionListener?: (stream: Stream) => void): Server;
  (connectionListener?: (stream: Stream) => void): Server;
  (options?: ServerOptions | null, connectionListener?: (stream: Stream) => void): Server;
  readonly prototype: Server;
}

/** Socket options that a server gives to its streams, and that a stream can be made with. */
export interface SocketOptions {
  /** Whether to keep our side open after the peer has ended its own. Default `false`. */
  allowHalfOpen?: boolean | undefined;
  /** Turns Nagle's algorithm off, see {@link Stream.setNoDelay}. Default `false`. */
  noDelay?: boolean | undefined;
  /** Turns keep-alive on, see {@link Stream.setKeepAlive}. Default `false`. */
  keepAlive?: boolean | undefined;
  /** Idle time before the first keep-alive probe, in milliseconds (whole seconds count). Default: the system's. */
  keepAliveInitialDelay?: number | undefined;
  /** Time between keep-alive probes, in milliseconds (whole seconds count). Default: the system's. */
  keepAliveInterval?: number | undefined;
  /** Probes without an answer until the connection is given up. Default: the system's. */
  keepAliveCount?: number | undefined;
  /** How many bytes a stream buffers in each direction. Default: Node's. */
  highWaterMark?: number | undefined;
}

export interface ServerOptions extends SocketOptions {
  /** Connections from these addresses are closed at once. */
  blockList?: BlockList | undefined;
  /** Whether accepted streams start paused, so that nothing is read before `resume()`. Default `false`. */
  pauseOnConnect?: boolean | undefined;
  /** What a promise that a listener returns rejects with becomes an 'error'. Default `false`. */
  captureRejections?: boolean | undefined;
}

/** Where and how to listen: a `port`, a `path` or an `fd`. */
export interface ListenOptions {
  /** The port; 0, the default, has the system choose one. */
  port?: number | string | null | undefined;
  /** An IP address, or a name to look up. Default `'0.0.0.0'`: any IPv4 address (D6). */
  host?: string | null | undefined;
  /**
   * The path of a UNIX socket; on Linux, a leading `'\0'` puts it into the abstract namespace. A path that is too long
   * for the system is an 'error' (`ENAMETOOLONG`). A leftover socket file is taken over (D7).
   */
  path?: string | undefined;
  /** A descriptor that has been bound and listens already, see {@link Server.listenFD}. */
  fd?: number | undefined;
  /** How many connections may wait to be accepted. Default 511; the system may allow fewer. */
  backlog?: number | undefined;
  /** With `host: '::'`: leave IPv4 to others. Default `false`. */
  ipv6Only?: boolean | undefined;
  /** Share the port with other sockets that say so; the kernel spreads the connections. Default `false`. */
  reusePort?: boolean | undefined;
  /** Taken and not needed: a server never shares its port with the other workers of a cluster. */
  exclusive?: boolean | undefined;
  /** Lets every user read from the UNIX socket. Default `false`. */
  readableAll?: boolean | undefined;
  /** Lets every user write to the UNIX socket. Default `false`. */
  writableAll?: boolean | undefined;
  /** Closes the server when it aborts. */
  signal?: AbortSignal | undefined;
}

/** One end of a connection, or where a TCP server listens. */
export interface AddressInfo {
  address: string;
  family: 'IPv4' | 'IPv6';
  port: number;
}

/** The connection that a server has turned away. UNIX connections have no addresses. */
export interface DropArgument {
  localAddress?: string;
  localPort?: number;
  localFamily?: string;
  remoteAddress?: string;
  remotePort?: number;
  remoteFamily?: string;
}

/** The events of a {@link Server}, and what their listeners are given. */
export interface ServerEvents {
  /** A new connection is made. Contract: Event: 'connection'. */
  connection: [stream: Stream];
  /** The server has been bound (D28). */
  listening: [];
  /** The listening socket is closed. Open streams live on and are not waited for (D4). Contract: Event: 'close'. */
  close: [];
  /** Listening has failed (`EADDRINUSE`, `EACCES`, ...; see {@link SystemError}). */
  error: [error: Error];
  /** A connection was turned away because of {@link Server.maxConnections}. `data` is missing for UNIX sockets. */
  drop: [data?: DropArgument];
  /**
   * Accepting has failed for want of something, mostly descriptors (`EMFILE`, `ENFILE`). Connections wait in the
   * kernel, and the server goes on by itself when it can. Emitted once, then not again before nobody waits any more.
   */
  acceptError: [error: SystemError];
}

export interface Server extends EventEmitter {
  /**
   * Begins accepting connections. 'listening' follows, or 'error'.
   *
   * Contract: server.listen.
   *
   * @param port 0 has the system choose one
   * @param host default: any IPv4 address (D6)
   * @param path of a UNIX socket
   * @param callback added as a one-time listener of 'listening'
   * @throws `ERR_SERVER_ALREADY_LISTEN` if the server listens already
   */
  listen(callback?: () => void): this;
  listen(port?: number | string | null, host?: string | null, backlog?: number, callback?: () => void): this;
  listen(port?: number | string | null, host?: string | null, callback?: () => void): this;
  listen(port?: number | string | null, backlog?: number, callback?: () => void): this;
  listen(port?: number | string | null, callback?: () => void): this;
  listen(path: string, backlog?: number, callback?: () => void): this;
  listen(path: string, callback?: () => void): this;
  listen(options: ListenOptions, callback?: () => void): this;

  /**
   * Listens on a descriptor on which bind(2) and listen(2) have been called. The server owns it from now on.
   *
   * An 'error' has the code `EBADF` where there is no open descriptor, `ENOTSOCK` for what is no socket, `EINVAL` for a
   * socket that does not listen; such a descriptor is left alone.
   *
   * Contract: server.listenFD.
   *
   * @param callback added as a one-time listener of 'listening'
   */
  listenFD(fd: number, callback?: () => void): this;

  /**
   * Stops accepting connections; 'close' follows once the socket is closed. Streams live on (D4). The file of a UNIX
   * socket is removed, unless another has taken its place.
   *
   * Contract: server.close.
   *
   * @param callback added as a one-time listener of 'close'
   * @throws `ERR_SERVER_NOT_RUNNING` if the server neither listens nor is about to
   */
  close(callback?: ((error?: Error) => void) | null): this;

  /**
   * Accepts nothing for a while; connections wait in the kernel (D28).
   *
   * @param msecs milliseconds, default 1000
   */
  pause(msecs?: number): this;

  /** Where the server listens: an address, the path of a UNIX socket, or null while it does not listen. */
  address(): AddressInfo | string | null;

  /** Gives the number of concurrent connections. See also {@link Server.connections}. */
  getConnections(callback: (error: Error | null, count: number) => void): this;

  /** Lets the server keep the process alive, which is the default (D26). */
  ref(): this;

  /** Lets the process exit while the server listens (D26). */
  unref(): this;

  /**
   * With this many connections, further ones are closed at once, with a 'drop'. `undefined`, the default, and 0 are
   * no limit (D5). Contract: server.maxConnections.
   */
  get maxConnections(): number;
  set maxConnections(limit: number | null | undefined);

  /** The number of concurrent connections (D9). Contract: server.connections. */
  readonly connections: number;

  /** Whether the server listens. */
  readonly listening: boolean;

  /** What accepted streams are made with; may be changed at any time, for those to come. */
  allowHalfOpen: boolean;

  /** As in {@link ServerOptions}, for the streams to come. */
  pauseOnConnect: boolean;

  /** As in {@link ServerOptions}, for the streams to come. */
  noDelay: boolean;

  /** As in {@link ServerOptions}, for the streams to come. */
  highWaterMark: number;

  /** Closes the server, if it runs, and waits for 'close'. */
  [Symbol.asyncDispose](): Promise<void>;

  /** See {@link ServerEvents} for the events. */
  on<E extends EventName<ServerEvents>>(event: E, listener: Listener<ServerEvents, E>): this;
  once<E extends EventName<ServerEvents>>(event: E, listener: Listener<ServerEvents, E>): this;
  addListener<E extends EventName<ServerEvents>>(event: E, listener: Listener<ServerEvents, E>): this;
  prependListener<E extends EventName<ServerEvents>>(event: E, listener: Listener<ServerEvents, E>): this;
  prependOnceListener<E extends EventName<ServerEvents>>(event: E, listener: Listener<ServerEvents, E>): this;
  off<E extends EventName<ServerEvents>>(event: E, listener: Listener<ServerEvents, E>): this;
  removeListener<E extends EventName<ServerEvents>>(event: E, listener: Listener<ServerEvents, E>): this;
  emit<E extends EventName<ServerEvents>>(event: E, ...args: Arguments<ServerEvents, E>): boolean;
}

// Stream.

/** A TCP or UNIX socket. Can be made with or without `new` (D18). Contract: net.Stream. */
export declare const Stream: StreamConstructor;

/** Another name of {@link Stream} (D18). */
export declare const Socket: StreamConstructor;
export type Socket = Stream;

export interface StreamConstructor {
  new (options?: StreamOptions | number): Stream;
  (options?: StreamOptions | number): Stream;
  readonly prototype: Stream;
}

export interface StreamOptions extends SocketOptions {
  /** As `highWaterMark`, for what is received. */
  readableHighWaterMark?: number | undefined;
  /** As `highWaterMark`, for what is sent. */
  writableHighWaterMark?: number | undefined;
  /**
   * A descriptor to take over: a connected socket or a pipe. The stream owns it from now on. What can't be taken over
   * throws `ERR_INVALID_FD_TYPE` and is left alone.
   */
  fd?: number | undefined;
  /** Puts what is received into `buffer` and tells `callback`, instead of 'data'. False from it is as `pause()`. */
  onread?: OnReadOpts | undefined;
  /** Addresses that are not connected to: `ERR_IP_BLOCKED`. */
  blockList?: BlockList | undefined;
  /** Whether to read. Default `true`, and what a pipe allows. */
  readable?: boolean | undefined;
  /** Whether to write. Default `true`, and what a pipe allows. */
  writable?: boolean | undefined;
  /** Destroys the stream when it aborts. */
  signal?: AbortSignal | undefined;
}

export interface TcpConnectOptions {
  port: number | string;
  /** An IP address, or a name to look up. Default `'localhost'`. */
  host?: string | null | undefined;
  /** The IP address to connect from. Default: the system's choice. */
  localAddress?: string | undefined;
  /** The port to connect from. Default: the system's choice. */
  localPort?: number | undefined;
  /** The IP version of the addresses to look up: 4, 6, or 0 for both, which is the default. */
  family?: number | 'IPv4' | 'IPv6' | undefined;
  /** Hints for `dns.lookup`. */
  hints?: number | undefined;
  /** Looks names up in the place of `dns.lookup`. */
  lookup?: LookupFunction | undefined;
  /**
   * Whether all addresses of a name are tried, in the order of RFC 8305. Attempts overlap: the next one starts when the
   * last has failed or has had its time, and goes on beside it. If all fail, the error is an `AggregateError` with
   * every attempt's. Default: {@link getDefaultAutoSelectFamily}.
   */
  autoSelectFamily?: boolean | undefined;
  /** The time after which the next attempt starts, in milliseconds, at least 10. Default 250. */
  autoSelectFamilyAttemptTimeout?: number | undefined;
}

export interface UnixConnectOptions {
  /** The path of a UNIX socket; on Linux, a leading `'\0'` stands for the abstract namespace. */
  path: string;
}

/** Where {@link Stream.connect} connects to. */
export type ConnectOptions = TcpConnectOptions | UnixConnectOptions;

/** What {@link createConnection} takes: where to connect to, and the options of the new stream. */
export type ConnectionOptions = ConnectOptions &
  StreamOptions & {
    /** {@link Stream.setTimeout} is called with it, in milliseconds. Default: no timeout. */
    timeout?: number | undefined;
  };

/** An encoding of `Buffer`; small letters or capitals (D15, D28). */
export type Encoding = BufferEncoding | Uppercase<BufferEncoding>;

/** Contract: stream.readyState. */
export type ReadyState = 'closed' | 'opening' | 'open' | 'readOnly' | 'writeOnly';

/** The error of a failed system call, in Node's shape (D13). */
export interface SystemError extends Error {
  /** As `ECONNREFUSED`. */
  code: string;
  /** The number behind `code`, negative. */
  errno: number;
  /** As `connect`, `listen`, `read`, `write`. */
  syscall: string;
  /** The address or path that it was about. */
  address?: string;
  /** The port that it was about. */
  port?: number;
}

/** The events of a {@link Stream}, and what their listeners are given. */
export interface StreamEvents {
  /** Connected; on an accepted stream, right after the 'connection' listeners (D3). Contract: Event: 'connect'. */
  connect: [];
  /** Right after 'connect', on a stream that has connected out. */
  ready: [];
  /** Data is received: a string if there is an encoding, else a Buffer. Contract: Event: 'data'. */
  data: [data: Buffer | string];
  /** The peer has ended its side. Unless `allowHalfOpen`, ours ends when all is sent (D10). Contract: Event: 'end'. */
  end: [];
  /** No traffic for the time of {@link Stream.setTimeout}; again after each such span. Contract: Event: 'timeout'. */
  timeout: [];
  /** Nothing waits in user memory any more, after `write()` has returned false (D12). Contract: Event: 'drain'. */
  drain: [];
  /** Our side has ended, behind all that was written. */
  finish: [];
  /** It has failed; 'close' follows directly (D13, see {@link SystemError}). Contract: Event: 'error'. */
  error: [error: Error];
  /** It is closed, because of an error or not. Always the last event. Contract: Event: 'close'. */
  close: [hadError: boolean];
  /** A name has been looked up; once for each address, or once with an error. */
  lookup: [error: Error | null, address: string | undefined, family: 4 | 6 | undefined, host: string];
  /** An attempt to connect begins. The port and family of a UNIX path are `undefined`. */
  connectionAttempt: [address: string, port: number | undefined, family: 4 | 6 | undefined];
  /** An attempt has failed. */
  connectionAttemptFailed: [address: string, port: number | undefined, family: 4 | 6 | undefined, error: Error];
  /** An attempt has had its time: the next one starts beside it. */
  connectionAttemptTimeout: [address: string, port: number, family: 4 | 6];
  pause: [];
  resume: [];
  readable: [];
  pipe: [source: Readable];
  unpipe: [source: Readable];
}

export interface Stream extends Duplex {
  // Connecting.

  /**
   * Opens the stream. 'connect' follows, or 'error' and 'close'. After 'close', the same object can be opened again
   * (D16); its listeners stay.
   *
   * Contract: stream.connect.
   *
   * @param host default `'localhost'`
   * @param path of a UNIX socket
   * @param callback added as a one-time listener of 'connect'
   */
  connect(options: ConnectOptions, callback?: () => void): this;
  connect(port: number | string, host: string | null | undefined, callback?: () => void): this;
  connect(port: number | string, callback?: () => void): this;
  connect(path: string, callback?: () => void): this;

  // Writing and ending.

  /**
   * Sends data.
   *
   * Contract: stream.write.
   *
   * @param encoding of a string, default `'ascii'`: the low byte of each UTF-16 unit (D1)
   * @param callback called when the data has been handed on, or with the reason why not
   * @returns true: nothing of this stream waits in user memory. False: something waits, and one 'drain' follows when
   *   nothing does any more. Before 'connect' always false (D12).
   */
  write(data: string | Uint8Array, callback?: (error?: Error | null) => void): boolean;
  write(data: string | Uint8Array, encoding?: Encoding, callback?: (error?: Error | null) => void): boolean;

  /**
   * Half-closes the stream: sends a FIN behind all that was written. The readyState is `'readOnly'` afterwards.
   *
   * Contract: stream.end.
   *
   * @param data written first, as {@link Stream.write} does
   * @param callback called at 'finish'
   */
  end(callback?: () => void): this;
  end(data: string | Uint8Array, callback?: () => void): this;
  end(data: string | Uint8Array, encoding?: Encoding, callback?: () => void): this;

  /**
   * Closes the stream: no more I/O, and 'close' follows.
   *
   * Contract: stream.destroy.
   *
   * @param error emitted as 'error' before
   */
  destroy(error?: Error): this;

  /** Ends our side, and destroys the stream once all that was written is sent. */
  destroySoon(): void;

  /**
   * Closes a TCP connection by a reset (RST): what waits to be sent is lost, and the peer gets `ECONNRESET`.
   *
   * @throws `ERR_INVALID_HANDLE_TYPE` for a UNIX socket
   */
  resetAndDestroy(): this;

  // Reading.

  /**
   * Sets the encoding of received data: strings in place of Buffers. `null`, the default, gives Buffers again (D15).
   * Characters and base64 groups that come split arrive whole.
   *
   * Contract: stream.setEncoding.
   *
   * @throws `ERR_UNKNOWN_ENCODING`
   */
  setEncoding(encoding?: Encoding | null): this;

  /** Pauses the reading of data: no more 'data'. Contract: stream.pause. */
  pause(): this;

  /** Resumes reading after `pause()`. Contract: stream.resume. */
  resume(): this;

  // Timeouts and socket options.

  /**
   * Emits 'timeout' after `msecs` without traffic in either direction, and again after each further such span. The
   * connection is not severed, and the process not kept alive (D25).
   *
   * Contract: stream.setTimeout.
   *
   * @param msecs milliseconds; 0 turns it off, which is the default
   * @param callback added as a one-time listener of 'timeout'; with 0, removed
   */
  setTimeout(msecs: number, callback?: () => void): this;

  /** Turns Nagle's algorithm off (`true`, the default) or on. Contract: stream.setNoDelay. */
  setNoDelay(noDelay?: boolean): this;

  /**
   * Turns keep-alive on or off. Whole seconds count; 0, the default of each number, leaves what is set.
   *
   * Contract: stream.setKeepAlive.
   *
   * @param enable default `false`
   * @param initialDelay idle time before the first probe, in milliseconds
   * @param interval time between probes, in milliseconds
   * @param count probes without an answer until the connection is given up
   */
  setKeepAlive(enable?: boolean, initialDelay?: number, interval?: number, count?: number): this;

  /** The same, with the arguments as one object. */
  setKeepAlive(options: { enable?: boolean; initialDelay?: number; interval?: number; count?: number }): this;

  /** Lets the stream keep the process alive, which is the default (D26). */
  ref(): this;

  /** Lets the process exit while the stream is open (D26). */
  unref(): this;

  // What the stream is.

  /** `'closed'`, `'opening'`, `'open'`, `'readOnly'` or `'writeOnly'` (D11). Contract: stream.readyState. */
  readonly readyState: ReadyState;

  /**
   * The peer's IP address. Only there on streams that a server has accepted, or that were made from a descriptor (D27);
   * `undefined` for UNIX sockets. Contract: stream.remoteAddress.
   */
  readonly remoteAddress: string | undefined;

  /** The peer's port; of either side, and still there in 'close' (D17). `undefined` for UNIX sockets. */
  readonly remotePort: number | undefined;

  /** `'IPv4'` or `'IPv6'` (D17). `undefined` for UNIX sockets. */
  readonly remoteFamily: string | undefined;

  /** Our IP address (D17). `undefined` for UNIX sockets. */
  readonly localAddress?: string;

  /** Our port (D17). `undefined` for UNIX sockets. */
  readonly localPort?: number;

  /** `'IPv4'` or `'IPv6'` (D17). `undefined` for UNIX sockets. */
  readonly localFamily?: string;

  /** Our end: `{ address, family, port }`; empty for a UNIX socket and without a connection (D17). */
  address(): AddressInfo | {};

  /** `'tcp4'`, `'tcp6'`, `'unix'`, or `'pipe'` for a pipe that was taken over; null without a connection (D28). */
  readonly type: 'tcp4' | 'tcp6' | 'unix' | 'pipe' | null;

  /** The number of the descriptor while the stream is open, else null (D28). */
  readonly fd: number | null;

  /** The server that has accepted the stream, else null (D17). */
  readonly server: Server | null;

  /** What `setTimeout` was last called with, in milliseconds; `undefined` if it was not. */
  readonly timeout?: number;

  /** Whether the stream is between `connect()` and 'connect'. */
  readonly connecting: boolean;

  /** Whether the stream is not connected yet, or not any more. */
  readonly pending: boolean;

  /** Bytes received. Starts anew when the stream is opened again. */
  readonly bytesRead: number;

  /** Bytes written, whether they have been sent yet or not. Starts anew when the stream is opened again. */
  readonly bytesWritten: number;

  /** Bytes that wait in user memory to be sent. As in Node, `undefined` without a connection. */
  readonly bufferSize: number;

  /** The addresses (`address:port`) tried so far, once a name has been found to have several. */
  readonly autoSelectFamilyAttemptedAddresses: string[];

  /** May be set at any time before the peer ends its side (D11). */
  allowHalfOpen: boolean;

  /** See {@link StreamEvents} for the events. */
  on<E extends EventName<StreamEvents>>(event: E, listener: Listener<StreamEvents, E>): this;
  once<E extends EventName<StreamEvents>>(event: E, listener: Listener<StreamEvents, E>): this;
  addListener<E extends EventName<StreamEvents>>(event: E, listener: Listener<StreamEvents, E>): this;
  prependListener<E extends EventName<StreamEvents>>(event: E, listener: Listener<StreamEvents, E>): this;
  prependOnceListener<E extends EventName<StreamEvents>>(event: E, listener: Listener<StreamEvents, E>): this;
  off<E extends EventName<StreamEvents>>(event: E, listener: Listener<StreamEvents, E>): this;
  removeListener<E extends EventName<StreamEvents>>(event: E, listener: Listener<StreamEvents, E>): this;
  emit<E extends EventName<StreamEvents>>(event: E, ...args: Arguments<StreamEvents, E>): boolean;
}

// Events, for both classes.

/** The events of a class, and any other that its user may emit. */
type EventName<Events> = keyof Events | (string & {}) | symbol;

type Arguments<Events, E> = E extends keyof Events ? (Events[E] extends unknown[] ? Events[E] : never) : any[];

/** A method's type, so that a listener may name the one kind of data that it expects: `(data: Buffer) => ...`. */
type Listener<Events, E> = { bivariant(...args: Arguments<Events, E>): void }['bivariant'];

export {};
