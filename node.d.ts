// Types of rust-net/node: those of `node:net`, from the application's `@types/node`, and what ours has beside, on every
// version of Node. docs/api/node.md has all of it.

/// <reference types="node" />

import type { BlockList } from 'node:net';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import type {
  BooleanOption,
  BoundSocket as OwnBoundSocket,
  BoundSocketConstructor,
  CredentialOptions,
  Credentials,
  DetachOptions,
  KernelOptions,
  Limits,
  ListenFD,
  MovedStream,
  NumberOption,
  PeerCredentials,
  Proxy,
  ProxyMode,
  ProxyOptions,
  ProxyPolicy,
  SecureOptions,
  ShutdownOptions,
  ShutdownOutcome,
  ServerStatistics,
  Statistics,
  Stream,
  StreamStatistics,
  StringOption,
} from './index';

export * from 'node:net';

/** Another name of `Socket`. */
export { Socket as Stream } from 'node:net';

/**
 * Whether the engine of rust-net is at work. Without one, this is Node's own `net`, with a process warning
 * (`RUST_NET_FALLBACK`); see docs/troubleshooting.md.
 */
export declare const isAccelerated: boolean;

/** The listening sockets that were passed to this process; see that of `rust-net`. */
export declare function listenFDs(options?: { unset?: boolean | undefined }): ListenFD[];

/** What the engine of this thread has counted; see that of `rust-net`. Not there where `isAccelerated` is `false`. */
export declare function stats(): Statistics;

/** The class of `node:net` where the application's `@types/node` have it, else that of `rust-net`. */
export declare const BoundSocket: typeof import('node:net') extends { BoundSocket: infer Class }
  ? Class
  : BoundSocketConstructor;
export type BoundSocket = typeof import('node:net') extends { BoundSocket: new (...args: any) => infer Instance }
  ? Instance
  : OwnBoundSocket;

/** The members that a socket has from `setSecure()` on, until it is opened again; see those of `rust-net`. */
export interface SecureMembers
  extends Pick<
    Stream,
    | 'verifyPeer'
    | 'getPeerX509Certificate'
    | 'getCipher'
    | 'getProtocol'
    | 'isSessionReused'
    | 'exportKeyingMaterial'
    | 'encrypted'
    | 'authorized'
    | 'authorizationError'
    | 'alpnProtocol'
    | 'servername'
    | 'truncated'
  > {
  /** The peer's certificate as `node:tls` shows it, or an empty object. */
  getPeerCertificate(): PeerCertificate | DetailedPeerCertificate | {};

  /** Our own certificate as `node:tls` shows it, or an empty object. */
  getCertificate(): PeerCertificate | {};
}

/** Options of a socket that not every `node:net` has. */
export interface SocketExtras extends KeepAliveExtras {
  /** A bound socket to connect from, or a connection of Node's core. */
  handle?: any;
  /** Connecting to one of these addresses fails with `ERR_IP_BLOCKED`. */
  blockList?: BlockList | undefined;
  /** See `setTypeOfService()`. */
  typeOfService?: number | undefined;
}

/** Options of a server that not every `node:net` has. */
export interface ServerExtras extends KeepAliveExtras, Limits {
  /** That of calls of `listen()` that say nothing of it. */
  backlog?: number | undefined;
  /** Connections from these addresses are closed immediately. */
  blockList?: BlockList | undefined;
  /** Whether the rejection of a promise that a listener returns becomes an 'error'. */
  captureRejections?: boolean | undefined;
  /** Has connections begin with a header of the PROXY protocol; see that of `rust-net`. */
  proxyProtocol?: ProxyMode | ProxyPolicy | null | undefined;
}

/** Options of `connect()` that no `node:net` has. */
export interface ConnectExtras {
  /** A header of the PROXY protocol, which is sent before anything else; see that of `rust-net`. */
  proxyProtocol?: ProxyOptions | null | undefined;
  /** Options of the kernel that the socket begins with; see those of `rust-net`. */
  socketOptions?: KernelOptions | null | undefined;
}

/** Options of keep-alive that not every `node:net` has. */
export interface KeepAliveExtras {
  /** Time between keep-alive probes, in milliseconds, rounded down to seconds. */
  keepAliveInterval?: number | undefined;
  /** The number of unanswered probes after which the connection is dropped. */
  keepAliveCount?: number | undefined;
}

/** Options of `listen()` that not every `node:net` has. */
export interface ListenExtras extends Limits {
  /** A socket that is bound already, or a handle of Node's core. */
  handle?: any;
  /** Share the port with other sockets that set this option. */
  reusePort?: boolean | undefined;
  /** Comes before that of the server. */
  proxyProtocol?: ProxyMode | ProxyPolicy | null | undefined;
  /** Options of the kernel that the listening socket begins with; see those of `rust-net`. */
  socketOptions?: KernelOptions | null | undefined;
}

declare module 'node:net' {
  interface Socket {
    /** The number of the descriptor while the socket is open, else null. */
    fd: number | null;

    /** `'tcp4'`, `'tcp6'`, `'unix'`, or `'pipe'` for an adopted pipe; null without a connection. */
    type: 'tcp4' | 'tcp6' | 'unix' | 'pipe' | null;

    /** The header of the PROXY protocol that the connection has come with, else null. */
    readonly proxy: Proxy | null;

    /** Changes over to TLS; see that of `rust-net`. Never an option of `node:net`. */
    setSecure(credentials?: Credentials | CredentialOptions | null, options?: SecureOptions): this & SecureMembers;

    /** Takes the live connection out of this socket, for `attach()` on any thread; see that of `rust-net`. */
    detach(options?: DetachOptions): MovedStream;

    /** Times in milliseconds, rounded down to seconds; 0 leaves what is set. */
    setKeepAlive(enable?: boolean, initialDelay?: number, interval?: number, count?: number): this;
    setKeepAlive(options: { enable?: boolean; initialDelay?: number; interval?: number; count?: number }): this;

    /** Sets the type of service of TCP packets, 0 to 255. */
    setTypeOfService(tos: number): this;
    getTypeOfService(): number;

    /** Sets an option of the kernel by its name, and returns it; see those of `rust-net`. */
    setOption(name: NumberOption, value: number): this;
    setOption(name: BooleanOption, value: boolean): this;
    setOption(name: StringOption, value: string): this;
    setOption(level: number, number: number, value: number | Uint8Array): this;
    getOption: Stream['getOption'];

    /** Sends a copy of a descriptor over a UNIX socket, whose other end emits 'fd'; see that of `rust-net`. */
    sendFD(
      fd: number | Socket | Server | { readonly fd: number | null },
      data?: string | Uint8Array,
      callback?: (error?: Error | null) => void,
    ): boolean;
    sendFD(
      fd: number | Socket | Server | { readonly fd: number | null },
      callback: (error?: Error | null) => void,
    ): boolean;

    /** What has been counted of the socket; see that of `rust-net`. */
    readonly stats: StreamStatistics;

    /** The process, the user and the group behind a UNIX socket, else null. */
    readonly peerCredentials: PeerCredentials | null;
  }

  namespace Socket {
    /** Makes a socket of a connection that `detach()` has taken out of another; see that of `rust-net`. */
    function attach(moved: MovedStream): Socket;
  }

  // Bases, and not properties: later versions of `@types/node` declare some of these options themselves.
  interface SocketConstructorOpts extends SocketExtras {}
  interface ServerOpts extends ServerExtras {}
  interface ListenOptions extends ListenExtras {}
  interface TcpSocketConnectOpts extends ConnectExtras {}
  interface IpcSocketConnectOpts extends ConnectExtras {}

  interface Server {
    listen(bound: BoundSocket, backlog?: number, listeningListener?: () => void): this;
    listen(bound: BoundSocket, listeningListener?: () => void): this;

    /** Ends the server gracefully; see that of `rust-net`. Servers of `tls` and `http` have it, too. */
    shutdown(options?: ShutdownOptions): Promise<ShutdownOutcome>;

    /** What the server allows its connections; see that of `rust-net`. */
    readonly limits: Required<Limits>;

    /** Changes what the server allows its connections; see that of `rust-net`. */
    setLimits(limits: Limits): this;

    /** What has been counted of the server's connections; see that of `rust-net`. */
    readonly stats: ServerStatistics;

    /** The open sockets that the server has accepted. */
    readonly streams: Iterable<Socket>;

    /** The number of the descriptor while the server listens, for another process; else null. */
    readonly fd: number | null;
  }
}
