'use strict';

// A chat: a participant's first line is the name, and every other line goes to all other participants.
//
//   node examples/chat.js [port]        (default 8124; with 0, the system chooses one)
//   nc localhost 8124                   (once for each participant)

const net = require('..'); // require('rust-net') in a project of your own
const { Room } = require('./room');

const port = process.argv[2] ?? 8124;

const room = new Room();
const server = net.createServer((stream) => room.ask(stream));

server.on('error', (error) => {
  console.error(`chat: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, 'localhost', () => console.log(`chat: listening on localhost:${server.address().port}`));

// A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    if (server.listening) server.close();
    room.close();
  });
}
