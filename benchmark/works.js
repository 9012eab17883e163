'use strict';

// What is measured, as data: the server's work (see server.js), the load on it (see load/src/main.rs), and the goal:
// how much less than node:net we are to use per operation.

/** `most` bounds the operations of one slice: a connection of its own for each wears out ports. */
const works = [
  { name: 'echo-1', title: 'echo 64 B x 1', server: 'echo', load: 'echo', connections: 1, goal: 1.15 },
  { name: 'echo-50', title: 'echo 64 B x 50', server: 'echo', load: 'echo', connections: 50, goal: 1.5 },
  { name: 'echo-500', title: 'echo 64 B x 500', server: 'echo', load: 'echo', connections: 500, goal: 1.5 },
  {
    name: 'replies',
    title: '16 small replies x 50',
    server: 'replies',
    load: 'echo',
    connections: 50,
    replies: 16,
    goal: 8,
  },
  {
    name: 'connect',
    title: 'connect, ping, close',
    server: 'echo',
    load: 'churn',
    connections: 16,
    most: 3_000,
    goal: 2,
  },
  { name: 'in-1', title: 'bulk in x 1', server: 'sink', load: 'upload', connections: 1, unit: 'MiB' },
  { name: 'in-4', title: 'bulk in x 4', server: 'sink', load: 'upload', connections: 4, unit: 'MiB' },
  { name: 'out-1', title: 'bulk out x 1', server: 'source', load: 'download', connections: 1, unit: 'MiB' },
  { name: 'out-4', title: 'bulk out x 4', server: 'source', load: 'download', connections: 4, unit: 'MiB' },
  { name: 'unix', title: 'UNIX echo 64 B x 50', server: 'echo', load: 'echo', connections: 50, unix: true, goal: 1.7 },
  { name: 'idle', title: 'idle memory', server: 'echo', load: 'idle', connections: 5000, memory: true, goal: 2 },
];

module.exports = { works };
