'use strict';

// A server of long polling and its clients, in one process: `node polls.js SEED COUNT [TLS options]`. Each of the COUNT
// rounds has random requests by one agent, of which the server answers some at once, some when others come or go, and
// destroys some. Prints what has come of each request, as JSON, and has to end by itself.
//
// Which of two connections is served first is not for HTTP to say; so what becomes of a request never depends on that.

const { once } = require('events');
const http = require('http');
const https = require('https');
const { generator } = require('./plan');

const [seed, count, options] = process.argv.slice(2);
const credentials = options && JSON.parse(options);
const random = generator(Number(seed));

const KINDS = ['now', 'held', 'held', 'chunks', 'destroyed', 'cut', 'aborted', 'posted'];

/** Answers that wait for all requests of their round, by round. */
const held = new Map();

const ANSWERS = {
  now: (response) => response.end('now'),
  held: (response, round) => held.get(round).answers.push(() => response.end('held')),
  chunks(response, round) {
    response.write('first ');
    held.get(round).answers.push(() => response.end('last'));
  },
  destroyed: (response) => response.socket.destroy(),
  cut(response, round) {
    response.writeHead(200, { 'content-length': 100 }).write('cut');
    held.get(round).answers.push(() => response.socket.destroy());
  },
  aborted() {},
  async posted(response, round, request) {
    let size = 0;
    for await (const chunk of request) size += chunk.length;
    response.end(`${size}`);
  },
};

const server = (credentials ? https : http).createServer({ ...credentials }, (request, response) => {
  const [, round, kind] = request.url.split('/');
  const state = held.get(round);
  ANSWERS[kind](response, round, request);
  state.came(kind);
});

/** Resolves to what has come of a request. */
function ask(agent, round, kind, size) {
  const { port } = server.address();
  const { request } = credentials ? https : http;
  const outgoing = request({ host: '127.0.0.1', port, agent, path: `/${round}/${kind}`, method: size ? 'POST' : 'GET' });
  const outcome = new Promise((resolve) => {
    outgoing.on('error', ({ code }) => resolve([kind, code]));
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (data) => (text += data));
      response.on('error', ({ code }) => resolve([kind, code, text])).on('end', () => resolve([kind, text]));
    });
  });
  outgoing.end(size ? Buffer.alloc(size) : undefined);
  return { outgoing, outcome };
}

async function play(index, agent) {
  const round = `${index}`;
  const kinds = Array.from({ length: 1 + random(7) }, () => KINDS[random(KINDS.length)]);
  let missing = kinds.length;
  const answers = [];
  const requests = [];
  const complete = new Promise((resolve) => {
    held.set(round, { answers, came: () => --missing === 0 && resolve() });
  });
  for (const kind of kinds) {
    requests.push(ask(agent, round, kind, kind === 'posted' ? 1 + random(100_000) : 0));
    if (random(3) === 0) await new Promise(setImmediate);
  }
  await complete;
  kinds.forEach((kind, i) => kind === 'aborted' && requests[i].outgoing.destroy());
  while (answers.length > 0) {
    answers.splice(random(answers.length), 1)[0]();
    if (random(2) === 0) await new Promise(setImmediate);
  }
  const outcomes = await Promise.all(requests.map(({ outcome }) => outcome));
  held.delete(round);
  return outcomes;
}

async function main() {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const trust = credentials && { ca: credentials.ca, servername: 'localhost' };
  const { Agent } = credentials ? https : http;
  const agents = [true, false].map((keepAlive) => new Agent({ keepAlive, ...trust }));
  const rounds = [];
  for (let i = 0; i < Number(count); i++) rounds.push(await play(i, agents[random(2)]));
  for (const agent of agents) agent.destroy();
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
  process.stdout.write(JSON.stringify(rounds));
}

main();
