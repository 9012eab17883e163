/**
 * Once this is loaded, `net` and `node:net` are `rust-net/node`, for the application and its dependencies. Load it
 * first: `node --import rust-net/register app.js`, or `--require`.
 */
export {};
