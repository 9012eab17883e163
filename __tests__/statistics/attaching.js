'use strict';

// A worker that attaches the connection that it is sent, echoes, and answers each message with its statistics.

const { parentPort } = require('worker_threads');
const net = require('../..');

let stream = null;

parentPort.on('message', ({ moved }) => {
  if (moved !== undefined) {
    stream = net.Stream.attach(moved);
    stream.on('data', (data) => stream.write(data));
  }
  const { connections, bytesRead, bytesWritten, listeners } = net.stats();
  const ofStream = stream && { bytesRead: stream.stats.bytesRead, bytesWritten: stream.stats.bytesWritten };
  parentPort.postMessage({ connections, bytesRead, bytesWritten, listeners, ofStream });
});
