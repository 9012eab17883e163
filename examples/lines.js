'use strict';

// Lines of text out of a stream: what chat.js and line-server.js have in common.

/** Nobody needs longer lines, and nobody shall fill our memory with one. */
const MOST = 1024;

/**
 * Calls `listener` with each line that `stream` receives, without its end. A line that is too long ends the stream.
 *
 * @param {import('stream').Duplex} stream
 * @param {(line: string) => void} listener
 */
function onLine(stream, listener) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text) => {
    // Somebody who was told goodbye is not listened to any more.
    if (!stream.writable) return;
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (stream.writable) listener(line.replace(/\r$/, ''));
    }
    if (rest.length > MOST && stream.writable) stream.end('line too long\n');
  });
}

module.exports = { MOST, onLine };
