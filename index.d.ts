// Types of rust-net, written by hand.
//
// "Contract" names a section of docs/contract.md; D-numbers are decisions, see docs/decisions.md. Times are in
// milliseconds and sizes in bytes. Wrong arguments throw at once, before anything happens, with Node's codes
// (`ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SOCKET_BAD_PORT`, ...).

/// <reference types="node" />

import type { X509Certificate } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { BlockList, LookupFunction, OnReadOpts } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { DetailedPeerCertificate } from 'node:tls';
import type { Worker } from 'node:worker_threads';

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
 * Creates a stream and connects it, as {@link Stream.connect} does. 'connect' is emitted when the connection is
 * established.
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

/**
 * Reads keys, certificates, authorities and settings of TLS once, for any number of streams (D19). Without options, the
 * result is for a client that shows no certificate and trusts the default list, see {@link CredentialOptions.ca}.
 *
 * Contract: stream.setSecure.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, and the codes that
 *   {@link CredentialOptions} lists; the message names the option
 */
export declare function createCredentials(options?: CredentialOptions): Credentials;

/** A listening socket that was passed to this process; see {@link listenFDs}. */
export interface ListenFD {
  /** The descriptor, for {@link Server.listenFD}. */
  fd: number;
  /** Its name, `'unknown'` without one. */
  name: string;
}

/**
 * The listening sockets that a service manager, or the process that this one takes the place of, has passed to this
 * process: systemd's `LISTEN_FDS`. An empty array if there are none, or if they are another process's.
 *
 * @param options with `unset`, the environment variables are deleted, so that child processes do not take the sockets
 *   for their own
 * @throws `ERR_INVALID_ARG_TYPE`
 */
export declare function listenFDs(options?: { unset?: boolean | undefined }): ListenFD[];

/** The IP version of `input`: 4 or 6, or 0 if it is no IP address. Contract: net.isIP. */
export declare function isIP(input: string): 0 | 4 | 6;

/** Whether `input` is a version 4 IP address. Contract: net.isIPv4. */
export declare function isIPv4(input: string): boolean;

/** Whether `input` is a version 6 IP address. Contract: net.isIPv6. */
export declare function isIPv6(input: string): boolean;

/** The default of {@link TcpConnectOptions.autoSelectFamily}: at first, that of the running Node. */
export declare function getDefaultAutoSelectFamily(): boolean;

/** Changes the default of {@link TcpConnectOptions.autoSelectFamily}. */
export declare function setDefaultAutoSelectFamily(value: boolean): void;

/**
 * Always `true`: without an engine, `rust-net` can't be loaded (`ERR_RUST_NET_BINDING`). The other entries have it, too,
 * and fall back to Node's own modules.
 */
export declare const isAccelerated: true;

/**
 * The default of {@link TcpConnectOptions.autoSelectFamilyAttemptTimeout}, in milliseconds: at first, that of the running
 * Node (250, or 500 with Node 26).
 */
export declare function getDefaultAutoSelectFamilyAttemptTimeout(): number;

/**
 * Changes the default of {@link TcpConnectOptions.autoSelectFamilyAttemptTimeout}.
 *
 * @param value milliseconds; values below 10 become 10
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 */
export declare function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void;

// BoundSocket.

/**
 * A socket that is bound at once and adopted later: by a server, which listens on it ({@link Server.listen}), or by a
 * stream, which connects from it ({@link StreamOptions.handle}). Then the adopter owns it. A socket that is never
 * adopted has to be closed.
 */
export declare const BoundSocket: BoundSocketConstructor;

export interface BoundSocketConstructor {
  /**
   * @throws the error of bind(2) (`EADDRINUSE`, `EADDRNOTAVAIL`, ...; see {@link SystemError}),
   *   `ERR_INVALID_ARG_TYPE`, `ERR_SOCKET_BAD_PORT`, and `ERR_INVALID_ARG_VALUE` if the host is a name, or if a path is
   *   combined with other options
   */
  new (options?: BoundSocketOptions): BoundSocket;
  readonly prototype: BoundSocket;
}

/** Where to bind: to a `host` and `port`, or to a `path`. */
export interface BoundSocketOptions {
  /**
   * An IP address; names are not looked up.
   *
   * @default `'0.0.0.0'`, or `'::'` with `ipv6Only`
   */
  host?: string | null | undefined;
  /**
   * The port. With 0, the system chooses one.
   *
   * @default `0`
   */
  port?: number | string | null | undefined;
  /**
   * With `host: '::'`: do not accept IPv4.
   *
   * @default `false`
   */
  ipv6Only?: boolean | null | undefined;
  /**
   * Share the port with other sockets that set this option.
   *
   * @default `false`
   */
  reusePort?: boolean | null | undefined;
  /** The path of a UNIX socket. On Linux, a leading `'\0'` puts it into the abstract namespace. */
  path?: string | undefined;
  /** Options of the kernel that the socket begins with. */
  socketOptions?: KernelOptions | null | undefined;
}

/** Once it has been adopted or closed, all methods but `[Symbol.dispose]()` throw `ERR_SOCKET_HANDLE_ADOPTED`. */
export interface BoundSocket {
  /** The address or path that it is bound to. */
  address(): AddressInfo | string;

  /** The number of its descriptor. Do not close it. */
  fd(): number;

  /** Closes a socket that has not been adopted, and removes the file of a path. */
  close(): void;

  /** Whether it is bound to a path. */
  readonly isPipe: boolean;

  /** Closes the socket, unless it has been adopted or closed. */
  [Symbol.dispose](): void;
}

// Server.

/** A TCP or UNIX server. Works with or without `new` (D18). Contract: net.Server. */
export declare const Server: ServerConstructor;

export interface ServerConstructor {
  new (connectionListener?: (stream: Stream) => void): Server;
  new (options?: ServerOptions | null, connectionListener?: (stream: Stream) => void): Server;
  (connectionListener?: (stream: Stream) => void): Server;
  (options?: ServerOptions | null, connectionListener?: (stream: Stream) => void): Server;
  readonly prototype: Server;
}

/** Options of a stream, which a server also sets for the streams that it accepts. */
export interface SocketOptions {
  /**
   * Whether to keep our side open after the peer has ended its own.
   *
   * @default `false`
   */
  allowHalfOpen?: boolean | undefined;
  /**
   * Turns off Nagle's algorithm, see {@link Stream.setNoDelay}.
   *
   * @default `false`
   */
  noDelay?: boolean | undefined;
  /**
   * Turns on keep-alive, see {@link Stream.setKeepAlive}.
   *
   * @default `false`
   */
  keepAlive?: boolean | undefined;
  /**
   * Idle time before the first keep-alive probe, in milliseconds, rounded down to seconds.
   *
   * @default the system's
   */
  keepAliveInitialDelay?: number | undefined;
  /**
   * Time between keep-alive probes, in milliseconds, rounded down to seconds.
   *
   * @default the system's
   */
  keepAliveInterval?: number | undefined;
  /**
   * The number of unanswered probes after which the connection is dropped.
   *
   * @default the system's
   */
  keepAliveCount?: number | undefined;
  /**
   * How many bytes a stream buffers in each direction.
   *
   * @default Node's
   */
  highWaterMark?: number | undefined;
}

/**
 * What a server allows its connections: options of {@link createServer} and {@link Server.listen}, and those of
 * {@link Server.setLimits}. Whole numbers; 0 is no limit, except for `maxWaitingHandshakes`.
 */
export interface Limits {
  /**
   * Connections that may be open from one address at once; of IPv6, from one /64.
   *
   * @default 0
   */
  maxConnectionsPerAddress?: number | null | undefined;
  /**
   * TLS handshakes that may be under way at once. More wait.
   *
   * @default 0
   */
  maxHandshakes?: number | null | undefined;
  /**
   * TLS handshakes that may wait for their turn. Further connections are reset.
   *
   * @default 1024
   */
  maxWaitingHandshakes?: number | null | undefined;
  /**
   * TLS handshakes that may begin in a second. More wait.
   *
   * @default 0
   */
  handshakeRate?: number | null | undefined;
  /**
   * How long nothing may be received or sent, in milliseconds. Then the stream is destroyed, without an 'error'.
   *
   * @default 0
   */
  idleTimeout?: number | null | undefined;
  /**
   * How long a connection may last, in milliseconds. Then the stream is destroyed, without an 'error'.
   *
   * @default 0
   */
  maxLifetime?: number | null | undefined;
  /**
   * How many bytes a second have to come in the middle of a message, or have to be taken by a peer that much was written
   * to. A connection that is slower is reset.
   *
   * @default 0
   */
  minRate?: number | null | undefined;
  /**
   * Over how many milliseconds these are counted, from 100 on.
   *
   * @default 5000
   */
  minRateSpan?: number | null | undefined;
}

export interface ServerOptions extends SocketOptions, Limits {
  /**
   * The `backlog` of calls of {@link Server.listen} that give none.
   *
   * @default 511
   */
  backlog?: number | undefined;
  /** Connections from these addresses are closed immediately. */
  blockList?: BlockList | undefined;
  /** Has connections begin with a header of the PROXY protocol: each (`'require'`), or those that do (`'accept'`). */
  proxyProtocol?: ProxyMode | ProxyPolicy | null | undefined;
  /**
   * Whether accepted streams start paused, so that nothing is read until `resume()`.
   *
   * @default `false`
   */
  pauseOnConnect?: boolean | undefined;
  /**
   * Whether the rejection of a promise that a listener returns becomes an 'error'.
   *
   * @default `false`
   */
  captureRejections?: boolean | undefined;
}

/** Whether each connection has to begin with a header of the PROXY protocol, or may. */
export type ProxyMode = 'require' | 'accept';

/** What a server asks of its connections: see {@link ServerOptions.proxyProtocol}. */
export interface ProxyPolicy {
  /**
   * `'require'`: connections without a header are refused. `'accept'`: they are served as they are.
   *
   * @default `'require'`
   */
  mode?: ProxyMode | undefined;
  /**
   * The addresses of the proxies: addresses, subnets (`'10.0.0.0/8'`) and ranges (`'10.0.0.1-10.0.0.9'`), read when the
   * server begins to listen. Who connects to a UNIX socket is not asked.
   *
   * @default every address
   */
  from?: string | readonly string[] | BlockList | undefined;
  /**
   * How long a header may take, in milliseconds.
   *
   * @default `5000`
   */
  timeout?: number | undefined;
  /**
   * How many bytes a header of version 2 may have, from 232 to 65536.
   *
   * @default `4096`
   */
  maxLength?: number | undefined;
  /**
   * How many connections may wait for their header at once. When there are more, that which has waited longest is
   * refused.
   *
   * @default 16384
   */
  maxWaiting?: number | undefined;
}

/** One end of the connection that a proxy passes on: an IP address and a port, or the path of a UNIX socket. */
export type ProxyEnd = { address: string; port: number | string } | { path: string };

/** A value of a header of version 2 that has no name here. */
export interface ProxyTlv {
  type: number;
  value: Buffer | Uint8Array | string;
}

/** What a header says of the TLS between the client and the proxy. */
export interface ProxySsl {
  /** The client has shown a certificate in this connection. */
  presented: boolean;
  /** The client has shown a certificate when its session began. */
  resumed: boolean;
  /** The verdict on the certificate: 0, or a code of OpenSSL's `X509_V_ERR_`. */
  verify: number;
  /** The client has shown a certificate, and the proxy trusts it. */
  readonly verified: boolean;
  /** The version, such as `'TLSv1.3'`. */
  version: string | null;
  /** The common name of the certificate. */
  cn: string | null;
  cipher: string | null;
  /** The algorithm that the proxy's certificate was signed with. */
  signature: string | null;
  /** The key of the proxy's certificate. */
  key: string | null;
  /** The group of the key exchange. */
  group: string | null;
  /** The algorithm that the proxy has signed the handshake with. */
  scheme: string | null;
  /** The client's certificate in DER. */
  certificate: Buffer | Uint8Array | null;
}

/** The header of the PROXY protocol that a connection has come with. It can be sent on: see {@link ProxyOptions}. */
export interface Proxy {
  version: 1 | 2;
  /** `'LOCAL'`: the proxy speaks for itself, as in a health check. */
  command: 'PROXY' | 'LOCAL';
  /** What the client has sent to the proxy. */
  transport: 'stream' | 'datagram';
  /** The client; null if it is not known. */
  source: AddressInfo | { path: string } | null;
  /** What the client has connected to; null if it is not known. */
  destination: AddressInfo | { path: string } | null;
  /** The address of the proxy; null over a UNIX socket. */
  peer: AddressInfo | null;
  /** The address that the proxy has connected to; null over a UNIX socket. */
  local: AddressInfo | null;
  /** The application protocol that client and proxy have agreed on. */
  alpn: string | null;
  /** The name that the client has asked for. */
  authority: string | null;
  /** What the proxy calls the connection. */
  uniqueId: Buffer | null;
  /** The network namespace. */
  netns: string | null;
  /** Null without TLS between client and proxy. */
  ssl: ProxySsl | null;
  /** Whether the header has a checksum, which was right. */
  checksum: boolean;
  /** All other values. */
  tlvs: { type: number; value: Buffer }[];
}

/** A header of the PROXY protocol to send: see {@link TcpConnectOptions.proxyProtocol}. */
export interface ProxyOptions {
  /**
   * Version 1 has only the addresses.
   *
   * @default `2`
   */
  version?: 1 | 2 | undefined;
  /**
   * `'LOCAL'`: the connection is of the proxy itself.
   *
   * @default `'PROXY'`, or `'LOCAL'` without addresses and values
   */
  command?: 'PROXY' | 'LOCAL' | undefined;
  /** The client. */
  source?: ProxyEnd | null | undefined;
  /** What the client has connected to. */
  destination?: ProxyEnd | null | undefined;
  /** The application protocol that client and proxy have agreed on. */
  alpn?: string | Uint8Array | null | undefined;
  /** The name that the client has asked for. */
  authority?: string | Uint8Array | null | undefined;
  /** What the proxy calls the connection: 128 bytes at the most. */
  uniqueId?: string | Uint8Array | null | undefined;
  /** The network namespace. */
  netns?: string | Uint8Array | null | undefined;
  /** The TLS between client and proxy. */
  ssl?: Partial<ProxySsl> | null | undefined;
  /**
   * Whether to add a checksum.
   *
   * @default `false`
   */
  checksum?: boolean | undefined;
  /** Other values. */
  tlvs?: readonly ProxyTlv[] | null | undefined;
}

/** Who is behind a UNIX socket: see {@link Stream.peerCredentials}. */
export interface PeerCredentials {
  /** The number of its process. */
  pid: number;
  /** The number of its user. */
  uid: number;
  /** The number of its group. */
  gid: number;
}

/**
 * Options of the kernel that are numbers, see docs/api/socket-options.md: `SO_SNDBUF` and `SO_RCVBUF` (Linux doubles
 * them); `SO_LINGER`, 0 for a reset when the socket is closed, else -1. Linux: `TCP_USER_TIMEOUT`, in milliseconds;
 * `TCP_FASTOPEN` of a server; `SO_MARK`, which takes the capability `CAP_NET_ADMIN`.
 */
export type NumberOption = 'sendBufferSize' | 'recvBufferSize' | 'linger' | 'userTimeout' | 'fastOpenQueue' | 'mark';

/**
 * Options of the kernel that are on or off. Linux: `TCP_QUICKACK`, which counts for now only; `TCP_FASTOPEN_CONNECT`, of
 * what connects; `IP_TRANSPARENT`, which takes the capability `CAP_NET_ADMIN`, and `IP_FREEBIND`, or those of IPv6.
 */
export type BooleanOption = 'quickAck' | 'fastOpen' | 'transparent' | 'freebind';

/**
 * Options of the kernel that are texts. Linux: `TCP_CONGESTION`, the algorithm of congestion control; `SO_BINDTODEVICE`,
 * the name of a network device.
 */
export type StringOption = 'congestion' | 'bindToDevice';

/** Options of the kernel that a socket begins with, see docs/api/socket-options.md. */
export type KernelOptions = {
  [Name in NumberOption]?: number | undefined;
} & {
  [Name in BooleanOption]?: boolean | undefined;
} & {
  [Name in StringOption]?: string | undefined;
} & {
  /** By level and number, each with a number, C's `int`, or bytes. */
  numbered?: readonly (readonly [level: number, number: number, value: number | Uint8Array])[] | undefined;
};

/** A handle of Node's core (`TCP`, `Pipe`): the `_handle` of a socket or server of `node:net`. */
export interface NodesHandle {
  /** The descriptor, -1 without one. */
  readonly fd: number;
  close(callback?: () => void): void;
}

/** Where and how to listen: on a `port`, a `path`, an `fd` or a `handle`. */
export interface ListenOptions extends Limits {
  /**
   * The port. With 0, the system chooses one.
   *
   * @default `0`
   */
  port?: number | string | null | undefined;
  /**
   * An IP address, or a name to look up.
   *
   * @default `'0.0.0.0'`, every IPv4 address (D6)
   */
  host?: string | null | undefined;
  /**
   * The path of a UNIX socket. On Linux, a leading `'\0'` puts it into the abstract namespace. A path that is too long
   * for the system is an 'error' (`ENAMETOOLONG`). A null byte within a path throws `ERR_INVALID_ARG_VALUE`. A leftover
   * socket file is replaced (D7).
   */
  path?: string | undefined;
  /** A descriptor that is bound and listening, see {@link Server.listenFD}. */
  fd?: number | undefined;
  /**
   * A socket that is bound already, or a handle of Node's core. Of the other options, `proxyProtocol` and the limits count;
   * the rest is ignored.
   */
  handle?: BoundSocket | NodesHandle | undefined;
  /**
   * How many connections may wait to be accepted; the system may allow fewer.
   *
   * @default `511`
   */
  backlog?: number | undefined;
  /**
   * With `host: '::'`: do not accept IPv4.
   *
   * @default `false`
   */
  ipv6Only?: boolean | undefined;
  /**
   * Share the port with other sockets that set this option; the kernel spreads the connections.
   *
   * @default `false`
   */
  reusePort?: boolean | undefined;
  /** Accepted and ignored: only in `rust-net/node` does a server share its port with other workers of a cluster. */
  exclusive?: boolean | undefined;
  /**
   * Lets every user read from the UNIX socket.
   *
   * @default `false`
   */
  readableAll?: boolean | undefined;
  /**
   * Lets every user write to the UNIX socket.
   *
   * @default `false`
   */
  writableAll?: boolean | undefined;
  /** Ends the server when it aborts, as {@link Server.shutdown} does. */
  signal?: AbortSignal | undefined;
  /** Comes before that of the server, see {@link ServerOptions.proxyProtocol}. */
  proxyProtocol?: ProxyMode | ProxyPolicy | null | undefined;
  /**
   * Options of the kernel that the listening socket begins with, and that accepted streams have; not with `fd` and
   * `handle`.
   */
  socketOptions?: KernelOptions | null | undefined;
}

/** The address of one end of a connection, or of a TCP server. */
export interface AddressInfo {
  address: string;
  family: 'IPv4' | 'IPv6';
  port: number;
}

/** A connection that a server has rejected. UNIX connections have no addresses. */
export interface DropArgument {
  localAddress?: string;
  localPort?: number;
  localFamily?: string;
  remoteAddress?: string;
  remotePort?: number;
  remoteFamily?: string;
  /** Why a limit or the PROXY protocol has refused or ended it, such as `'idle-timeout'` or `'proxy-timeout'`. */
  reason?: string;
  /** With a `reason`: for how many connections the event stands. */
  count?: number;
}

/** The options of {@link Server.shutdown}. */
export interface ShutdownOptions {
  /**
   * The time that streams have to finish, in milliseconds; `Infinity` for no limit.
   *
   * @default 10000
   */
  grace?: number | undefined;
  /** Ends that time when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** What has come of {@link Server.shutdown}. */
export interface ShutdownOutcome {
  /** Streams that have ended by themselves, or that had nothing to do. */
  ended: number;
  /** Streams that were destroyed when the time was over. */
  destroyed: number;
  /** How long it took, in milliseconds. */
  ms: number;
}

/** The events of a {@link Server}, with the arguments of their listeners. */
export interface ServerEvents {
  /** A connection has been accepted. Contract: Event: 'connection'. */
  connection: [stream: Stream];
  /** The server has been bound (D28). */
  listening: [];
  /** The listening socket is closed. Open streams stay open, and are not waited for (D4). Contract: Event: 'close'. */
  close: [];
  /** Listening has failed (`EADDRINUSE`, `EACCES`, ...; see {@link SystemError}). */
  error: [error: Error];
  /**
   * A connection was rejected because of {@link Server.maxConnections}, or was refused or ended because of a limit or the
   * PROXY protocol (`reason`). UNIX sockets have no addresses, and without a `reason` no `data`.
   */
  drop: [data?: DropArgument];
  /**
   * Accepting has failed because something has run out, mostly descriptors (`EMFILE`, `ENFILE`). Connections wait in
   * the kernel, and the server resumes by itself when it can. Emitted once, and again only after no connection waits
   * any more.
   */
  acceptError: [error: SystemError];
}

export interface Server extends EventEmitter {
  /**
   * Begins accepting connections. 'listening' follows, or 'error'.
   *
   * Contract: server.listen.
   *
   * @param port with 0, the system chooses one; default `0`
   * @param host an IP address, or a name to look up; default `'0.0.0.0'`, every IPv4 address (D6)
   * @param backlog as in {@link ListenOptions}
   * @param path of a UNIX socket
   * @param callback added as a one-time listener of 'listening'
   * @throws `ERR_SERVER_ALREADY_LISTEN` if the server listens already, `ERR_SOCKET_HANDLE_ADOPTED` if `bound` has been
   *   adopted or closed
   */
  listen(callback?: () => void): this;
  listen(port?: number | string | null, host?: string | null, backlog?: number, callback?: () => void): this;
  listen(port?: number | string | null, host?: string | null, callback?: () => void): this;
  listen(port?: number | string | null, backlog?: number, callback?: () => void): this;
  listen(port?: number | string | null, callback?: () => void): this;
  listen(path: string, backlog?: number, callback?: () => void): this;
  listen(path: string, callback?: () => void): this;
  listen(options: ListenOptions, callback?: () => void): this;
  listen(bound: BoundSocket, backlog?: number, callback?: () => void): this;
  listen(bound: BoundSocket, callback?: () => void): this;

  /**
   * Listens on a descriptor on which bind(2) and listen(2) have been called. The server owns it from now on.
   *
   * The code of an 'error' says what is wrong: `EBADF` (not open), `ENOTSOCK` (not a socket), `EINVAL` (not listening)
   * or `EEXIST` (owned by a stream or server of this process). Such a descriptor stays open.
   *
   * Contract: server.listenFD.
   *
   * @param callback added as a one-time listener of 'listening'
   */
  listenFD(fd: number, callback?: () => void): this;

  /**
   * Stops accepting connections. 'close' follows once the socket is closed; streams stay open (D4). The file of a UNIX
   * socket is removed, unless another file has taken its place.
   *
   * Contract: server.close.
   *
   * @param callback added as a one-time listener of 'close'
   * @throws `ERR_SERVER_NOT_RUNNING` if the server is not listening, nor about to
   */
  close(callback?: ((error?: Error) => void) | null): this;

  /**
   * Ends the server gracefully (D4): accepts what waits, closes the server, has each open stream emit 'shutdown', and closes
   * the streams that have nothing to do. The others have some time to finish. A stream with a listener of 'shutdown' is
   * left to that. Servers of `http` answer what has been asked. A second call returns the same promise, and may end the
   * time earlier.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownOutcome>;

  /** The open streams that the server has accepted. Each iteration looks at all sockets of the thread. Can be assigned. */
  readonly streams: Iterable<Stream>;

  /**
   * What has been counted of the server's connections since it was made. It goes on while streams that it has accepted are
   * open, and stays readable. Reading it looks at all sockets of the thread. Can be assigned.
   */
  readonly stats: ServerStatistics;

  /**
   * The number of the descriptor while the server listens, for another process, which then listens on the same socket; else
   * null. Can be assigned.
   */
  readonly fd: number | null;

  /**
   * Stops accepting for a while. Connections wait in the kernel (D28). Does nothing while the server does not listen, or
   * is paused already.
   *
   * @param msecs for how long, in milliseconds; default `1000`
   * @throws `ERR_INVALID_ARG_TYPE`; `ERR_OUT_OF_RANGE` if `msecs` is negative or not finite
   */
  pause(msecs?: number): this;

  /** The address or the path that the server listens on; null while it does not listen. */
  address(): AddressInfo | string | null;

  /**
   * Calls back with the number of open connections. See also {@link Server.connections}.
   *
   * @throws `ERR_INVALID_ARG_TYPE` if `callback` is no function
   */
  getConnections(callback: (error: Error | null, count: number) => void): this;

  /** Lets the server keep the process alive, which is the default (D26). */
  ref(): this;

  /** Lets the process exit while the server listens (D26). */
  unref(): this;

  /**
   * With this many connections, further ones are closed immediately, and 'drop' is emitted. `undefined`, the default,
   * and 0 mean no limit (D5). Contract: server.maxConnections.
   */
  get maxConnections(): number;
  set maxConnections(limit: number | null | undefined);

  /** What the server allows its connections: a copy of all limits. Can be assigned, which changes no limit. */
  readonly limits: Required<Limits>;

  /**
   * Changes what the server allows its connections, from now on, of those that are open, too.
   *
   * @param limits those that change
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`; `ERR_INVALID_ARG_VALUE` if there is no such limit
   */
  setLimits(limits: Limits): this;

  /** The number of open connections (D9). Contract: server.connections. */
  readonly connections: number;

  /** Whether the server listens. */
  readonly listening: boolean;

  /** As in {@link ServerOptions}. Can be changed at any time, for later connections. */
  allowHalfOpen: boolean;

  /** As in {@link ServerOptions}, for the streams to come. */
  pauseOnConnect: boolean;

  /** As in {@link ServerOptions}, for the streams to come. */
  noDelay: boolean;

  /** As in {@link ServerOptions}, for the streams to come. */
  keepAlive: boolean;

  /** As in {@link ServerOptions}, for the streams to come. */
  highWaterMark: number;

  /** {@link Server.shutdown}, if the server runs. */
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

// TLS.

/** PEM as a string or as bytes, or DER as bytes. */
export type CredentialData = string | NodeJS.ArrayBufferView | ArrayBuffer;

/**
 * A private key, and the passphrase if it is encrypted.
 *
 * @default {@link CredentialOptions.passphrase}
 */
export type CredentialKey = CredentialData | { pem: CredentialData; passphrase?: string | undefined };

/**
 * A PKCS#12 archive, and its passphrase.
 *
 * @default {@link CredentialOptions.passphrase}
 */
export type CredentialArchive =
  | NodeJS.ArrayBufferView
  | ArrayBuffer
  | { buf: NodeJS.ArrayBufferView | ArrayBuffer; passphrase?: string | undefined };

/** The options of {@link createCredentials}. They apply to both sides, unless they say otherwise. */
export interface CredentialOptions {
  /**
   * The private key: PKCS#8, PKCS#1 or SEC1, encrypted or not. RSA with at least 2048 bits, P-256, P-384, P-521 and
   * Ed25519 are supported; others throw `ERR_OSSL_UNSUPPORTED`. A key that can't be read or decrypted throws the code
   * of Node's `crypto` (`ERR_OSSL_BAD_DECRYPT`, ...). Of several keys, the first that the peer can verify is used.
   */
  key?: CredentialKey | readonly CredentialKey[] | undefined;
  /**
   * The certificate of the key; in PEM, those of its issuers may follow. There must be as many certificates as keys, in
   * any order, else `ERR_INVALID_ARG_VALUE` is thrown. A certificate that can't be read throws
   * `ERR_OSSL_ASN1_WRONG_TAG`, `ERR_OSSL_PEM_NO_START_LINE` or `ERR_OSSL_PEM_BAD_BASE64_DECODE`, one of another key
   * `ERR_OSSL_X509_KEY_VALUES_MISMATCH`.
   */
  cert?: CredentialData | readonly CredentialData[] | undefined;
  /**
   * A key, its certificate and others, as a PKCS#12 archive. The others complete the chain, and are trusted in addition
   * to `ca`. An archive that can't be opened throws `ERR_CRYPTO_OPERATION_FAILED`.
   */
  pfx?: CredentialArchive | readonly CredentialArchive[] | undefined;
  /** The passphrase of `key` and `pfx`. */
  passphrase?: string | undefined;
  /**
   * The certificates to trust: authorities, and single certificates, which then need no issuer (D21). With an empty
   * array, no peer is trusted. If `ca` is set, a server asks its clients for a certificate. The system's list is
   * never used. A certificate that can't be read throws `ERR_INVALID_ARG_VALUE`.
   *
   * @default Mozilla's authorities, as of this version of the package, and those in the file that
   *   `NODE_EXTRA_CA_CERTS` named when the process started
   */
  ca?: CredentialData | readonly CredentialData[] | undefined;
  /**
   * Revocation lists. If there are any, every certificate of a chain needs a list of its issuer that covers it and is
   * currently valid. If an issuer has several lists, a certificate is revoked if any of them revokes it. A list that
   * can't be read throws `ERR_CRYPTO_OPERATION_FAILED`, one that has expired `CRL_HAS_EXPIRED`.
   */
  crl?: CredentialData | readonly CredentialData[] | undefined;
  /**
   * The oldest version to allow. Older ones mean the same as `'TLSv1.2'`. If it is newer than `maxVersion`,
   * `ERR_TLS_INVALID_PROTOCOL_VERSION` is thrown.
   *
   * @default `'TLSv1.2'`
   */
  minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined;
  /**
   * The newest version to allow. Other names throw `ERR_TLS_INVALID_PROTOCOL_VERSION`.
   *
   * @default `'TLSv1.3'`
   */
  maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /**
   * The cipher suites, in order of preference, separated by colons: names of OpenSSL or the IANA, and OpenSSL's words
   * for groups with `!`, `-` and `+`. All suites of TLS 1.3 are enabled, unless some are named; if only such are
   * named, TLS 1.2 is disabled. A server's order takes precedence over its client's. If none is left,
   * `ERR_SSL_NO_CIPHER_MATCH` is thrown.
   *
   * @default all, AES-128 first
   */
  ciphers?: string | undefined;
  /**
   * The application protocols, in order of preference; a server's order takes precedence over its client's. A Buffer
   * holds them as they are sent, each prefixed by its length; one that ends within a name throws
   * `ERR_INVALID_ARG_VALUE`. If both sides have protocols but none in common, the handshake fails
   * (`ERR_SSL_NO_APPLICATION_PROTOCOL`). A name has 1 to 255 bytes, else `ERR_OUT_OF_RANGE` is thrown.
   *
   * @default none
   */
  ALPNProtocols?: readonly CredentialData[] | NodeJS.ArrayBufferView | undefined;
  /**
   * The versions as an OpenSSL method: `'TLS_method'` for all, `'TLSv1_2_method'`, and their variants for one side.
   * Others throw `ERR_TLS_INVALID_PROTOCOL_METHOD`. Combined with `minVersion` or `maxVersion`, it throws
   * `ERR_TLS_PROTOCOL_VERSION_CONFLICT`.
   */
  secureProtocol?: string | undefined;
  /**
   * OpenSSL's options, from `crypto.constants`. `SSL_OP_NO_TLSv1_2`, `SSL_OP_NO_TLSv1_3` and `SSL_OP_NO_TICKET` are
   * honoured. The others in Node's list hold in any case, or permit what does not exist here. Other bits throw
   * `ERR_INVALID_ARG_VALUE`.
   */
  secureOptions?: number | undefined;
  /**
   * The signature algorithms to offer, accept and sign with, in order of preference, separated by colons: names of
   * OpenSSL (`'ECDSA+SHA256'`) or TLS (`'rsa_pss_rsae_sha256'`). If none is left, or a name is unknown,
   * `ERR_INVALID_ARG_VALUE` is thrown.
   *
   * @default all
   */
  sigalgs?: string | undefined;
  /**
   * The groups for the key exchange, in order of preference, separated by colons. If none is left, or a name is
   * unknown, `ERR_CRYPTO_OPERATION_FAILED` is thrown. `'auto'` means all.
   *
   * @default `'auto'`
   */
  ecdhCurve?: string | undefined;
  /**
   * On a server: whether its order of cipher suites takes precedence over its client's.
   *
   * @default `true`
   */
  honorCipherOrder?: boolean | undefined;
  /** As {@link SecureOptions.servername}, which takes precedence. */
  servername?: string | undefined;
  /**
   * On a client: checks the certificate of a server that is trusted otherwise, instead of the check of its name, as in
   * `node:tls`. `hostname` is `servername`, or the host of the connection (`'localhost'` over UNIX). If it returns an
   * error, the server is not trusted: `authorizationError` is the error's `code` or `message`, and with
   * `rejectUnauthorized` the stream fails with the error. If it throws, that is an uncaught exception, and the stream
   * is destroyed. It is called in resumed handshakes, too.
   */
  checkServerIdentity?: ((hostname: string, certificate: DetailedPeerCertificate) => Error | undefined) | undefined;
  /**
   * On a server: whether to ask clients for a certificate. With `ca`, it always asks.
   *
   * @default `false`
   */
  requestCert?: boolean | undefined;
  /**
   * Whether an untrusted peer fails the handshake, with the code that {@link Stream.authorizationError} would have,
   * or `ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE`. With `false`, {@link Stream.verifyPeer} returns `false`, and
   * nothing else happens (D21).
   *
   * With `true`, a client also checks the certificate for the name or address that it has connected to (`localhost`
   * over UNIX), unless `servername` names another, and a server asks for certificates, whatever `requestCert` says.
   * In TLS 1.3, a client is secure before the server has checked its certificate: a refusal is an 'error' after
   * 'secure'.
   *
   * @default `false`
   */
  rejectUnauthorized?: boolean | undefined;
  /**
   * For how long a session can be resumed, in seconds, up to 2147483647. 0 turns resumption off. Whether the peer is
   * trusted is decided again for each stream.
   *
   * @default `300`
   */
  sessionTimeout?: number | undefined;
  /**
   * On a server: the keys of session tickets, 48 bytes, for several processes that act as one server. They are used
   * for a week, then replaced by random ones; use {@link Credentials.setTicketKeys} before.
   *
   * @default random keys, replaced after each `sessionTimeout`
   */
  ticketKeys?: NodeJS.ArrayBufferView | undefined;
  /** The file of `key`, or several. */
  keyFile?: string | readonly string[] | undefined;
  /** The file of `cert`, or several. */
  certFile?: string | readonly string[] | undefined;
  /** The file of `ca`, or several. */
  caFile?: string | readonly string[] | undefined;
  /** The file of `crl`, or several. */
  crlFile?: string | readonly string[] | undefined;
  /**
   * On a server: the response of OCSP that is stapled to `cert`, in DER, until it expires. Of several, in the order of
   * `cert`. One that is not for its certificate, does not say that it is good, or has expired throws
   * `ERR_INVALID_ARG_VALUE`. A function fetches them, see {@link OcspFunction}; it is no option of `setSecure()`.
   */
  ocsp?:
    | NodeJS.ArrayBufferView
    | ArrayBuffer
    | readonly (NodeJS.ArrayBufferView | ArrayBuffer)[]
    | OcspFunction
    | undefined;
  /**
   * The file of `ocsp`, or several. With `watch`, a response that can't be stapled is an error of
   * {@link CredentialsEvents}, and the certificates are used without it.
   */
  ocspFile?: string | readonly string[] | undefined;
  /**
   * Whether to read the files again when they change, and how often to look at them, in milliseconds. See
   * {@link CredentialsEvents}.
   *
   * @default false
   */
  watch?: boolean | { interval?: number | undefined } | undefined;
  /**
   * On a server: calls back with the credentials for the name that a client asks for, or with an error, with which the
   * stream then fails. Without either, these credentials are used. Not called for a client that sends no name. The
   * chosen credentials apply in everything but `handshakeTimeout`; their `ca` decides whether the client is trusted. If
   * these credentials require a certificate, or a trusted one, they do so for every name. If the function throws, the
   * stream fails (`ERR_OPERATION_FAILED`).
   */
  SNICallback?:
    | ((
        servername: string,
        callback: (error?: Error | null, credentials?: Credentials | CredentialOptions | null) => void,
      ) => void)
    | undefined;
  /**
   * On a server: credentials by the name that a client asks for. They are tried before `SNICallback`, with the same
   * effect. In `'*.example.org'`, `*` stands for one label. Each must have a key and a certificate, else
   * `ERR_INVALID_ARG_VALUE` is thrown.
   */
  contexts?: { readonly [servername: string]: Credentials | CredentialOptions } | undefined;
  /**
   * On a server: sessions of another context are not resumed, even with the same keys.
   *
   * @default none
   */
  sessionIdContext?: string | undefined;
  /**
   * How long a handshake may take, in milliseconds, up to 2147483647. The time starts with {@link Stream.setSecure},
   * or with the connection if that comes later. 0 means the default.
   *
   * @default `120000`
   */
  handshakeTimeout?: number | undefined;
  /**
   * Receives the secrets of each connection, with which a capture of it can be decrypted: a function that is called
   * with each line in the format of `SSLKEYLOGFILE`, including the line feed, or the path of a file that the lines
   * are appended to. The file is created for its owner only; if it can't be opened, `ERR_INVALID_ARG_VALUE` is
   * thrown.
   *
   * @default no log
   */
  keylog?: ((line: Buffer) => void) | string | undefined;
}

declare const opaque: unique symbol;

/**
 * Fetches the response of OCSP for a certificate, in DER: it is called when credentials get that certificate, or another
 * one of its issuer, and again when half of the time has passed for which the response before is valid (each hour, if
 * that does not say); after a failure, in 1 second, then 2, up to 10 minutes. It has 15 seconds. No handshake waits for
 * it.
 */
export type OcspFunction = (
  certificate: X509Certificate,
  details: {
    /** The certificate of its issuer, if the chain has it. */
    issuer: X509Certificate | undefined;
    /** Aborts when the time is over, or when the credentials have another certificate or function. */
    signal: AbortSignal;
  },
) => NodeJS.ArrayBufferView | ArrayBuffer | Promise<NodeJS.ArrayBufferView | ArrayBuffer>;

/** The events of {@link Credentials}. */
export interface CredentialsEvents {
  /** The files have changed, and are in use from now on. */
  replaced: [];
  /** A response of OCSP that the function `ocsp` has fetched is stapled to this certificate from now on. */
  stapled: [certificate: X509Certificate];
  /**
   * The files have changed and can't be used, the function `ocsp` has had no response, or one can't be stapled or has
   * expired. What there was stays in use, but for what has expired. Without a listener, there is a warning.
   */
  error: [error: Error];
}

/** The result of {@link createCredentials}. Any number of streams can share it. Contract: stream.setSecure. */
export interface Credentials {
  readonly [opaque]: never;

  /**
   * Replaces the options that are given, for all handshakes that begin from now on, also where these credentials are
   * among the `contexts` of others; all other options stay. Clients go on with their sessions, unless `ticketKeys` are
   * given, or something else about who is trusted or about sessions. What is wrong throws, and nothing changes.
   *
   * @throws the errors of {@link createCredentials}
   */
  replace(options: CredentialOptions): this;

  /** Stops looking at the files (`watch`). */
  unwatch(): this;

  /** When the first of the certificates that peers are shown expires; null without any. */
  readonly expires: Date | null;

  /** See {@link CredentialsEvents} for the events. */
  on<E extends EventName<CredentialsEvents>>(event: E, listener: Listener<CredentialsEvents, E>): this;
  once<E extends EventName<CredentialsEvents>>(event: E, listener: Listener<CredentialsEvents, E>): this;
  addListener<E extends EventName<CredentialsEvents>>(event: E, listener: Listener<CredentialsEvents, E>): this;
  off<E extends EventName<CredentialsEvents>>(event: E, listener: Listener<CredentialsEvents, E>): this;
  removeListener<E extends EventName<CredentialsEvents>>(event: E, listener: Listener<CredentialsEvents, E>): this;

  /** The keys of session tickets: 48 bytes, for other processes that act as the same server. */
  getTicketKeys(): Buffer;

  /**
   * Replaces the keys of session tickets. Tickets with the previous keys stay valid until the next replacement.
   *
   * @throws `ERR_INVALID_ARG_VALUE` if they are not 48 bytes
   */
  setTicketKeys(keys: NodeJS.ArrayBufferView): void;
}

/** The options of {@link Stream.detach}. */
export interface DetachOptions {
  /**
   * How long the connection waits to be attached, in milliseconds, from 1 to 2147483647; then it is closed.
   *
   * @default 30000
   */
  timeout?: number;
}

/**
 * A connection between two streams, as {@link Stream.detach} returns it: for `postMessage()` and {@link Stream.attach}.
 * It can be attached once. What it consists of may change.
 */
export interface MovedStream {
  readonly ticket: Uint8Array;
  readonly kind: string;
}

/** The options of {@link Stream.setSecure}. */
export interface SecureOptions {
  /**
   * Whether to take the server's part in the handshake.
   *
   * @default `true` if a server has accepted the stream
   */
  isServer?: boolean | undefined;
  /**
   * On a client: the name or address that the server's certificate must be for. A name is also sent to the server
   * (SNI). An empty string is the same as no name. Without either, the name of the host is sent, but checked only
   * with {@link CredentialOptions.rejectUnauthorized}.
   *
   * @default that of the credentials
   */
  servername?: string | undefined;
}

/** A certificate in the form of the contract (D20). Contract: stream.getPeerCertificate. */
export interface PeerCertificate {
  /** The owner, such as `/C=UK/O=node.js/CN=localhost`. */
  subject: string;
  /** The issuer, in the same form. */
  issuer: string;
  /** Such as `Nov 11 09:52:22 2009 GMT`. */
  valid_from: string;
  /** In the same form. */
  valid_to: string;
  /** SHA-1 of the certificate, such as `2A:7A:C2:...`. */
  fingerprint: string;
}

/** A cipher suite. */
export interface Cipher {
  /** OpenSSL's name. */
  name: string;
  /** The IANA's name. */
  standardName: string;
  /** The version of TLS that it belongs to. */
  version: 'TLSv1.2' | 'TLSv1.3';
}

/**
 * The error of a handshake or session that has failed. `code` is that of `node:tls` (`ERR_SSL_WRONG_VERSION_NUMBER`,
 * ...) or of a verdict (see {@link Stream.authorizationError}), `ECONNRESET` if the peer has closed the connection in
 * the middle of the handshake, or `ERR_TLS_HANDSHAKE_TIMEOUT`.
 */
export interface TlsError extends Error {
  code: string;
  /** The alert that the peer has sent, by OpenSSL's name, such as `tlsv1 alert unknown ca`; missing without one. */
  alert?: string;
}

// Threads.

/** The options of {@link serve}. */
export interface ServeOptions {
  /**
   * How many threads: one at least, or as many as `listen` has sockets; 'cores' for `os.availableParallelism()`.
   *
   * @default 'cores'
   */
  workers?: number | 'cores' | undefined;
  /**
   * Where all of them listen: a port, a path of a UNIX socket, or sockets that were passed to this process; and what their
   * servers ask of connections, each thread for itself.
   */
  listen: Omit<ListenOptions, 'fd' | 'handle' | 'signal'> & {
    /**
     * Descriptors of sockets that another process has bound, as {@link listenFDs} has them, instead of a port. They
     * belong to the service from now on. Each needs a thread, so `workers` is at least as many.
     */
    fd?: number | readonly number[] | undefined;
  };
  /**
   * The module that each thread loads, CommonJS or ES: its default export is a listener of 'connection', or it exports
   * `createServer({ index, workerData })`, which returns the server, of any kind. A relative path begins at the current
   * directory.
   */
  handler: string | URL;
  /** What the module finds as `workerData` of `worker_threads`; it is cloned. */
  workerData?: unknown;
  /** Ends the service when it aborts, as {@link Service.shutdown} does; before all threads listen, the start. */
  signal?: AbortSignal | undefined;
}

interface ServiceEvents {
  /** A thread listens, also one that has taken the place of another. */
  listening: [index: number];
  /** A thread has died, and another one takes its place. Without a listener, a process warning says so. */
  exit: [index: number, error: Error | null, code: number];
}

/** The options of {@link Service.stats}. */
export interface ServiceStatsOptions {
  /**
   * How long a thread may take to answer, in milliseconds; `Infinity` for no limit.
   *
   * @default 5000
   */
  timeout?: number | undefined;
}

/** What came of {@link Service.shutdown}: the sums of what the threads say. */
export interface ServiceShutdownOutcome extends ShutdownOutcome {
  /** Threads that did not answer and were terminated. Their streams are not among the other numbers. */
  terminated: number;
}

/** Servers in several threads, on one port. */
export interface Service extends EventEmitter<ServiceEvents> {
  /** Where they listen; null after the end. */
  address(): AddressInfo | string | null;

  /**
   * The descriptors of the listening sockets, for another process; null after the end. Once they have been read, the
   * sockets, and the file of a UNIX socket, are taken to be that one's, too.
   */
  readonly fds: number[] | null;

  /** The threads; null for one that is being replaced. */
  readonly workers: (Worker | null)[];

  /**
   * What each thread has counted, as {@link stats} there, and the sums. Each thread answers between two turns of its loop;
   * null stands for one that is being replaced, or has not answered in time.
   */
  stats(options?: ServiceStatsOptions): Promise<{ threads: (Statistics | null)[]; total: Statistics }>;

  /**
   * Ends all servers, and what threads have by {@link Stream.attach}, as {@link Server.shutdown} does, then the threads. A
   * thread that has not answered 2 seconds after its time was over is terminated. A second call returns the same promise,
   * and may end the time earlier.
   */
  shutdown(options?: ShutdownOptions): Promise<ServiceShutdownOutcome>;

  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts servers in threads of their own, on one port. The kernel distributes connections among the threads; each is
 * served by its thread alone. A thread that dies is replaced, and what waits for it in the kernel is not lost.
 *
 * @returns a promise of the service, fulfilled once all threads listen; rejected with what keeps one from it
 * @throws (as a rejection) `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`; what `listen` can fail with
 */
export declare function serve(options: ServeOptions): Promise<Service>;

// Statistics.

/** How often values of certain sizes have come. */
export interface Histogram {
  /** How many values there were. */
  count: number;
  /** Their sum. */
  sum: number;
  /** The upper bounds of the buckets, each twice the one before; a value that equals a bound is below it. */
  bounds: number[];
  /** How many values there were in each bucket; the last one has those above all bounds. */
  counts: number[];
}

/** The connections of a server. */
export interface ServerConnections {
  /** Those that are open now. */
  open: number;
  /** Those that have been accepted, without the dropped. */
  accepted: number;
  /** Those that have been closed. */
  closed: number;
  /** Those that have left for another thread, by {@link Stream.detach}. */
  detached: number;
  /** Those that were refused, by the reason. Reasons that have not occurred are missing. */
  dropped: Record<string, number>;
}

/** The connections of a thread: `open` is `accepted + connected + adopted + attached - detached - closed`. */
export interface ThreadConnections extends ServerConnections {
  /** Attempts to connect that are under way. */
  connecting: number;
  /** Attempts that have succeeded. */
  connected: number;
  /** Attempts that have failed, by the code. Of a name with several addresses, each attempt counts. */
  failed: Record<string, number>;
  /** Those that were made of a descriptor or of a handle of Node's core. */
  adopted: number;
  /** Those that have come from another thread, by {@link StreamConstructor.attach}. */
  attached: number;
}

/** TLS handshakes. */
export interface HandshakeStatistics {
  /** Those that are under way. */
  underWay: number;
  /** Those that have been asked for, and wait: for a connection, or for what is to be sent before. */
  waiting: number;
  /** Those that have succeeded, resumed ones included. */
  completed: number;
  /** Those that have resumed a session. */
  resumed: number;
  /** Those that have failed, by the code of the 'error'. */
  failed: Record<string, number>;
  /** Those whose stream was destroyed meanwhile. */
  cancelled: number;
  /** Those that rustls has left to Node's own TLS. */
  declined: number;
  /** How long those that have succeeded took, in milliseconds. */
  time: Histogram;
}

/** Bytes of the application: over TLS, without what records add. */
export interface Traffic {
  /** Received, and passed to JavaScript or to another stream. */
  bytesRead: number;
  /** Taken from JavaScript, or from another stream, for sending. */
  bytesWritten: number;
  /** Of those written, the ones that wait in the engine for the kernel. */
  bytesWaiting: number;
}

/** What {@link Server.stats} has. */
export interface ServerStatistics extends Traffic {
  connections: ServerConnections;
  handshakes: HandshakeStatistics;
}

/** What {@link stats} returns. */
export interface Statistics extends Traffic {
  connections: ThreadConnections;
  handshakes: HandshakeStatistics;
  /** How many sockets listen. */
  listeners: number;
  /** The turns of the engine: in each, it takes what the kernel has reported and calls JavaScript for it. */
  turns: {
    /** How long they took, in milliseconds, with all the JavaScript that they have called. */
    time: Histogram;
    /** How many events each had; `sum` is the number of all events. */
    events: Histogram;
  };
  /** What is passed from stream to stream, or dropped, without JavaScript. */
  pipes: {
    /** Streams that the engine pipes to another one now. */
    open: number;
    /** Bytes that it has moved. */
    bytes: number;
    /** Streams whose data it drops now. */
    discarding: number;
    /** Bytes that it has dropped. */
    bytesDiscarded: number;
  };
  /** Memory of the engine, in bytes, beside that of the kernel and of TLS sessions. */
  memory: {
    /** The table of streams and listeners. */
    table: number;
    /** Queues of what is to be sent, and what is kept for the next ones. */
    queues: number;
    /** What all streams are received into. */
    receiving: number;
    /** What all pipes share. */
    pipes: number;
    /** What all TLS sessions share. */
    records: number;
  };
}

/** What {@link Stream.stats} has. */
export interface StreamStatistics extends Traffic {
  /** What the kernel knows of an open TCP connection; null for others, and where the platform does not say. */
  tcp: TcpInfo | null;
}

/**
 * What the kernel knows of a TCP connection: TCP_INFO of Linux, TCP_CONNECTION_INFO of macOS. What the running kernel
 * does not say is missing.
 */
export interface TcpInfo {
  /** The smoothed round-trip time, in milliseconds. */
  rtt?: number;
  /** Its mean deviation, in milliseconds. */
  rttVariance?: number;
  /** The shortest round-trip time lately, in milliseconds. */
  minRtt?: number;
  /** The time after which a segment is sent again, in milliseconds. */
  retransmitTimeout?: number;
  /** Bytes of data in a full segment. */
  segmentSize?: number;
  /** Bytes that may be on their way at once, by the congestion control. */
  congestionWindow?: number;
  /** Segments that were sent again. */
  retransmits?: number;
  /** Bytes that were sent again. */
  bytesRetransmitted?: number;
  /** Segments that count as lost now. */
  lost?: number;
  /** The latest rate at which the peer has received, in bytes per second. */
  deliveryRate?: number;
  /** The rate that sending is limited to, in bytes per second; `Infinity` without a limit. */
  pacingRate?: number;
  /** Bytes sent, and not acknowledged yet. */
  bytesInFlight?: number;
  /** Bytes that the kernel has, and has not sent yet. */
  bytesUnsent?: number;
}

/**
 * What the engine of this thread has counted since it was started, for `rust-net` and all other entries together. Each
 * worker thread has an engine of its own. Calling it looks at all sockets of the thread.
 */
export declare function stats(): Statistics;

/** What {@link publishStats} has opened. */
export interface Publication {
  /** The path of the UNIX socket. */
  path: string;
  /** Closes it. */
  close(): Promise<void>;
}

/** What a thread publishes of a server. */
export interface PublishedServer {
  /** Its number among the servers and streams of the thread. */
  id: number;
  /** Where it listens. */
  address: string;
  stats: ServerStatistics;
}

/** What a thread publishes of a stream. */
export interface PublishedStream {
  /** Its number among the servers and streams of the thread. */
  id: number;
  /** The address of our end; `'UNIX'` for a UNIX socket. */
  local: string;
  /** The address of the peer; `'UNIX'` for a UNIX socket. */
  peer: string;
  /** Whether a server has accepted it. */
  isServer: boolean;
  /** The version of TLS; null in the clear. */
  protocol: string | null;
  stats: StreamStatistics;
}

/** What a thread publishes. */
export interface PublishedStats {
  /** The number of its process. */
  pid: number;
  /** The number of the thread, as in `worker_threads`. */
  thread: number;
  /** When this was read, by the clock of the thread: `performance.now()`, in milliseconds. */
  time: number;
  /** The process of the thread. */
  process: {
    /** The version of Node. */
    version: string;
    /** In seconds. */
    uptime: number;
    /** Its memory, in bytes. */
    rss: number;
    /** Its CPU time, in microseconds. */
    cpu: { user: number; system: number };
  };
  stats: Statistics;
  servers: PublishedServer[];
  /** The streams that have moved most bytes since it was last read: 20 at most. */
  streams: PublishedStream[];
}

/**
 * Publishes the statistics of this thread for other processes of the same user, such as `npx rust-net top`: by a UNIX socket
 * in a folder that no other user can enter. It does not keep the process alive. A second call returns the same.
 *
 * Rejects with `ERR_RUST_NET_NOT_PRIVATE` if another user can enter the folder, and with `ENAMETOOLONG` if the path would be
 * too long for a socket.
 */
export declare function publishStats(): Promise<Publication>;

/** What the threads of a process publish: an item for each that has answered. */
export interface ReadStats extends Array<PublishedStats> {
  /** The numbers of those that have not, as something keeps their event loop from running; null for that of a path. */
  silent: (number | null)[];
}

/**
 * Reads what the threads of a process publish, an item for each. A thread that has not answered within 5 seconds is not among
 * them, but in `silent`.
 *
 * Rejects with `ENOENT` or `ECONNREFUSED` if there is nothing, with `ETIMEDOUT` if no thread answers, and with
 * `ERR_RUST_NET_NOT_PRIVATE` if another user can enter the folder of the sockets.
 *
 * @param subject The number of the process, or the path of a socket.
 */
export declare function readStats(subject: number | string, options?: ReadStatsOptions): Promise<ReadStats>;

export interface ReadStatsOptions {
  /** Ends the reading when it aborts, with an `AbortError`. */
  signal?: AbortSignal | undefined;
}

// Stream.

/** A TCP or UNIX socket. Works with or without `new` (D18). Contract: net.Stream. */
export declare const Stream: StreamConstructor;

/** Another name of {@link Stream} (D18). */
export declare const Socket: StreamConstructor;
export type Socket = Stream;

export interface StreamConstructor {
  /**
   * Makes a stream of a connection that `detach()` has taken out of another stream of this class, in this thread or
   * another one. It begins to read in the next tick.
   *
   * @throws `ERR_INVALID_ARG_VALUE` if it has been attached before, if its time is over, or for another class
   */
  attach(moved: MovedStream): Stream;
  new (options?: StreamOptions | number): Stream;
  (options?: StreamOptions | number): Stream;
  readonly prototype: Stream;
}

export interface StreamOptions extends SocketOptions {
  /**
   * As `highWaterMark`, for received data.
   *
   * @default `highWaterMark`
   */
  readableHighWaterMark?: number | undefined;
  /**
   * As `highWaterMark`, for data to send.
   *
   * @default `highWaterMark`
   */
  writableHighWaterMark?: number | undefined;
  /**
   * A descriptor to adopt: a connected socket or a pipe. Once the constructor has returned, the stream owns it; 0, 1
   * and 2 are never closed. A descriptor of another type throws `ERR_INVALID_FD_TYPE`, one that a stream or server of
   * this process owns throws `EEXIST`; both stay open.
   */
  fd?: number | undefined;
  /**
   * A bound socket to connect from, which can't be combined with `localAddress` and `localPort`. Or a connection of
   * Node's core: the stream takes over a copy of its descriptor, and the handle is closed.
   */
  handle?: BoundSocket | NodesHandle | undefined;
  /** Receives into `buffer` and calls `callback`, instead of 'data'. If `callback` returns false, the stream pauses. */
  onread?: OnReadOpts | undefined;
  /** Connecting to one of these addresses fails with `ERR_IP_BLOCKED`. */
  blockList?: BlockList | undefined;
  /**
   * See {@link Stream.setTypeOfService}.
   *
   * @default the system's
   */
  typeOfService?: number | undefined;
  /**
   * Whether the stream is readable.
   *
   * @default `true`, or what a pipe allows
   */
  readable?: boolean | undefined;
  /**
   * Whether the stream is writable.
   *
   * @default `true`, or what a pipe allows
   */
  writable?: boolean | undefined;
  /** Destroys the stream when it aborts. */
  signal?: AbortSignal | undefined;
}

export interface TcpConnectOptions {
  port: number | string;
  /**
   * An IP address, or a name to look up.
   *
   * @default `'localhost'`
   */
  host?: string | null | undefined;
  /**
   * The IP address to connect from.
   *
   * @default the system's choice
   */
  localAddress?: string | undefined;
  /**
   * The port to connect from.
   *
   * @default the system's choice
   */
  localPort?: number | undefined;
  /**
   * The IP version of the addresses to look up: 4, 6, `'IPv4'`, `'IPv6'`, or 0 for both.
   *
   * @default `0`
   */
  family?: number | 'IPv4' | 'IPv6' | undefined;
  /**
   * Hints for `dns.lookup`.
   *
   * @default `dns.ADDRCONFIG`, or 0 with a `family`
   */
  hints?: number | undefined;
  /**
   * Looks names up, with the arguments of `dns.lookup`.
   *
   * @default `dns.lookup`
   */
  lookup?: LookupFunction | undefined;
  /**
   * Whether to try all addresses of a name, in the order of RFC 8305. Attempts overlap: the next one starts when the
   * last has failed or its time is over, and runs beside it. If all fail, the error is an `AggregateError` with the
   * errors of all attempts.
   *
   * @default {@link getDefaultAutoSelectFamily}
   */
  autoSelectFamily?: boolean | undefined;
  /**
   * The time after which the next attempt starts, in milliseconds. Values below 10 are 10.
   *
   * @default {@link getDefaultAutoSelectFamilyAttemptTimeout}
   */
  autoSelectFamilyAttemptTimeout?: number | undefined;
  /** A header of the PROXY protocol, which is sent before anything else, and before TLS. */
  proxyProtocol?: ProxyOptions | null | undefined;
  /** Options of the kernel that the socket begins with. */
  socketOptions?: KernelOptions | null | undefined;
}

export interface UnixConnectOptions {
  /** The path of a UNIX socket. On Linux, a leading `'\0'` means the abstract namespace. */
  path: string;
  /** A header of the PROXY protocol, which is sent before anything else, and before TLS. */
  proxyProtocol?: ProxyOptions | null | undefined;
  /** Options of the kernel that the socket begins with. */
  socketOptions?: KernelOptions | null | undefined;
}

/** Where {@link Stream.connect} connects to. */
export type ConnectOptions = TcpConnectOptions | UnixConnectOptions;

/** The options of {@link createConnection}: where to connect to, and the options of the new stream. */
export type ConnectionOptions = ConnectOptions &
  StreamOptions & {
    /**
     * {@link Stream.setTimeout} is called with it, in milliseconds.
     *
     * @default no timeout
     */
    timeout?: number | undefined;
  };

/** An encoding of `Buffer`, in lower or upper case (D15, D28). */
export type Encoding = BufferEncoding | Uppercase<BufferEncoding>;

/** Contract: stream.readyState. */
export type ReadyState = 'closed' | 'opening' | 'open' | 'readOnly' | 'writeOnly';

/** The error of a failed system call, in Node's shape (D13). */
export interface SystemError extends Error {
  /** Such as `ECONNREFUSED`. */
  code: string;
  /** The number of `code`, negative. */
  errno: number;
  /** Such as `connect`, `listen`, `read` or `write`. */
  syscall: string;
  /** The address or path of the call. */
  address?: string;
  /** The port of the call. */
  port?: number;
}

/** The events of a {@link Stream}, with the arguments of their listeners. */
export interface StreamEvents {
  /** Connected. On an accepted stream, right after the 'connection' listeners (D3). Contract: Event: 'connect'. */
  connect: [];
  /** Right after 'connect', on a stream that has connected out. */
  ready: [];
  /**
   * The handshake of {@link Stream.setSecure} is done, on either side. Emitted once, after 'connect'. What was written
   * meanwhile is sent when the listeners have run, and every tick and microtask that follows from them, however many, as
   * in `node:tls`. If one of them destroys the stream, nothing is sent; a listener that throws destroys it. A listener
   * that waits for more than that must hold back its writes itself. Contract: Event: 'secure'.
   */
  secure: [];
  /** The name of 'secure' in `node:tls`. Emitted right after it. */
  secureConnect: [];
  /** Data was received: a string if there is an encoding, else a Buffer. Contract: Event: 'data'. */
  data: [data: Buffer | string];
  /** The peer has ended its side. Without `allowHalfOpen`, ours ends once all is sent (D10). Contract: Event: 'end'. */
  end: [];
  /** {@link Server.shutdown} has been called. With a listener, the stream is not closed as long as there is time left. */
  shutdown: [];
  /**
   * No traffic for the time of {@link Stream.setTimeout}; repeated after each such span. Contract: Event: 'timeout'.
   */
  timeout: [];
  /** Nothing waits in user memory any more, after `write()` has returned false (D12). Contract: Event: 'drain'. */
  drain: [];
  /**
   * A descriptor has come with data, over a UNIX socket. It belongs to the listener. Without one, what a peer sends is
   * closed.
   */
  fd: [fd: number];
  /** Our side has ended, behind all that was written. */
  finish: [];
  /**
   * The stream has failed. 'close' follows directly (D13, see {@link SystemError} and {@link TlsError}). Contract:
   * Event: 'error'.
   */
  error: [error: Error];
  /** The stream is closed; `hadError` says whether an error was the cause. Always last. Contract: Event: 'close'. */
  close: [hadError: boolean];
  /** A name has been looked up. Emitted once for each address, or once with an error. */
  lookup: [error: Error | null, address: string | undefined, family: 4 | 6 | undefined, host: string];
  /** An attempt to connect begins. The port and family of a UNIX path are `undefined`. */
  connectionAttempt: [address: string, port: number | undefined, family: 4 | 6 | undefined];
  /** An attempt has failed. */
  connectionAttemptFailed: [address: string, port: number | undefined, family: 4 | 6 | undefined, error: Error];
  /** The time of an attempt is over: the next one starts beside it. */
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
   * Connects the stream. 'connect' follows, or 'error' and 'close'. After 'close', the same object can be connected
   * again (D16); its listeners stay.
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
   * @param encoding of a string; without one, only the low byte of each UTF-16 unit is sent (D1); default `'ascii'`
   * @param callback called when the data has been handed on, or with the error
   * @returns `true` if no data of this stream waits in user memory. `false` if some does; one 'drain' follows when none
   *   does any more. Always `false` before 'connect' (D12).
   */
  write(data: string | Uint8Array, callback?: (error?: Error | null) => void): boolean;
  write(data: string | Uint8Array, encoding?: Encoding, callback?: (error?: Error | null) => void): boolean;

  /**
   * Half-closes the stream: sends a FIN after all that was written. Then `readyState` is `'readOnly'`.
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
   * Takes the live connection out of this stream, for {@link Stream.attach} on any thread of the process: with its TLS
   * session, what has been received and not read, and what has been written and not sent. The callbacks of those writes
   * are called without an error, and 'close' follows. Listeners, a timeout and an encoding do not go along.
   *
   * @throws `ERR_SOCKET_CLOSED` without a connection; `ERR_INVALID_STATE` while it connects, during a TLS handshake,
   *   while HTTP reads from it, and when the connection has failed
   */
  detach(options?: DetachOptions): MovedStream;

  /**
   * Closes a TCP connection with a reset (RST). Data that waits to be sent is lost, and the peer gets `ECONNRESET`.
   *
   * @throws `ERR_INVALID_HANDLE_TYPE` for a UNIX socket
   */
  resetAndDestroy(): this;

  // Reading.

  /**
   * Sets the encoding of received data, which then comes as strings. `null` goes back to Buffers (D15). Characters and
   * base64 groups that arrive in parts are delivered whole.
   *
   * Contract: stream.setEncoding.
   *
   * @param encoding default `null`
   * @throws `ERR_UNKNOWN_ENCODING`
   */
  setEncoding(encoding?: Encoding | null): this;

  /** Stops reading: no more 'data'. Contract: stream.pause. */
  pause(): this;

  /** Reads again after `pause()`. Contract: stream.resume. */
  resume(): this;

  // TLS.

  /**
   * Changes over to TLS, at any time while our side is open (D22). What was written before goes out in the clear; what
   * is written afterwards waits for the handshake and is encrypted. What was received and not delivered belongs to the
   * handshake; after 'secure', only data that came encrypted is delivered. 'secure' follows, or 'error' and 'close',
   * see {@link TlsError}.
   *
   * The handshake begins at once, or with the connection. If the stream is connected again after 'close', it is in the
   * clear (D16).
   *
   * In `rust-net/node`, the members below, from {@link Stream.verifyPeer} to {@link Stream.truncated}, are there from
   * now on until the stream is opened again. In both, what a program has assigned to one of these names stays.
   *
   * Contract: stream.setSecure.
   *
   * @param credentials the result of {@link createCredentials}, or its options; default `net.createCredentials()`
   * @throws the errors of {@link createCredentials}; `ERR_INVALID_ARG_VALUE` for a server without a key;
   *   `ERR_INVALID_STATE` for a second call; `ERR_STREAM_WRITE_AFTER_END` after `end()`; `ERR_SOCKET_CLOSED` after
   *   `destroy()`. An adopted pipe fails with `ERR_INVALID_HANDLE_TYPE`
   */
  setSecure(credentials?: Credentials | CredentialOptions | null, options?: SecureOptions): this;

  /**
   * Whether the peer's certificate is trusted, and is for `servername`, if that was set. This is a verdict, not a gate:
   * data flows in any case, unless {@link CredentialOptions.rejectUnauthorized} is set (D21).
   *
   * Like everything about a secure stream, it stays available until the stream is connected again.
   *
   * Contract: stream.verifyPeer.
   *
   * @throws `ERR_INVALID_STATE`, "Stream is not a secure stream.", before 'secure' (D24)
   */
  verifyPeer(): boolean;

  /**
   * The peer's certificate, or an empty object if it has shown none (D20).
   *
   * Contract: stream.getPeerCertificate.
   *
   * @throws `ERR_INVALID_STATE` before 'secure' (D24)
   */
  getPeerCertificate(): Partial<PeerCertificate>;

  /**
   * The peer's certificate as an instance of Node's class, with all that {@link Stream.getPeerCertificate} leaves out
   * (D20).
   *
   * @throws `ERR_INVALID_STATE` before 'secure'
   */
  getPeerX509Certificate(): X509Certificate | undefined;

  /**
   * Our own certificate, in the form of {@link Stream.getPeerCertificate}; of several, the one that the peer was shown.
   *
   * @throws `ERR_INVALID_STATE` before 'secure'
   */
  getCertificate(): Partial<PeerCertificate>;

  /** The cipher suite (D28). `undefined` before 'secure'. */
  getCipher(): Cipher | undefined;

  /** The version of TLS. Null before 'secure'. */
  getProtocol(): 'TLSv1.2' | 'TLSv1.3' | null;

  /** Whether the handshake has resumed an earlier session. */
  isSessionReused(): boolean;

  /**
   * Keying material that only the two ends can derive (RFC 5705).
   *
   * @param length bytes, at least 1; in TLS 1.3 at most 255 times the size of the suite's hash (8160 for SHA-256)
   * @param label in TLS 1.3 at most 249 bytes; in TLS 1.2 none that begins like one of the protocol's own
   * @param context default: empty in TLS 1.3, none in TLS 1.2
   * @throws `ERR_INVALID_STATE` before 'secure'; `ERR_SOCKET_CLOSED` after 'close'; `ERR_INVALID_ARG_VALUE` for such a
   *   label; `ERR_OUT_OF_RANGE` if `length` is too large
   */
  exportKeyingMaterial(length: number, label: string, context?: string | Uint8Array | ArrayBuffer): Buffer;

  /** Whether the stream is secure: `true` from 'secure' on, until it is connected again. */
  readonly encrypted: boolean;

  /** The result of {@link Stream.verifyPeer}; `false` before 'secure'. */
  readonly authorized: boolean;

  /**
   * Why the peer is not trusted, in Node's codes (D21): `'DEPTH_ZERO_SELF_SIGNED_CERT'`, `'CERT_HAS_EXPIRED'`,
   * `'ERR_TLS_CERT_ALTNAME_INVALID'`, ...; `'UNABLE_TO_GET_ISSUER_CERT'` if it has shown no certificate, whether it was
   * asked or not. Null if it is trusted, and before 'secure'.
   */
  readonly authorizationError: string | null;

  /** The application protocol that both sides have agreed on, or `false`. */
  readonly alpnProtocol: string | false;

  /** The name that the client has asked for, on either side, or `false`. */
  readonly servername: string | false;

  /**
   * Whether the peer's FIN came without a close_notify: then the received data may be incomplete (D23). Set before
   * 'end'.
   */
  readonly truncated: boolean;

  // Timeouts and socket options.

  /**
   * Emits 'timeout' after `msecs` without traffic in either direction, and again after each further such span. It does
   * not close the connection, and does not keep the process alive (D25).
   *
   * Contract: stream.setTimeout.
   *
   * @param msecs milliseconds; 0, as at first, turns the timeout off
   * @param callback added as a one-time listener of 'timeout'; with 0, removed
   * @throws `ERR_INVALID_ARG_TYPE`; `ERR_OUT_OF_RANGE` if `msecs` is negative or not finite
   */
  setTimeout(msecs: number, callback?: () => void): this;

  /**
   * Turns Nagle's algorithm off (`true`) or on (`false`).
   *
   * Contract: stream.setNoDelay.
   *
   * @param noDelay default `true`
   */
  setNoDelay(noDelay?: boolean): this;

  /**
   * Turns keep-alive on or off. Times are rounded down to seconds; 0 leaves what is set.
   *
   * Contract: stream.setKeepAlive.
   *
   * @param enable default `false`
   * @param initialDelay idle time before the first probe, in milliseconds; default `0`
   * @param interval time between probes, in milliseconds; default `0`
   * @param count the number of unanswered probes after which the connection is dropped; default `0`
   */
  setKeepAlive(enable?: boolean, initialDelay?: number, interval?: number, count?: number): this;

  /** The same, with the arguments in an object. */
  setKeepAlive(options: { enable?: boolean; initialDelay?: number; interval?: number; count?: number }): this;

  /**
   * Sets the type of service of TCP packets, now or once the stream is connected: the field of IPv4, or the traffic
   * class of IPv6. The kernel may control the bits of ECN itself. It has no effect on other streams.
   *
   * @param tos 0 to 255; other numbers throw `ERR_OUT_OF_RANGE`
   */
  setTypeOfService(tos: number): this;

  /** The kernel's type of service. If the stream is not connected over TCP, the value that was set, or 0. */
  getTypeOfService(): number;

  /**
   * Sets an option of the kernel by its name, or by level and number: at once on a stream that is connected or
   * connecting, otherwise on each socket that it connects with. It stays with the stream.
   *
   * @throws the system's error where there is a socket that refuses it; `ENOPROTOOPT` where the platform has none of that
   *   name
   */
  setOption(name: NumberOption, value: number): this;
  setOption(name: BooleanOption, value: boolean): this;
  setOption(name: StringOption, value: string): this;
  setOption(level: number, number: number, value: number | Uint8Array): this;

  /**
   * The kernel's value; without a connection, the one that was set last, or undefined. By number, C's `int`, or with a
   * `length` the bytes.
   */
  getOption(name: NumberOption): number | undefined;
  getOption(name: BooleanOption): boolean | undefined;
  getOption(name: StringOption): string | undefined;
  getOption(level: number, number: number): number | undefined;
  getOption(level: number, number: number, length: number): Buffer | undefined;

  /**
   * Sends a copy of a descriptor, or of that of a stream or server, over a UNIX socket: with the first byte of `data`, in
   * its place among the writes. The other end emits 'fd'. Returns as {@link Stream.write}.
   *
   * @param data one byte at least; by default one byte, 0
   * @throws `ERR_INVALID_HANDLE_TYPE` if the stream is not that of a UNIX socket, or is secure
   */
  sendFD(
    fd: number | Stream | Server | { readonly fd: number | null },
    data?: string | Uint8Array,
    callback?: (error?: Error | null) => void,
  ): boolean;
  sendFD(
    fd: number | Stream | Server | { readonly fd: number | null },
    callback: (error?: Error | null) => void,
  ): boolean;

  /** Lets the stream keep the process alive, which is the default (D26). */
  ref(): this;

  /**
   * Lets the process exit while the stream is open (D26). As in Node, connecting and sending still keep the process
   * alive until they are done.
   */
  unref(): this;

  // What the stream is.

  /** `'closed'`, `'opening'`, `'open'`, `'readOnly'` or `'writeOnly'` (D11). Contract: stream.readyState. */
  readonly readyState: ReadyState;

  /**
   * The peer's IP address, on streams that a server has accepted or that have adopted a descriptor (D27). `undefined`
   * on others, and for UNIX sockets. Contract: stream.remoteAddress.
   */
  readonly remoteAddress: string | undefined;

  /** The peer's port, on both sides, and still available in 'close' (D17). `undefined` for UNIX sockets. */
  readonly remotePort: number | undefined;

  /** `'IPv4'` or `'IPv6'` (D17). `undefined` for UNIX sockets. */
  readonly remoteFamily: string | undefined;

  /** Our IP address (D17). `undefined` for UNIX sockets. */
  readonly localAddress?: string;

  /** Our port (D17). `undefined` for UNIX sockets. */
  readonly localPort?: number;

  /** `'IPv4'` or `'IPv6'` (D17). `undefined` for UNIX sockets. */
  readonly localFamily?: string;

  /** Our address: `{ address, family, port }`; empty for a UNIX socket and without a connection (D17). */
  address(): AddressInfo | {};

  /** `'tcp4'`, `'tcp6'`, `'unix'`, or `'pipe'` for an adopted pipe; null without a connection (D28). */
  readonly type: 'tcp4' | 'tcp6' | 'unix' | 'pipe' | null;

  /** The number of the descriptor while the stream is open, else null (D28). */
  readonly fd: number | null;

  /**
   * The process, the user and the group behind a UNIX socket, as they were when it was connected. Null for other sockets,
   * and on macOS.
   */
  readonly peerCredentials: PeerCredentials | null;

  /** The header of the PROXY protocol that the connection has come with, else null. */
  readonly proxy: Proxy | null;

  /** The server that has accepted the stream, else null (D17). */
  readonly server: Server | null;

  /** The last value of `setTimeout`, in milliseconds; `undefined` if it has not been called. */
  readonly timeout?: number;

  /** Whether the stream is between `connect()` and 'connect'. */
  readonly connecting: boolean;

  /** Whether the stream is not connected: not yet, or not any more. */
  readonly pending: boolean;

  /** Bytes received; on a secure stream, decrypted bytes. Starts at 0 when the stream is connected again. */
  readonly bytesRead: number;

  /** Bytes written, whether they have been sent or not. Starts at 0 when the stream is connected again. */
  readonly bytesWritten: number;

  /**
   * What has been counted of the stream, and what the kernel knows of its connection. The counters stay readable when it is
   * closed, and start at 0 when it is connected again. Can be assigned.
   */
  readonly stats: StreamStatistics;

  /** Bytes that wait in user memory to be sent. As in Node, `undefined` without a connection. */
  readonly bufferSize: number;

  /** The addresses (`address:port`) that have been tried so far. Only if a name has several. */
  readonly autoSelectFamilyAttemptedAddresses: string[];

  /** Can be set at any time before the peer ends its side (D11). */
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

/** The events of a class, and any other that a program may emit. */
type EventName<Events> = keyof Events | (string & {}) | symbol;

type Arguments<Events, E> = E extends keyof Events ? (Events[E] extends unknown[] ? Events[E] : never) : any[];

/** A method's type, so that a listener can declare the one kind of data that it expects: `(data: Buffer) => ...`. */
type Listener<Events, E> = { bivariant(...args: Arguments<Events, E>): void }['bivariant'];

export {};
