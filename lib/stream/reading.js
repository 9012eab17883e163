'use strict';

// When a stream receives: Duplex asks for data, and the engine is asked once there is a connection.

const { nextTick } = require('../timers');
const { isSecuring } = require('../tls/secure');
const { kContract, kOnread, kReading, kTransport } = require('./fields');
const { Onread } = require('./onread');
const { tryToHandOver } = require('./pipes');

/** Duplex asks for data. */
function receive(stream) {
  const isReading = stream[kReading];
  stream[kReading] = true;
  if (!stream[kTransport].isOpen || isSecuring(stream)) return;
  if (!tryToHandOver(stream) && !isReading) stream[kTransport].want(true);
}

/** Goes on with what Duplex has asked for before there was a connection, or before it was secure. */
function goOnReading(stream) {
  if (stream[kReading] && !isSecuring(stream) && !tryToHandOver(stream)) stream[kTransport].want(true);
}

/** Reads from a new connection, unless the stream is paused. */
function startReading(stream) {
  if (stream.destroyed || !stream[kTransport].isOpen || stream.isPaused()) return;
  if (stream.readableFlowing === null && stream[kContract].readsWithoutConsumer) stream.resume();
  else stream.read(0);
}

/** Takes all that waits in a Duplex. While it flows, each `read()` returns one chunk. */
function readAll(stream) {
  const chunks = [];
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Stops receiving if `push()` has returned that there is no room. */
function pauseIfFull(stream, isRoom) {
  if (!isRoom) stopReceiving(stream);
}

/** Stops receiving until Duplex asks for data again. */
function stopReceiving(stream) {
  stream[kReading] = false;
  if (stream[kTransport].isOpen) stream[kTransport].want(false);
}

/** Receives into the buffer of the option `onread`. Duplex does not know of it, so pausing is done here. */
function readInto(stream, option) {
  const transport = stream[kTransport];
  const { pause, read, resume } = stream;
  const start = () => {
    if (stream[kReading] || !transport.isOpen || stream.destroyed) return;
    stream[kReading] = true;
    // Not within `resume()`: in Node, what is received next comes later, however often it is called before.
    nextTick(goOn);
  };
  const goOn = () => {
    onread.goOn();
    if (!stream[kReading] || !transport.isOpen || stream.destroyed || isSecuring(stream)) return;
    transport.want(true);
  };
  const stop = () => {
    if (!stream[kReading] || !transport.isOpen) return;
    stream[kReading] = false;
    if (!stream.destroyed) transport.want(false);
  };
  const onread = new Onread(option, stream, () => stream[kReading] && !stream.destroyed, stop);
  stream[kOnread] = onread;
  Object.assign(stream, {
    pause() {
      stop();
      return pause.call(this);
    },
    resume() {
      start();
      return resume.call(this);
    },
    read(size) {
      start();
      return read.call(this, size);
    },
  });
}

module.exports = { goOnReading, pauseIfFull, readAll, readInto, receive, startReading, stopReceiving };
