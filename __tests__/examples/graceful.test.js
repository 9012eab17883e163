'use strict';

// examples/graceful.js, ended in the middle of load.

const { Agent, get } = require('http');
const { example, nextLine, portOf } = require('./run');

const CLIENTS = 40;
/** The first answers are waited for, so that the signal comes in the middle of the load. */
const ANSWERS_BEFORE = 200;

/** Asks for `path` by `agent`: the body of the answer, and whether more may be asked for on its connection. */
function ask(port, path, agent) {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.on('end', () => resolve({ body, isLast: response.headers.connection === 'close' }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** A client that asks, on one connection at a time, until no server listens: whether its last answer said so. */
async function load(port, id, onAnswer) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let last = null;
  for (let i = 0; ; i++) {
    const path = `/${id}/${i}`;
    try {
      last = await ask(port, path, agent);
    } catch (error) {
      agent.destroy();
      // Nothing that has been asked is lost: the only error is that there is nothing to connect to.
      if (error.code !== 'ECONNREFUSED') throw error;
      return last?.isLast;
    }
    if (last.body !== `${path}\n`) throw new Error(`asked for ${path}, got ${last.body}`);
    onAnswer();
  }
}

test('ended by SIGTERM under load, it answers all that was asked, and exits', async () => {
  const running = example('graceful.js');
  const port = await portOf(running);
  let answers = 0;
  const onAnswer = () => ++answers === ANSWERS_BEFORE && running.process.kill('SIGTERM');
  const clients = Array.from({ length: CLIENTS }, (_, id) => load(port, id, onAnswer));
  // A client whose connection was accepted by the kernel at the last moment may have had no other answer.
  expect((await Promise.all(clients)).every((wasLast) => wasLast !== false)).toBe(true);
  expect(await nextLine(running)).toMatch(/^graceful: \d+ connections have ended, 0 were destroyed after \d+ ms$/);
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('a client that has nothing to ask does not delay the end', async () => {
  const running = example('graceful.js');
  const port = await portOf(running);
  const agent = new Agent({ keepAlive: true });
  await ask(port, '/', agent);
  running.process.kill('SIGTERM');
  expect(await nextLine(running)).toContain('1 connections have ended, 0 were destroyed');
  expect(await running.exit).toBe(0);
  agent.destroy();
});
