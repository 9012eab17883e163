'use strict';

// undici: agents, pools and clients of its own, to servers of http and https.

const { Agent, Client, Pool, request } = require('undici');
const { BINARY, TEXT, atOnce, closed, digest, failure, identities, report } = require('./common');
const { at, start } = require('./origin');

async function exercise(credentials) {
  const isSecure = credentials !== undefined;
  const server = await start(credentials);
  const origin = at(server.address().port, isSecure);
  const agent = new Agent({ connections: 10, connect: { timeout: 20_000 } });
  const pool = new Pool(origin, { connections: 5, pipelining: 4 });
  const posted = await request(`${origin}/echo`, { method: 'POST', body: BINARY, dispatcher: agent });
  const binary = digest(Buffer.from(await posted.body.arrayBuffer())) === digest(BINARY);
  const many = await atOnce(200, async (i) => {
    const { body } = await pool.request({ path: '/echo', method: 'POST', body: `${TEXT} ${i}` });
    return (await body.text()) === `${TEXT} ${i}`;
  });
  const reset = await failure(pool.request({ path: '/reset', method: 'GET' }));
  const after = await (await pool.request({ path: '/text', method: 'GET' })).body.text();
  // The session of a connection is for the next one of the same dispatcher.
  const single = new Client(origin, { pipelining: 0 });
  const whom = async () => (await single.request({ path: '/whom', method: 'GET', reset: true })).body.json();
  await whom();
  const { resumed } = await whom();
  await Promise.all([agent.close(), pool.close(), single.close()]);
  const distrusting = new Agent({ connect: { ca: identities.untrusted.cert } });
  const distrusted = isSecure && (await failure(request(`${origin}/text`, { dispatcher: distrusting })));
  await distrusting.close();
  await closed(server);
  return { binary, manyAtOnce: many.every(Boolean), reset, after, resumed, ...(isSecure && { distrusted }) };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }));
