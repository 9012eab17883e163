'use strict';

// A chat: the first line that somebody sends is their name, every other one goes to all the others.
//
//   node examples/chat.js [port]        (8124 unless given; 0 for one of the system's choice)
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

// The second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    if (server.listening) server.close();
    room.close();
  });
}
