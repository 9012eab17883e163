// rust-net/tls has the types of node:tls, and either can be put where the other is expected.

import * as nodeTls from 'node:tls';
import * as ours from 'rust-net/tls';
import type { Expect, Same } from './same.js';

type Theirs = typeof import('node:tls');
type Ours = typeof import('rust-net/tls');
export const asTheirs: Theirs = ours;
export type Names = Expect<Same<Exclude<keyof Ours, 'isAccelerated'>, keyof Theirs>>;

export const client: nodeTls.TLSSocket = ours.connect({ port: 443, servername: 'localhost' });
export const back: ours.TLSSocket = nodeTls.connect(443);
export const server: nodeTls.Server = ours.createServer({ key: '', cert: '' }, (socket) => socket.end());
export const context: nodeTls.SecureContext = ours.createSecureContext({ minVersion: 'TLSv1.3' });
export const engine: 'rustls' | 'openssl' | undefined = client.tlsEngine;
export const options: ours.ConnectionOptions = { ALPNProtocols: ['h2'], checkServerIdentity: ours.checkServerIdentity };

// @ts-expect-error: it can't be chosen
client.tlsEngine = 'rustls';
// @ts-expect-error: a port is no boolean
ours.connect({ port: true });
