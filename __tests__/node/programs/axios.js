'use strict';

// axios, with agents that keep connections alive, to servers of http and https.

const axios = require('axios');
const http = require('http');
const https = require('https');
const { BINARY, TEXT, atOnce, closed, codeOf, collect, digest, identities, report } = require('./common');
const { at, failures, serve, start } = require('./origin');

async function exercise(credentials) {
  const isSecure = credentials !== undefined;
  const server = await start(credentials);
  const baseURL = at(server.address().port, isSecure);
  const client = axios.create({
    httpAgent: new http.Agent({ keepAlive: true, maxSockets: 10 }),
    httpsAgent: new https.Agent({ keepAlive: true, maxSockets: 10 }),
    maxContentLength: 20 << 20,
    maxBodyLength: 20 << 20,
    proxy: false,
  });
  const url = (path) => `${baseURL}${path}`;
  const bytes = { responseType: 'arraybuffer' };
  const { data: text } = await client.get(url('/text'));
  const got = digest((await client.get(url('/binary'), bytes)).data) === digest(BINARY);
  const posted = digest((await client.post(url('/echo'), BINARY, bytes)).data) === digest(BINARY);
  const streamed = await client.get(url('/zipped'), { responseType: 'stream' });
  const unzipped = digest(await collect(streamed.data)) === digest(BINARY);
  const { data: moved } = await client.get(url('/moved'));
  const { data: whom } = await client.get(url('/whom'));
  const missing = await client.get(url('/nowhere')).catch((error) => error.response.status);
  const many = await atOnce(100, async (i) => (await client.post(url('/echo'), `${TEXT} ${i}`)).data === `${TEXT} ${i}`);
  const half = await client.get(url('/half')).catch(codeOf);
  const reset = await client.get(url('/reset')).catch(codeOf);
  // The agents are left as they are: their idle connections keep no process alive.
  server.closeIdleConnections();
  await closed(server);
  return {
    text,
    got,
    posted,
    unzipped,
    moved,
    remoteAddress: whom.remoteAddress,
    missing,
    manyAtOnce: many.every(Boolean),
    half,
    reset,
    ...(await failures((address) => axios.get(address), isSecure, codeOf)),
  };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }), serve);
