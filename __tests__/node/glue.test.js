'use strict';

// What is built on Node's own net takes streams of rust-net/node, as the README says.

const { once } = require('events');
const http = require('http');
const { atEnd, collect, listening } = require('../helpers');
const net = require('../../node');

const BODY = Buffer.alloc(10 << 20, 'naïve 🙂');

/** A server of ours that feeds `server`, one of Node's. */
function feeding(server) {
  atEnd(() => server.close());
  return listening(net.createServer({ allowHalfOpen: true, noDelay: true }, (stream) => server.emit('connection', stream)));
}

test('an http server, and an http client, over ours: ten megabytes there and back, many at once', async () => {
  const echo = http.createServer((request, response) => request.pipe(response));
  const server = await feeding(echo);
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = (options) => net.connect(options);
  atEnd(() => agent.destroy());
  const exchange = async () => {
    const request = http.request({ agent, method: 'POST', port: server.address().port, host: '127.0.0.1' });
    request.end(BODY);
    const [response] = await once(request, 'response');
    expect(response.socket).toBeInstanceOf(net.Socket);
    return (await collect(response)).equals(BODY);
  };
  expect(await Promise.all([exchange(), exchange(), exchange()])).toEqual([true, true, true]);
}, 60_000);

test('http overwrites stream.server, and the server closes all the same', async () => {
  const echo = http.createServer((request, response) => response.end('bye'));
  const server = await feeding(echo);
  const request = http.get({ port: server.address().port, host: '127.0.0.1', agent: false });
  const [response] = await once(request, 'response');
  expect((await collect(response)).toString()).toBe('bye');
  server.close();
  await once(server, 'close');
});
