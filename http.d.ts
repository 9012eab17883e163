// Types of rust-net/http: those of `node:http`, from the application's `@types/node`, and what ours has beside. Servers and
// sockets have what `rust-net/node` adds to them.

/// <reference types="node" />
/// <reference path="./node.d.ts" />

import type * as http from 'node:http';
import type { ConnectExtras, ServerExtras } from './node';

/** `node:http` on `rust-net/node`, for this module alone: its servers and connections are of ours. */
export * from 'node:http';

/**
 * Whether the engine of rust-net is at work. Without one, this is Node's own `http`, with a process warning
 * (`RUST_NET_FALLBACK`); see docs/troubleshooting.md.
 */
export declare const isAccelerated: boolean;

type Request = typeof http.IncomingMessage;
type Response = typeof http.ServerResponse;

/** Options of a server: those of `node:http`, and those of a server of `rust-net/node`. */
export interface ServerOptions<Req extends Request = Request, Res extends Response = Response>
  extends http.ServerOptions<Req, Res>,
    ServerExtras {}

/** That of `node:http`, which listens with `rust-net/node`, and takes the options of its servers, too. */
export declare const Server: typeof http.Server & {
  new <Req extends Request = Request, Res extends Response = Response>(
    options: ServerOptions<Req, Res>,
    requestListener?: http.RequestListener<Req, Res>,
  ): http.Server<Req, Res>;
};
export type Server<Req extends Request = Request, Res extends Response = Response> = http.Server<Req, Res>;

/** Creates a server; see `Server`. */
export declare const createServer: typeof http.createServer & {
  <Req extends Request = Request, Res extends Response = Response>(
    options: ServerOptions<Req, Res>,
    requestListener?: http.RequestListener<Req, Res>,
  ): http.Server<Req, Res>;
};

declare module 'node:http' {
  // A base, and no property: it is that of `rust-net/node`. Agents keep apart neither: see docs/api/proxy-protocol.md.
  interface ClientRequestArgs extends ConnectExtras {}
}
