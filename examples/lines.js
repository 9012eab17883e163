'use strict';

// Splits a stream into lines of text, for the examples with line-based protocols.

/** The longest line. A client must not be able to fill our memory with one. */
const MOST = 1024;

/**
 * Calls `listener` with each line that `stream` receives, without its end. A line that is too long ends the stream.
 * The function that it returns drops what was received and has not been passed to `listener` yet.
 *
 * @param {import('stream').Duplex} stream
 * @param {(line: string) => void} listener
 * @returns {() => void}
 */
function onLine(stream, listener) {
  let lines = [];
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text) => {
    // After we have ended the stream, its input is ignored.
    if (!stream.writable) return;
    lines = (rest + text).split('\n');
    rest = lines.pop();
    while (lines.length > 0 && stream.writable) listener(lines.shift().replace(/\r$/, ''));
    if (rest.length > MOST && stream.writable) stream.end('line too long\n');
  });
  return () => {
    lines = [];
    rest = '';
  };
}

module.exports = { MOST, onLine };
