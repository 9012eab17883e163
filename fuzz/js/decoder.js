'use strict';

// Text from bytes that arrive split anywhere: as if they had come whole. And the way back: no byte is lost or invented.

const assert = require('assert');
const { StringDecoder } = require('string_decoder');
const { TextBytes, Utf16Decoder, restOf } = require('../../lib/stream/decoder');
const { copy, join } = require('../../lib/memory');
const { Random } = require('../random');

const ENCODINGS = ['utf8', 'utf16le', 'base64', 'base64url', 'hex', 'latin1', 'ascii'];
const CHARACTERS = ['a', 'é', '€', '𝄞', '\0', '\ufeff', '\ufffd', '👨‍👩‍👧', 'ß', '\n'];

const isHighSurrogate = (text) => (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
const isLowSurrogate = (text) => (text.charCodeAt(0) & 0xfc00) === 0xdc00;
const decoderOf = (encoding) => (encoding === 'utf16le' ? new Utf16Decoder(Buffer.alloc(0)) : new StringDecoder(encoding));

/** Text, garbage, or text that is broken somewhere. */
function someBytes(random, encoding) {
  const length = random.below(24);
  if (random.below(3) === 0) {
    const byte = () => random.of([random.below(256), 0xd8 + random.below(8), 0xe2, 0xf0]);
    return Buffer.from(Array.from({ length }, byte));
  }
  const text = Array.from({ length }, () => random.of(CHARACTERS)).join('');
  const bytes = Buffer.from(text, encoding === 'utf16le' ? 'utf16le' : 'utf8');
  if (random.flag() && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes.subarray(0, bytes.length - random.below(Math.min(3, bytes.length + 1)));
}

function split(random, bytes) {
  const chunks = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random.below(5);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

/** UTF-16 in pieces is what it is whole; no piece ends within a pair; what is not given out is in `rest()`. */
function utf16(random) {
  const bytes = someBytes(random, 'utf16le');
  const whole = new StringDecoder('utf16le');
  const expected = whole.write(bytes) + whole.end();
  let decoder = new Utf16Decoder(Buffer.alloc(0));
  let text = '';
  let taken = 0;
  for (const chunk of split(random, bytes)) {
    const piece = decoder.write(chunk);
    assert(!(isHighSurrogate(text) && isLowSurrogate(piece)), 'a pair was given out in halves');
    text += piece;
    taken += chunk.length;
    const rest = decoder.rest();
    assert.deepStrictEqual(Buffer.concat([Buffer.from(text, 'utf16le'), rest]), bytes.subarray(0, taken));
    // One that goes on after what another has left is no different.
    if (random.below(4) === 0) {
      if (random.flag()) {
        decoder = new Utf16Decoder(Buffer.alloc(0));
        text += decoder.write(rest);
      } else {
        decoder = new Utf16Decoder(rest);
      }
    }
  }
  assert.strictEqual(text + decoder.end(), expected);
}

/** What is not given out by a decoder can be had from it, where text has one way back only. */
function rests(random) {
  const encoding = random.of(['hex', 'base64', 'base64url', 'latin1', 'utf16le']);
  const bytes = someBytes(random, encoding);
  const decoder = decoderOf(encoding);
  const text = split(random, bytes).map((chunk) => decoder.write(chunk)).join('');
  assert.deepStrictEqual(Buffer.concat([Buffer.from(text, encoding), restOf(decoder)]), bytes);
}

/**
 * The bytes of the text that waits begin at the first character of it, not earlier and not later, however it is read.
 */
function behind(random) {
  const encoding = random.of(ENCODINGS);
  const bytes = someBytes(random, encoding);
  const decoder = decoderOf(encoding);
  const kept = new TextBytes();
  let [text, read] = ['', 0];
  for (const chunk of split(random, bytes)) {
    const unfinished = restOf(decoder);
    const piece = decoder.write(chunk);
    const decoded = join([unfinished, chunk]);
    kept.add(copy(decoded, 0, decoded.length - restOf(decoder).length), piece.length, encoding);
    text += piece;
    read += random.of([0, 0, 1, random.below(text.length - read + 1), text.length - read]);
    read = Math.min(read, text.length);
    kept.trim(text.length - read);
  }
  const found = kept.behind(text.slice(read), encoding);
  const end = bytes.length - restOf(decoder).length;
  const at = end - found.length;
  assert.deepStrictEqual(found, bytes.subarray(at, end));
  // Byte by byte: when half of a pair is given up depends on how it is split.
  const given = (count, end = '') => {
    const decoder = decoderOf(encoding);
    const pieces = Array.from(bytes.subarray(0, count), (byte) => decoder.write(Buffer.of(byte)));
    return pieces.join('').length + (end && decoder.end()).length;
  };
  // Of some garbage, how many characters it becomes does, too: only that what is found ends the bytes is sure then.
  if (given(bytes.length) !== text.length || decoderOf(encoding).write(bytes).length !== text.length) return;
  assert(given(at, 'ended') >= read, 'a character that was delivered is delivered again');
  assert(at === 0 || read === 0 || given(at - 1) < read, 'a byte that was not delivered is lost');
  assert(read > 0 || at === 0, 'nothing was delivered, and a byte is lost');
}

function play(seed) {
  const random = new Random(seed);
  for (let i = 0; i < 20; i++) random.of([utf16, rests, behind])(random);
}

module.exports = { play };
