'use strict';

// A chat with rooms, each of which lives in one of several threads. A participant's first line is the room: the
// connection moves to its thread, live, with all that has come on it meanwhile.
//
//   node examples/rooms.js [port] [threads]        (default: 8129, and one thread for each core)
//   nc localhost 8129                              (once for each participant)

const os = require('os');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const net = require('..'); // require('rust-net') in a project of your own
const { MOST } = require('./lines');
const { Room } = require('./room');

/** Calls `listener` with the first line that `stream` receives. What follows that line stays in the stream. */
function onFirstLine(stream, listener) {
  let head = Buffer.alloc(0);
  stream.on('readable', function read() {
    const chunk = stream.read();
    if (chunk === null) return;
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\n');
    if (end < 0) {
      if (head.length > MOST) stream.destroy();
      return;
    }
    stream.removeListener('readable', read);
    if (end + 1 < head.length) stream.unshift(head.subarray(end + 1));
    listener(head.toString('utf8', 0, end).replace(/\r$/, ''));
  });
}

/** The same number for the same room, below `count`. */
function placeOf(room, count) {
  let sum = 0;
  for (const letter of room) sum = (31 * sum + letter.codePointAt(0)) % count;
  return sum;
}

function main() {
  const [port = 8129, given] = process.argv.slice(2);
  const count = given === undefined ? os.availableParallelism() : Number(given);
  const workers = Array.from({ length: count }, () => new Worker(__filename));

  const server = net.createServer((stream) => {
    stream.on('error', () => {});
    stream.write('Which room?\n');
    onFirstLine(stream, (room) => {
      workers[placeOf(room, count)].postMessage({ room, moved: stream.detach() });
    });
  });
  server.on('error', (error) => {
    console.error(`rooms: ${error.message}`);
    process.exitCode = 1;
    for (const worker of workers) worker.postMessage(null);
  });
  server.listen(port, 'localhost', () => console.log(`rooms: listening on localhost:${server.address().port}`));

  // A second signal ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      if (server.listening) server.shutdown({ grace: 0 });
      for (const worker of workers) worker.postMessage(null);
    });
  }
}

/** A thread, with the rooms in it. */
function serveRooms() {
  const rooms = new Map();
  parentPort.on('message', (message) => {
    if (message === null) {
      for (const room of rooms.values()) room.close();
      parentPort.close();
      return;
    }
    const { room: name, moved } = message;
    if (!rooms.has(name)) rooms.set(name, new Room());
    const room = rooms.get(name);
    const stream = net.Stream.attach(moved);
    room.ask(stream);
    stream.on('close', () => {
      if (room.isEmpty && rooms.get(name) === room) rooms.delete(name);
    });
  });
}

if (isMainThread) main();
else serveRooms();
