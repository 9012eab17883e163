// Every entry but the flag says whether the engine is at work.

import { isAccelerated as page } from 'rust-net';
import { isAccelerated as http } from 'rust-net/http';
import { isAccelerated as https } from 'rust-net/https';
import { isAccelerated as node } from 'rust-net/node';
import { isAccelerated as tls } from 'rust-net/tls';
import type { Expect, Same } from './same.js';

export type Always = Expect<Same<typeof page, true>>;
export const either: boolean[] = [http, https, node, tls];
// @ts-expect-error: it can be false
export const always: true = node;
