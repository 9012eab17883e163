/**
 * From here on, `net` and `node:net` are `rust-net/node`, for the application and its dependencies. To be loaded first:
 * `node --import rust-net/register app.js`, or `--require`.
 */
export {};
