'use strict';

// One of the processes of race.js: does what it reads from stdin, a command a line, and prints what came of it. The
// argument is the entry of the package.

const { createInterface } = require('readline');
const net = require(process.argv[2]);

let server = null;
let bound = null;

/** A server that tells every client which process it belongs to. */
function serve(target) {
  return new Promise((resolve) => {
    const starting = net.createServer((stream) => stream.end(String(process.pid)));
    starting.on('error', ({ code }) => resolve(code));
    starting.listen(target, () => {
      server = starting;
      resolve('listening');
    });
  });
}

const commands = {
  listen: serve,
  listenOnBound: () => serve(bound),
  bind(path) {
    bound = new net.BoundSocket({ path });
    return 'bound';
  },
  close() {
    const closing = server;
    server = null;
    if (closing === null) return 'closed';
    return new Promise((resolve) => {
      closing.once('close', () => resolve('closed'));
      closing.close();
    });
  },
};

createInterface(process.stdin).on('line', async (line) => {
  const { command, path } = JSON.parse(line);
  console.log(await commands[command](path));
});
