'use strict';

// Splits a stream into lines of text, for the examples with line-based protocols.

/** The longest line. A client must not be able to fill our memory with one. */
const MOST = 1024;

/**
 * Calls `listener` with each line that `stream` receives, without its end. A listener that pauses the stream gets the
 * next line once it is resumed. A line that is too long ends the stream. The function that it returns is for the
 * listener: it drops what was received together with the line.
 *
 * @param {import('stream').Duplex} stream
 * @param {(line: string) => void} listener
 * @returns {() => void}
 */
function onLine(stream, listener) {
  let text = '';
  const refuse = () => stream.end('line too long\n');
  stream.setEncoding('utf8');
  stream.on('data', (more) => {
    // After we have ended the stream, its input is ignored.
    if (!stream.writable) return;
    text += more;
    for (let end = text.indexOf('\n'); end >= 0 && stream.writable; end = text.indexOf('\n')) {
      if (stream.isPaused()) {
        // It comes again as 'data', before anything else does, the end of the stream included.
        stream.unshift(text);
        text = '';
        return;
      }
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      if (line.length > MOST) refuse();
      else listener(line.replace(/\r$/, ''));
    }
    // Only what has no end yet: many short lines come together.
    if (text.length > MOST && stream.writable) refuse();
  });
  return () => {
    text = '';
  };
}

module.exports = { MOST, onLine };
