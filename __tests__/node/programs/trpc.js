'use strict';

// tRPC with its server of HTTP and its handler on https.createServer: batches and streams by the global fetch.

const { createTRPCClient, httpBatchLink, httpBatchStreamLink, TRPCClientError } = require('@trpc/client');
const { initTRPC, TRPCError } = require('@trpc/server');
const { createHTTPHandler, createHTTPServer } = require('@trpc/server/adapters/standalone');
const https = require('https');
const { TEXT, atOnce, closed, digest, identities, listening, report } = require('./common');

const t = initTRPC.context().create();

/** The input, as a string. */
function parse(input) {
  if (typeof input !== 'string') throw new Error('not a string');
  return input;
}

const router = t.router({
  hello: t.procedure.input(parse).query(({ input, ctx }) => ({ hello: input, address: ctx.address })),
  digest: t.procedure.input(parse).mutation(({ input }) => digest(input)),
  forbidden: t.procedure.query(() => {
    throw new TRPCError({ code: 'FORBIDDEN' });
  }),
  later: t.procedure.input(parse).query(async ({ input }) => {
    await new Promise(setImmediate);
    return input;
  }),
});

const options = { router, createContext: ({ req }) => ({ address: req.socket.remoteAddress }) };

async function exercise(credentials) {
  const server = credentials ? https.createServer(credentials, createHTTPHandler(options)) : createHTTPServer(options);
  await listening(server, 0, '127.0.0.1');
  const url = `${credentials ? 'https' : 'http'}://localhost:${server.address().port}`;
  const client = createTRPCClient({ links: [httpBatchLink({ url })] });
  const streaming = createTRPCClient({ links: [httpBatchStreamLink({ url })] });
  const { hello, address } = await client.hello.query(TEXT);
  const long = TEXT.repeat(20_000);
  const posted = (await client.digest.mutate(long)) === digest(long);
  const batched = await atOnce(50, (i) => client.hello.query(`${i}`));
  const streamed = await atOnce(20, (i) => streaming.later.query(`${i}`));
  const forbidden = await client.forbidden.query().catch((error) => {
    return error instanceof TRPCClientError && error.data.code;
  });
  server.closeAllConnections();
  await closed(server);
  return {
    hello,
    address,
    posted,
    batched: batched.every((answer, i) => answer.hello === `${i}`),
    streamed: streamed.every((answer, i) => answer === `${i}`),
    forbidden,
  };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }));
