/** `node:http` on `rust-net/node`, for this module alone: its servers and connections are of ours. */
export * from 'node:http';
