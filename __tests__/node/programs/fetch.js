'use strict';

// The global fetch to servers of http and https. (Nothing here may load undici: its dispatcher would be fetch's, too.)

const { BINARY, TEXT, atOnce, closed, codeOf, digest, failure, identities, report } = require('./common');
const { at, failures, serve, start } = require('./origin');

async function exercise(credentials) {
  const isSecure = credentials !== undefined;
  const server = await start(credentials);
  const origin = at(server.address().port, isSecure);
  const bytes = async (response) => Buffer.from(await response.arrayBuffer());
  const text = await (await fetch(`${origin}/text`)).text();
  const got = digest(await bytes(await fetch(`${origin}/binary`))) === digest(BINARY);
  const posted = digest(await bytes(await fetch(`${origin}/echo`, { method: 'POST', body: BINARY }))) === digest(BINARY);
  const whom = await (await fetch(`${origin}/whom`)).json();
  const unzipped = digest(await bytes(await fetch(`${origin}/zipped`))) === digest(BINARY);
  const moved = await (await fetch(`${origin}/moved`)).text();
  const many = await atOnce(100, async (i) => {
    const response = await fetch(`${origin}/echo`, { method: 'POST', body: `${TEXT} ${i}` });
    return (await response.text()) === `${TEXT} ${i}`;
  });
  const half = await failure(fetch(`${origin}/half`).then((response) => response.text()));
  const reset = await failure(fetch(`${origin}/reset`));
  const controller = new AbortController();
  const aborted = fetch(`${origin}/text`, { signal: controller.signal }).catch(({ name }) => name);
  controller.abort();
  await aborted;
  server.closeAllConnections();
  await closed(server);
  return {
    text,
    got,
    posted,
    remoteAddress: whom.remoteAddress,
    encrypted: whom.encrypted,
    unzipped,
    moved,
    manyAtOnce: many.every(Boolean),
    half,
    reset,
    aborted: await aborted,
    ...(await failures(fetch, isSecure, codeOf)),
  };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }), serve);
