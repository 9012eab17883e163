// Types of rust-net, written by hand.
//
// "Contract" names a section of the `net` page of Node v0.3.1; D-numbers are decisions on how that page is read, see
// the tables in README.md. Spans of time are in milliseconds and sizes in bytes. Wrong arguments throw at once, with
// Node's codes (`ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_SOCKET_BAD_PORT`, ...), before anything happens.

/// <reference types="node" />

import type { X509Certificate } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { BlockList, LookupFunction, OnReadOpts } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { DetailedPeerCertificate } from 'node:tls';

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

/**
 * Reads keys, certificates, whom to trust and how to talk: once, for any number of streams (D19). Without options, they
 * are those of a client that shows no certificate and trusts the default list, see {@link CredentialOptions.ca}.
 *
 * Contract: stream.setSecure.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, and what {@link CredentialOptions}
 *   names: the message says which option it is
 */
export declare function createCredentials(options?: CredentialOptions): Credentials;

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

// BoundSocket.

/**
 * A socket that is bound at once, and adopted later: by a server, which listens on it ({@link Server.listen}), or by a
 * stream, which connects from it ({@link StreamOptions.handle}). It is theirs from then on. One that nobody adopts is to
 * be closed.
 */
export declare const BoundSocket: BoundSocketConstructor;

export interface BoundSocketConstructor {
  /**
   * @throws what bind(2) fails with (`EADDRINUSE`, `EADDRNOTAVAIL`, ...; see {@link SystemError}),
   * `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a name as the host and for a path beside other options,
   * `ERR_SOCKET_BAD_PORT`
   */
  new (options?: BoundSocketOptions): BoundSocket;
  readonly prototype: BoundSocket;
}

/** Where to bind: to a `host` and `port`, or to a `path`. */
export interface BoundSocketOptions {
  /** An IP address. Default `'0.0.0.0'`, with `ipv6Only` `'::'`. */
  host?: string | null | undefined;
  /** The port; 0, the default, has the system choose one. */
  port?: number | string | null | undefined;
  /** With `host: '::'`: leave IPv4 to others. Default `false`. */
  ipv6Only?: boolean | null | undefined;
  /** Share the port with other sockets that say so. Default `false`. */
  reusePort?: boolean | null | undefined;
  /** The path of a UNIX socket; on Linux, a leading `'\0'` puts it into the abstract namespace. */
  path?: string | undefined;
}

/** After it has been adopted or closed, all but `isPipe` throw `ERR_SOCKET_HANDLE_ADOPTED`. */
export interface BoundSocket {
  /** Where it is bound: an address, or the path. */
  address(): AddressInfo | string;

  /** The number of its descriptor, which is not to be closed. */
  fd(): number;

  /** Closes a socket that nobody has adopted, and removes the file of a path. */
  close(): void;

  /** Whether it is bound to a path. */
  readonly isPipe: boolean;
}

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
   * for the system is an 'error' (`ENAMETOOLONG`). A null byte within a path throws `ERR_INVALID_ARG_VALUE`. A leftover
   * socket file is taken over (D7).
   */
  path?: string | undefined;
  /** A descriptor that has been bound and listens already, see {@link Server.listenFD}. */
  fd?: number | undefined;
  /** What has been bound before: all other options count for nothing then. */
  handle?: BoundSocket | undefined;
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
   * @throws `ERR_SERVER_ALREADY_LISTEN` if the server listens already, `ERR_SOCKET_HANDLE_ADOPTED` if `bound` is not
   * to be had any more
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
   * An 'error' has the code `EBADF` where there is no open descriptor, `ENOTSOCK` for what is no socket, `EINVAL` for a
   * socket that does not listen, `EEXIST` for one that a stream or server of this process has; such a descriptor is left
   * alone.
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

// TLS.

/** PEM as text or bytes, or DER as bytes. */
export type CredentialData = string | NodeJS.ArrayBufferView | ArrayBuffer;

/** A private key, and what it is encrypted with; without `passphrase`, {@link CredentialOptions.passphrase} counts. */
export type CredentialKey = CredentialData | { pem: CredentialData; passphrase?: string | undefined };

/** A PKCS#12 archive; without `passphrase`, {@link CredentialOptions.passphrase} counts. */
export type CredentialArchive =
  | NodeJS.ArrayBufferView
  | ArrayBuffer
  | { buf: NodeJS.ArrayBufferView | ArrayBuffer; passphrase?: string | undefined };

/** What {@link createCredentials} takes. Each is for both sides, where it says nothing else. */
export interface CredentialOptions {
  /**
   * The private key: PKCS#8, PKCS#1 or SEC1, encrypted or not. RSA from 2048 bits, P-256, P-384, P-521, Ed25519; others
   * throw `ERR_OSSL_UNSUPPORTED`. What can't be read, or decrypted, throws the code that Node's `crypto` gives it
   * (`ERR_OSSL_BAD_DECRYPT`, ...). With several keys, the first is used that the peer can check.
   */
  key?: CredentialKey | readonly CredentialKey[] | undefined;
  /**
   * The certificate of the key, in PEM followed by those of its issuers. There are as many as keys, in any order: if
   * not, `ERR_INVALID_ARG_VALUE`. One that can't be read throws `ERR_OSSL_ASN1_WRONG_TAG`, `ERR_OSSL_PEM_NO_START_LINE`
   * or `ERR_OSSL_PEM_BAD_BASE64_DECODE`; one of another key, `ERR_OSSL_X509_KEY_VALUES_MISMATCH`.
   */
  cert?: CredentialData | readonly CredentialData[] | undefined;
  /**
   * A key with its certificate and others, as a PKCS#12 archive. The others complete the chain, and are trusted besides
   * `ca`. One that can't be opened throws `ERR_CRYPTO_OPERATION_FAILED`.
   */
  pfx?: CredentialArchive | readonly CredentialArchive[] | undefined;
  /** What `key` and `pfx` are encrypted with. */
  passphrase?: string | undefined;
  /**
   * Whom to trust: authorities, and single certificates, which need no issuer then (D21). An empty array is nobody.
   * With it, a server asks its clients for a certificate. Default: Mozilla's authorities, as of this version of the
   * package, and those in the file that `NODE_EXTRA_CA_CERTS` named when the process was started; never the system's
   * list. What can't be read throws `ERR_INVALID_ARG_VALUE`.
   */
  ca?: CredentialData | readonly CredentialData[] | undefined;
  /**
   * Revocation lists. With any, every certificate of a chain needs a list of its issuer that covers it and is valid at
   * the time. Of several lists of one issuer, all are asked: what one revokes is revoked. One that can't be read throws
   * `ERR_CRYPTO_OPERATION_FAILED`, one past its time `CRL_HAS_EXPIRED`.
   */
  crl?: CredentialData | readonly CredentialData[] | undefined;
  /**
   * The oldest version. Default `'TLSv1.2'`, which older ones mean as well. With nothing between it and `maxVersion`,
   * `ERR_TLS_INVALID_PROTOCOL_VERSION`.
   */
  minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** The newest version. Default `'TLSv1.3'`. Another name throws `ERR_TLS_INVALID_PROTOCOL_VERSION`. */
  maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /**
   * The cipher suites, preferred ones first, with colons between: names of OpenSSL or the IANA, and OpenSSL's words for
   * groups with `!`, `-` and `+`. Those of TLS 1.3 are all there, unless some are named; with none but such named,
   * there is no TLS 1.2. A server's order goes before its client's. Default: all, AES-128 first. If none is left,
   * `ERR_SSL_NO_CIPHER_MATCH`.
   */
  ciphers?: string | undefined;
  /**
   * Application protocols, preferred ones first; a server's order goes before its client's. Also as one Buffer, each
   * behind its length, as they are sent; one that ends within a name throws `ERR_INVALID_ARG_VALUE`. Where both sides
   * have some and none in common, the handshake fails (`ERR_SSL_NO_APPLICATION_PROTOCOL`). A name has 1 to 255 bytes,
   * or `ERR_OUT_OF_RANGE`. Default: none.
   */
  ALPNProtocols?: readonly CredentialData[] | NodeJS.ArrayBufferView | undefined;
  /**
   * An OpenSSL method, which stands for versions: `'TLS_method'` for all, `'TLSv1_2_method'`, and those for one side.
   * Another throws `ERR_TLS_INVALID_PROTOCOL_METHOD`; together with `minVersion` or `maxVersion`,
   * `ERR_TLS_PROTOCOL_VERSION_CONFLICT`.
   */
  secureProtocol?: string | undefined;
  /**
   * OpenSSL's options, of `crypto.constants`. `SSL_OP_NO_TLSv1_2`, `SSL_OP_NO_TLSv1_3` and `SSL_OP_NO_TICKET` are
   * honoured, the other names of Node's list hold in any case or permit what there is not. Another bit throws
   * `ERR_INVALID_ARG_VALUE`.
   */
  secureOptions?: number | undefined;
  /**
   * Signature algorithms that are offered, accepted and signed with, preferred ones first, with colons between: names
   * of OpenSSL (`'ECDSA+SHA256'`) or TLS (`'rsa_pss_rsae_sha256'`). If none is left, or a name is unknown,
   * `ERR_INVALID_ARG_VALUE`. Default: all.
   */
  sigalgs?: string | undefined;
  /**
   * Groups for the key exchange, preferred ones first, with colons between. If none is left, or a name is unknown,
   * `ERR_CRYPTO_OPERATION_FAILED`. Default `'auto'`, all.
   */
  ecdhCurve?: string | undefined;
  /** On a server: its order of cipher suites goes before its client's. Default `true`. */
  honorCipherOrder?: boolean | undefined;
  /** As {@link SecureOptions.servername}, which goes before it. */
  servername?: string | undefined;
  /**
   * On a client: has the last word on the certificate of a server that is trusted otherwise, in the place of the check
   * for its name, as in `node:tls`. `hostname` is `servername`, or what was connected to (`'localhost'` over UNIX).
   * What it returns, unless `undefined`, is what is wrong: `authorizationError` is its `code` or `message`, and with
   * `rejectUnauthorized` the stream fails with it. What it throws is an uncaught exception, and destroys the stream.
   * It is called in resumed handshakes, too.
   */
  checkServerIdentity?: ((hostname: string, certificate: DetailedPeerCertificate) => Error | undefined) | undefined;
  /** On a server: ask the client for a certificate. Default `false`; with `ca`, it is asked for in any case. */
  requestCert?: boolean | undefined;
  /**
   * Fail the handshake with a peer that is not trusted, with the code that {@link Stream.authorizationError} would
   * have, or `ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE`. Default `false`: {@link Stream.verifyPeer} says so, and
   * nothing else happens (D21).
   *
   * A client then also checks the certificate for the name or address that it has connected to (`localhost` over UNIX),
   * where `servername` does not give another. A server then asks for certificates, whatever `requestCert` says. In
   * TLS 1.3, a client is secure before the server has looked at its certificate: that it was refused comes as an
   * 'error' after 'secure'.
   */
  rejectUnauthorized?: boolean | undefined;
  /**
   * For how long a session can be resumed, in seconds, up to 2147483647. Default 300; 0 is not at all. Whether the peer
   * is trusted is looked at anew for each stream.
   */
  sessionTimeout?: number | undefined;
  /**
   * On a server: the keys of session tickets, 48 bytes, for several processes that are one server. They seal tickets
   * for a week, then keys of its own do; {@link Credentials.setTicketKeys} gives new ones before. Default: keys of its
   * own, replaced after each `sessionTimeout`.
   */
  ticketKeys?: NodeJS.ArrayBufferView | undefined;
  /**
   * On a server: gives the credentials for the name that a client asks for, or an error, which the stream then fails
   * with. Nothing given is these credentials themselves. Not called for a client that names nobody. What is given
   * counts in everything but `handshakeTimeout`: its `ca` is the one by which the client is judged. What these
   * credentials ask of a client, a certificate or a good one, they ask for every name. If it throws, the stream fails
   * (`ERR_OPERATION_FAILED`).
   */
  SNICallback?:
    | ((
        servername: string,
        callback: (error?: Error | null, credentials?: Credentials | CredentialOptions | null) => void,
      ) => void)
    | undefined;
  /**
   * On a server: credentials by the name that a client asks for, looked at before `SNICallback`, with the same effect.
   * `'*.example.org'` stands for one label in front. Each needs a key and a certificate (`ERR_INVALID_ARG_VALUE`).
   */
  contexts?: { readonly [servername: string]: Credentials | CredentialOptions } | undefined;
  /** On a server: sessions of another context are not resumed, whatever their keys. Default: none. */
  sessionIdContext?: string | undefined;
  /**
   * How long a handshake may take, in milliseconds, up to 2147483647: from {@link Stream.setSecure}, or from the
   * connection where that comes later. Default 120000, also with 0.
   */
  handshakeTimeout?: number | undefined;
  /**
   * Gets the secrets of each connection, by which a recording of it can be read: lines in the format of
   * `SSLKEYLOGFILE`, each with its line feed, or the path of a file that they are appended to (`ERR_INVALID_ARG_VALUE`
   * if it can't be opened; made for its owner only). Default: nobody gets them, whatever the environment says.
   */
  keylog?: ((line: Buffer) => void) | string | undefined;
}

declare const opaque: unique symbol;

/** What {@link createCredentials} has read. It can be shared by any number of streams. Contract: stream.setSecure. */
export interface Credentials {
  readonly [opaque]: never;

  /** The keys of session tickets: 48 bytes, for other processes that are the same server. */
  getTicketKeys(): Buffer;

  /**
   * Replaces the keys of session tickets. Tickets under those before can still be used, until the next replacement.
   *
   * @throws `ERR_INVALID_ARG_VALUE` if they are not 48 bytes
   */
  setTicketKeys(keys: NodeJS.ArrayBufferView): void;
}

/** How {@link Stream.setSecure} goes about it. */
export interface SecureOptions {
  /** Whether to answer instead of speaking first. Default: what the stream is, `true` if a server has accepted it. */
  isServer?: boolean | undefined;
  /**
   * On a client: the name or address that the server's certificate must be for. A name is also sent to the server
   * (SNI). Default: that of the credentials; without any, the name that was connected to is sent, and only checked with
   * {@link CredentialOptions.rejectUnauthorized}. An empty one is none.
   */
  servername?: string | undefined;
}

/** A certificate in the words of the contract (D20). Contract: stream.getPeerCertificate. */
export interface PeerCertificate {
  /** Whose it is, as `/C=UK/O=node.js/CN=localhost`. */
  subject: string;
  /** Who has signed it, written likewise. */
  issuer: string;
  /** As `Nov 11 09:52:22 2009 GMT`. */
  valid_from: string;
  /** Written likewise. */
  valid_to: string;
  /** SHA-1 of the certificate, as `2A:7A:C2:...`. */
  fingerprint: string;
}

/** A cipher suite. */
export interface Cipher {
  /** OpenSSL's name. */
  name: string;
  /** The IANA's name. */
  standardName: string;
  /** The version of TLS that it was made for. */
  version: 'TLSv1.2' | 'TLSv1.3';
}

/**
 * The error of a handshake or session that has failed. `code` is what `node:tls` gives (`ERR_SSL_WRONG_VERSION_NUMBER`,
 * ...), that of a verdict (see {@link Stream.authorizationError}), `ECONNRESET` if the peer has gone in the middle of
 * the handshake, or `ERR_TLS_HANDSHAKE_TIMEOUT`.
 */
export interface TlsError extends Error {
  code: string;
  /** The alert that the peer has sent, by OpenSSL's name, as `tlsv1 alert unknown ca`. Missing if it has sent none. */
  alert?: string;
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
   * A descriptor to adopt: a connected socket or a pipe. Once the constructor has returned, the stream owns it; 0, 1 and
   * 2 are never closed. What can't be adopted throws `ERR_INVALID_FD_TYPE`, or `EEXIST` where a stream or server of this
   * process has it, and is left alone.
   */
  fd?: number | undefined;
  /** Connects from what has been bound before. `localAddress` and `localPort` can't be given then. */
  handle?: BoundSocket | undefined;
  /** Puts what is received into `buffer` and tells `callback`, instead of 'data'. False from it is as `pause()`. */
  onread?: OnReadOpts | undefined;
  /** Addresses that are not connected to: `ERR_IP_BLOCKED`. */
  blockList?: BlockList | undefined;
  /** See {@link Stream.setTypeOfService}. Default: the system's. */
  typeOfService?: number | undefined;
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
  /**
   * The handshake of {@link Stream.setSecure} is done, on either side; once, after 'connect'. What was written
   * meanwhile is sent when the listeners have run, and every tick and microtask that follows from them, however many, as
   * in `node:tls`. If one of them destroys the stream, nothing is sent; a listener that throws destroys it. A listener
   * that waits for more than that has to hold back its writes itself. Contract: Event: 'secure'.
   */
  secure: [];
  /** Right after 'secure', under the name that `node:tls` has for it. */
  secureConnect: [];
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
  /**
   * It has failed; 'close' follows directly (D13, see {@link SystemError}, {@link TlsError}). Contract: Event: 'error'.
   */
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

  // TLS.

  /**
   * Changes over to TLS, at any time while our side is open (D22): what was written before goes out in the clear, what
   * is written afterwards waits for the handshake and is encrypted. What was received and not delivered belongs to the
   * handshake; after 'secure', only what came encrypted is delivered. 'secure' follows, or 'error' and 'close', see
   * {@link TlsError}.
   *
   * The handshake begins at once, or with the connection. Opened again after 'close', the stream is in the clear (D16).
   *
   * In `rust-net/node`, the members below, from {@link Stream.verifyPeer} to {@link Stream.truncated}, are there from
   * now on until the stream is opened again. In both, what a program has assigned to one of these names stays.
   *
   * Contract: stream.setSecure.
   *
   * @param credentials those of {@link createCredentials}, or the options for it; without any, as its defaults
   * @throws what {@link createCredentials} does; `ERR_INVALID_ARG_VALUE` for a server without a key;
   *   `ERR_INVALID_STATE` the second time; `ERR_STREAM_WRITE_AFTER_END` after `end()`, `ERR_SOCKET_CLOSED` after
   *   `destroy()`. A pipe that was taken over fails with `ERR_INVALID_HANDLE_TYPE`
   */
  setSecure(credentials?: Credentials | CredentialOptions | null, options?: SecureOptions): this;

  /**
   * Whether the peer's certificate is trusted, and for `servername`, where that was given. A verdict, not a gate: the
   * stream works all the same, unless {@link CredentialOptions.rejectUnauthorized} (D21).
   *
   * Like all that is known of a secure stream, it can be asked for until the stream is opened again.
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
   * The peer's certificate as Node's own class, for all that {@link Stream.getPeerCertificate} leaves out (D20).
   *
   * @throws `ERR_INVALID_STATE` before 'secure'
   */
  getPeerX509Certificate(): X509Certificate | undefined;

  /**
   * Our own certificate, as {@link Stream.getPeerCertificate} gives the peer's; the first, where the credentials have
   * several.
   *
   * @throws `ERR_INVALID_STATE` before 'secure'
   */
  getCertificate(): Partial<PeerCertificate>;

  /** The cipher suite (D28). `undefined` before 'secure'. */
  getCipher(): Cipher | undefined;

  /** The version of TLS. Null before 'secure'. */
  getProtocol(): 'TLSv1.2' | 'TLSv1.3' | null;

  /** Whether the handshake has resumed a former session. */
  isSessionReused(): boolean;

  /**
   * Keying material that both ends can derive, and nobody else (RFC 5705).
   *
   * @param length bytes, at least 1; in TLS 1.3 at most 255 times what the suite's hash gives (8160 for SHA-256)
   * @param context default: empty in TLS 1.3, none in TLS 1.2
   * @throws `ERR_INVALID_STATE` before 'secure'; `ERR_SOCKET_CLOSED` after 'close'; `ERR_OUT_OF_RANGE` if `length` is
   *   too much
   */
  exportKeyingMaterial(length: number, label: string, context?: string | Uint8Array | ArrayBuffer): Buffer;

  /** Whether the stream is secure: true from 'secure' on, until it is opened again. */
  readonly encrypted: boolean;

  /** What {@link Stream.verifyPeer} says; false before 'secure'. */
  readonly authorized: boolean;

  /**
   * Why the peer is not trusted, in Node's codes (D21): `'DEPTH_ZERO_SELF_SIGNED_CERT'`, `'CERT_HAS_EXPIRED'`,
   * `'ERR_TLS_CERT_ALTNAME_INVALID'`, ...; `'UNABLE_TO_GET_ISSUER_CERT'` if it has shown no certificate, asked or not.
   * Null if it is trusted, and before 'secure'.
   */
  readonly authorizationError: string | null;

  /** The application protocol that was agreed on, or false. */
  readonly alpnProtocol: string | false;

  /** The name that the client has asked for, on either side, or false. */
  readonly servername: string | false;

  /**
   * Whether the peer has ended without saying so (a FIN without its close_notify): what was received may not be all
   * that it has sent (D23). Set before 'end'.
   */
  readonly truncated: boolean;

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

  /**
   * Sets the type of service of what is sent over TCP, now or once the stream is connected: the field of IPv4, or the
   * traffic class of IPv6. The kernel may keep the bits of ECN to itself. Without effect on other streams.
   *
   * @param tos 0 to 255; others throw `ERR_OUT_OF_RANGE`
   */
  setTypeOfService(tos: number): this;

  /** The type of service that the kernel has; of a stream that is not connected over TCP, what has been set, or 0. */
  getTypeOfService(): number;

  /** Lets the stream keep the process alive, which is the default (D26). */
  ref(): this;

  /**
   * Lets the process exit while the stream is open (D26). As in Node, connecting and sending what was written still keep
   * the process alive until they are done.
   */
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

  /** Bytes received; on a secure stream, decrypted ones. Starts anew when the stream is opened again. */
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
