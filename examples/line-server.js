'use strict';

// A small store behind a UNIX socket. Each request is one line, and so is each answer.
//
//   node examples/line-server.js [path]        (default /tmp/echo.sock)
//   nc -U /tmp/echo.sock
//
// A socket file left over by a server that crashed is replaced. If a server is running there, the error is EADDRINUSE.

const net = require('..'); // require('rust-net') in a project of your own
const { onLine } = require('./lines');

const path = process.argv[2] ?? '/tmp/echo.sock';

const values = new Map();

/** The answer to one request. */
const requests = {
  __proto__: null,
  GET: (key) => (values.has(key) ? `VALUE ${values.get(key)}` : 'NONE'),
  SET(key, value) {
    values.set(key, value);
    return 'OK';
  },
  DELETE: (key) => (values.delete(key) ? 'OK' : 'NONE'),
};

function answer(line) {
  const [, verb, key, value = ''] = /^(\S*)(?: (\S+))?(?: (.*))?$/.exec(line) ?? [];
  const request = requests[verb];
  return request !== undefined && key !== undefined ? request(key, value) : 'ERROR';
}

const server = net.createServer((stream) => {
  onLine(stream, (line) => {
    if (line === 'QUIT') {
      stream.end('BYE\n');
      return;
    }
    // A client that does not read its answers is not read from until it does.
    if (!stream.write(`${answer(line)}\n`, 'utf8')) stream.pause();
  });
  stream.on('drain', () => stream.resume());
  stream.on('error', (error) => console.error(`line-server: ${error.message}`));
});

server.on('error', (error) => {
  console.error(`line-server: ${error.message}`);
  process.exitCode = 1;
});
server.listen(path, () => console.log(`line-server: listening on ${path}`));

// close() removes the file. Open streams go on until they end. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
