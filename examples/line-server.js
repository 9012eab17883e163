'use strict';

// A small store behind a UNIX socket, with a protocol of lines: a request is one, and so is its answer.
//
//   node examples/line-server.js [path]        (/tmp/echo.sock unless given)
//   nc -U /tmp/echo.sock
//
// A file that a server left there when it died is taken over; if one lives there, the error is EADDRINUSE.

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
    // Who asks and does not read the answers is not asked for more until they do.
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

// close() removes the file. Streams that are open live on until they end. The second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
