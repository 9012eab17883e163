'use strict';

// Encodings: what is received becomes text, and text that waits can become bytes again.
//
// Beside text that waits in Duplex's buffer, its bytes are kept (`TextBytes`): `setEncoding(null)` and `setSecure()`
// need them. The decoder and the buffer are Duplex's own, so this file reaches into its state (D15).

const { Duplex } = require('stream');
const { copy, join, view } = require('../memory');
const { TextBytes, Utf16Decoder, isOurs, restOf } = require('./decoder');
const { kBytes } = require('./fields');
const { unlink } = require('./pipes');
const { pauseIfFull } = require('./reading');

/** The members of net.Stream that have to do with text. */
class Encodings extends Duplex {
  /** Sets the encoding of received data; null returns to Buffers. Contract: stream.setEncoding. */
  setEncoding(encoding = null) {
    unlink(this);
    if (encoding === null) becomeBytes(this);
    else becomeText(this, encoding);
    return this;
  }

  read(size) {
    const data = super.read(size);
    if (this[kBytes] !== null) forgetReadText(this);
    return data;
  }
}

function becomeText(stream, encoding) {
  const state = stream._readableState;
  const chunks = state.decoder ? [] : buffered(state);
  const unfinished = state.decoder && isOurs(state.decoder) && !state.ended ? restOf(state.decoder) : null;
  renewDecoder(stream, encoding);
  if (chunks.length > 0) keepBytes(stream, chunks, state.length);
  // What the former decoder has held back belongs to the next text.
  if (unfinished !== null && unfinished.length > 0) {
    deferred(state, () => pauseIfFull(stream, pushText(stream, unfinished, 0, unfinished.length)));
  }
}

function becomeBytes(stream) {
  const state = stream._readableState;
  if (!state.decoder) return;
  const bytes = undecode(stream);
  state.decoder = null;
  state.encoding = null;
  if (bytes.length > 0 && !state.endEmitted) deferred(state, () => stream.unshift(bytes));
}

/** Gives `stream` a decoder that holds nothing back but what it finds in Duplex's buffer. */
function renewDecoder(stream, encoding) {
  const state = stream._readableState;
  Duplex.prototype.setEncoding.call(stream, encoding);
  if (state.encoding === 'utf16le') state.decoder = new Utf16Decoder(restOf(state.decoder));
}

/** Has what `add` adds to Duplex's buffer emitted in a later tick: the caller may be a 'data' listener. */
function deferred(state, add) {
  const { sync } = state;
  state.sync = true;
  add();
  state.sync = sync;
}

/** Pushes the text of received bytes, and keeps a copy of the bytes while it waits. Returns what `push()` returns. */
function pushText(stream, memory, start, end) {
  const state = stream._readableState;
  const { decoder, encoding } = state;
  // A decoder or a push() of the program's may keep what it is passed.
  const isOwnPush = stream.push === Duplex.prototype.push;
  if (!isOwnPush || !isOurs(decoder)) return stream.push(copy(memory, start, end));
  const unfinished = decoder.lastNeed === 0 ? null : restOf(decoder);
  const bytes = view(memory, start, end);
  const text = decoder.write(bytes);
  // Duplex's own condition: then it emits the text at once, and what waits afterwards is something else.
  const isEmittedAtOnce = state.flowing && state.length === 0 && !state.sync && stream.listenerCount('data') > 0;
  const isRoom = stream.push(text, encoding);
  if (!isEmittedAtOnce && state.length > 0 && state.decoder === decoder) {
    keepBytes(stream, unfinished === null ? [bytes] : [unfinished, bytes], text.length);
    forgetReadText(stream);
  }
  return isRoom;
}

/** Keeps the bytes of `chunks`, which have become a text of `units`, but for an unfinished character at the end. */
function keepBytes(stream, chunks, units) {
  const { decoder, encoding } = stream._readableState;
  const bytes = join(chunks);
  const { length } = restOf(decoder);
  stream[kBytes] ??= new TextBytes();
  stream[kBytes].add(length === 0 ? bytes : copy(bytes, 0, bytes.length - length), units, encoding);
}

/** Drops the bytes of text that has been read. */
function forgetReadText(stream) {
  const { length } = stream._readableState;
  if (length === 0) stream[kBytes] = null;
  else stream[kBytes].trim(length);
}

/** The chunks that wait in Duplex's buffer. */
function buffered(state) {
  return [...state.buffer].slice(state.bufferIndex ?? 0);
}

/** Takes the bytes after what has been received and not read, and after what could not be decoded yet. */
function undecode(stream) {
  const state = stream._readableState;
  const { decoder, encoding } = state;
  const chunks = buffered(state);
  if (Array.isArray(state.buffer)) state.buffer.length = 0;
  else state.buffer.clear();
  if (state.bufferIndex !== undefined) state.bufferIndex = 0;
  state.length = 0;
  if (!decoder) return join(chunks);
  const kept = stream[kBytes] ?? new TextBytes();
  stream[kBytes] = null;
  return join([kept.behind(chunks.join(''), encoding), isOurs(decoder) ? restOf(decoder) : Buffer.alloc(0)]);
}

module.exports = { Encodings, pushText, renewDecoder, undecode };
