/** `node:https` on `rust-net/tls`, for this module alone: its servers and connections are of ours. */
export * from 'node:https';
