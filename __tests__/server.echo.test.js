'use strict';

// The example of section "net.Server" on the `net` page, word for word, and D10, which says what it must deliver.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { closeAtEnd, collect, destroyAtEnd, scratch } = require('./helpers');

const EXAMPLE = `
var net = require('net');
var server = net.createServer(function (stream) {
  stream.setEncoding('utf8');
  stream.on('connect', function () {
    stream.write('hello\\r\\n');
  });
  stream.on('data', function (data) {
    stream.write(data);
  });
  stream.on('end', function () {
    stream.write('goodbye\\r\\n');
    stream.end();
  });
});
server.listen(8124, 'localhost');
`;

/** Runs the example as it is written, but for its last line; gives its server. */
async function run(lastLine) {
  expect(EXAMPLE).toContain('server.listen(8124, \'localhost\');');
  const source = EXAMPLE.replace('server.listen(8124, \'localhost\');', lastLine);
  const server = new Function('require', `${source}; return server;`)(() => net);
  closeAtEnd(server);
  await once(server, 'listening');
  return server;
}

/** Speaks to the server as a client would: hears the greeting, says `words`, hears the rest. */
async function speak(client, words) {
  destroyAtEnd(client).setEncoding('latin1');
  const [greeting] = await once(client, 'data');
  expect(greeting).toBe('hello\r\n');
  const rest = collect(client);
  client.end(words);
  return rest;
}

describe.each([
  ['node:net', nodeNet],
  ['ours', net],
])('the page\'s echo server, with a client of %s', (_, client) => {
  test('"a echo server which listens for connections on port ..." says hello, the echo and goodbye (D10)', async () => {
    // Any port, where the example has 8124.
    const server = await run('server.listen(0, \'localhost\');');
    const { port } = server.address();
    expect(await speak(client.connect(port, 'localhost'), 'and so on')).toBe('and so ongoodbye\r\n');
    expect(await speak(client.connect(port, 'localhost'), '')).toBe('goodbye\r\n');
  });

  test('"To listen on the socket \'/tmp/echo.sock\', the last line would just be changed"', async () => {
    const where = path.join(scratch(), 'echo.sock');
    await run(`server.listen(${JSON.stringify(where)});`);
    expect(await speak(client.connect(where), 'over UNIX')).toBe('over UNIXgoodbye\r\n');
  });
});
