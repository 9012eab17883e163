'use strict';

// A chat: the first line that somebody sends is their name, every other one goes to all the others.
//
//   node examples/chat.js [port]        (8124 unless given; 0 for one of the system's choice)
//   nc localhost 8124                   (once for each participant)

const net = require('..'); // require('rust-net') in a project of your own
const { onLine } = require('./lines');

const port = process.argv[2] ?? 8124;

/** Who lets this many bytes wait does not read, and is let go before that fills our memory. */
const PATIENCE = 1024 * 1024;

/** Stream by name. */
const participants = new Map();

function tellAll(text, except) {
  for (const stream of participants.values()) {
    if (stream === except) continue;
    // Names and texts are not ASCII, which is what write() would take them for.
    stream.write(`${text}\n`, 'utf8');
    if (stream.bufferSize > PATIENCE) stream.destroy();
  }
}

const server = net.createServer((stream) => {
  let name = null;
  stream.write('Your name?\n');
  onLine(stream, (line) => {
    if (name !== null) {
      tellAll(`${name}: ${line}`, stream);
    } else if (line === '' || participants.has(line)) {
      stream.write('Another name?\n');
    } else {
      name = line;
      stream.write(`Welcome, ${name}. Here with you: ${[...participants.keys()].join(', ') || 'nobody'}\n`, 'utf8');
      participants.set(name, stream);
      tellAll(`* ${name} has come`, stream);
    }
  });
  // A connection that breaks is one more way to leave: 'close' follows.
  stream.on('error', () => {});
  stream.on('close', () => {
    if (name === null) return;
    participants.delete(name);
    tellAll(`* ${name} has left`);
  });
});

server.on('error', (error) => {
  console.error(`chat: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, 'localhost', () => console.log(`chat: listening on localhost:${server.address().port}`));

// The second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    if (server.listening) server.close();
    for (const stream of participants.values()) stream.end('* The chat is over\n');
  });
}
