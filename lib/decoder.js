'use strict';

// Text from bytes, and the way back.
//
// The decoder of here keeps surrogate pairs whole: Node's StringDecoder holds back the unfinished bytes of a UTF-16
// unit, but gives out a high surrogate whose other half has not come yet, if the bytes come one by one. Written on as
// UTF-8, such a half is lost.

const { StringDecoder } = require('string_decoder');

const isHighSurrogate = (unit) => unit >= 0xd800 && unit <= 0xdbff;

class Utf16Decoder {
  #decoder = new StringDecoder('utf16le');
  /** A high surrogate that waits for its other half. */
  #half = '';

  /** Goes on behind `rest`, an unfinished character. */
  constructor(rest) {
    // Of a high surrogate and a byte, StringDecoder holds back the byte only.
    this.#half = this.#decoder.write(rest);
  }

  get encoding() {
    return this.#decoder.encoding;
  }

  write(chunk) {
    const text = this.#half + this.#decoder.write(chunk);
    const isSplit = isHighSurrogate(text.charCodeAt(text.length - 1));
    this.#half = isSplit ? text.slice(-1) : '';
    return isSplit ? text.slice(0, -1) : text;
  }

  end(chunk) {
    const text = this.#half + this.#decoder.end(chunk);
    this.#half = '';
    return text;
  }

  /** The bytes that have been taken but not given out. */
  rest() {
    return Buffer.concat([Buffer.from(this.#half, 'utf16le'), restOf(this.#decoder)]);
  }
}

/** A decoder of `encoding`. */
function decoderOf(encoding) {
  return encoding === 'utf16le' ? new Utf16Decoder(Buffer.alloc(0)) : new StringDecoder(encoding);
}

/**
 * The bytes behind `text`, which is the end of what `chunks` have become in `encoding`, and behind what is unfinished.
 * Null if it is not. Not every encoding has a way back of its own: UTF-8 makes one character of all that is no text.
 */
function bytesBehind(text, chunks, encoding) {
  const bytes = Buffer.concat(chunks);
  const whole = decoderOf(encoding).write(bytes);
  if (!whole.endsWith(text)) return null;
  const decoder = decoderOf(encoding);
  let at = 0;
  for (let before = whole.length - text.length; before > 0; at++) {
    before -= decoder.write(bytes.subarray(at, at + 1)).length;
  }
  return bytes.subarray(at);
}

/** The bytes that `decoder` has taken but not given out. */
function restOf(decoder) {
  if (decoder instanceof Utf16Decoder) return decoder.rest();
  return Buffer.from(decoder.lastChar.subarray(0, decoder.lastTotal - decoder.lastNeed));
}

module.exports = { Utf16Decoder, bytesBehind, restOf };
