'use strict';

// Lines of text out of a stream: what the examples have in common that talk in lines.

/** Nobody needs longer lines, and nobody shall fill our memory with one. */
const MOST = 1024;

/**
 * Calls `listener` with each line that `stream` receives, without its end. A line that is too long ends the stream.
 * The function that it gives forgets what was received and has not been given to `listener` yet.
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
    // Somebody who was told goodbye is not listened to any more.
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
