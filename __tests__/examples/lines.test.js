'use strict';

// examples/lines.js: lines of a stream that is paused in the middle of them, and lines that are too long.

const { once } = require('events');
const { Duplex } = require('stream');
const { MOST, onLine } = require('../../examples/lines');

/** A stream that receives what is pushed, and the lines that have come; each pauses it, with `pauses`. */
function listen({ pauses = false } = {}) {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const lines = [];
  onLine(stream, (line) => {
    lines.push(line);
    if (pauses) stream.pause();
  });
  return { stream, lines };
}

/** Has the stream receive `parts`; null is its end. Resolves when it has passed on what it can. */
async function receive(stream, ...parts) {
  for (const part of parts) stream.push(part);
  await new Promise(setImmediate);
}

test('a listener that pauses the stream gets the next line when it is resumed', async () => {
  const { stream, lines } = listen({ pauses: true });
  await receive(stream, 'a\nb\r\nc\nunfinished');
  expect(lines).toEqual(['a']);
  for (const expected of [['a', 'b'], ['a', 'b', 'c']]) {
    stream.resume();
    await once(stream, 'resume');
    expect(lines).toEqual(expected);
  }
  stream.resume();
  await receive(stream, ' line\n');
  expect(lines).toEqual(['a', 'b', 'c', 'unfinished line']);
});

test('lines that wait for a paused stream come before its end', async () => {
  const { stream, lines } = listen({ pauses: true });
  stream.on('end', () => lines.push('(end)'));
  await receive(stream, 'a\nb\nc\n', null);
  expect(lines).toEqual(['a']);
  const ended = once(stream, 'end');
  stream.on('pause', () => setImmediate(() => stream.resume())).resume();
  await ended;
  expect(lines).toEqual(['a', 'b', 'c', '(end)']);
});

test.each([
  ['without an end', 'x'.repeat(MOST + 1)],
  ['that comes whole', `${'x'.repeat(MOST + 1)}\nb\n`],
])('a line %s ends the stream if it is too long, behind those before it', async (_, text) => {
  const { stream, lines } = listen();
  await receive(stream, `${'a\n'.repeat(MOST)}${text}`);
  expect(new Set(lines)).toEqual(new Set(['a']));
  expect(lines).toHaveLength(MOST);
  expect(stream.writableEnded).toBe(true);
});
