'use strict';

// Text from bytes, and the way back.
//
// The decoder of here keeps surrogate pairs whole: Node's StringDecoder holds back the unfinished bytes of a UTF-16
// unit, but gives out a high surrogate whose other half has not come yet, if the bytes come one by one. Written on as
// UTF-8, such a half is lost.

const { StringDecoder } = require('string_decoder');
const { copy, join } = require('../memory');

const isHighSurrogate = (unit) => unit >= 0xd800 && unit <= 0xdbff;

class Utf16Decoder {
  #decoder = new StringDecoder('utf16le');
  /** A high surrogate that waits for its other half. */
  #half = '';

  /** Goes on after `rest`, an unfinished character. */
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

  /** As of StringDecoder, which in Bun refuses a chunk that is undefined. */
  end(...chunks) {
    const text = this.#half + this.#decoder.end(...chunks);
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

const WRITES = new Set([StringDecoder.prototype.write, Utf16Decoder.prototype.write]);

/** Whether `decoder` decodes as Node or this file does: it is no user's, who may keep the memory that it is given. */
function isOurs(decoder) {
  return WRITES.has(decoder.write);
}

/**
 * The bytes of text that waits in Duplex's buffer. Text can't always be turned back: UTF-8 makes one character of all
 * that is none. A record holds what has become text together, and nothing of an unfinished character.
 */
class TextBytes {
  /** `{ bytes, units, encoding }`, oldest first. `units` is the length of the text, in UTF-16 units. */
  #records = [];
  /** The sum of theirs. */
  #units = 0;
  /** How many units of the text have not been read. More than `#units` where a character has been read in part. */
  #waiting = 0;

  /** `bytes`, which belong to nothing else, have become a text of `units` in `encoding`. */
  add(bytes, units, encoding) {
    if (units === 0) return;
    this.#records.push({ bytes, units, encoding });
    this.#units += units;
    this.#waiting += units;
  }

  /** Drops what has been read: no more than the last `units` wait. */
  trim(units) {
    const records = this.#records;
    this.#waiting = Math.min(this.#waiting, units);
    while (records.length > 0 && this.#units - records[0].units >= this.#waiting) {
      this.#units -= records.shift().units;
    }
    // What is left of a record is copied when it is less than half: that bounds both what is kept and what is copied.
    if ((this.#units - this.#waiting) * 2 > records[0]?.units) this.#cut();
  }

  /** The bytes of `text`, which is all that waits, now in `encoding`. */
  behind(text, encoding) {
    this.trim(text.length);
    if (this.#units > this.#waiting) this.#cut();
    // What was put back by unshift() exists as text only. Without it, the rest of a character is of one that was read.
    const isAllReceived = text.length === this.#waiting;
    const front = isAllReceived ? '' : text.slice(0, text.length - this.#units);
    return join([Buffer.from(front, encoding), ...this.#records.map((record) => record.bytes)]);
  }

  /** Drops what has been read of the oldest text, of which something waits. */
  #cut() {
    const [record] = this.#records;
    const { offset, dropped } = prefix(this.#units - this.#waiting, record);
    record.bytes = copy(record.bytes, offset, record.bytes.length);
    record.units -= dropped;
    this.#units -= dropped;
  }
}

/**
 * The whole characters (or groups of base64) that have the first `units` of a text in them: where in `bytes` they end,
 * and how many units are `dropped` with them.
 */
function prefix(units, { bytes, encoding }) {
  const decoder = decoderOf(encoding);
  let offset = 0;
  let dropped = 0;
  while (dropped < units && offset < bytes.length) {
    // A byte becomes two units at the most (in hexadecimal), and an unfinished character from before a few.
    const step = Math.max(((units - dropped) >> 1) - 2, 1);
    dropped += decoder.write(bytes.subarray(offset, offset + step)).length;
    offset = Math.min(offset + step, bytes.length);
  }
  // What follows has shown the last bytes of a record to be no character.
  if (dropped < units) return { offset: bytes.length, dropped: dropped + decoder.end().length };
  // What the decoder has not given out belongs to the next character.
  return { offset: offset - restOf(decoder).length, dropped };
}

/** The bytes that `decoder` has taken but not given out. */
function restOf(decoder) {
  if (decoder instanceof Utf16Decoder) return decoder.rest();
  return Buffer.from(decoder.lastChar.subarray(0, decoder.lastTotal - decoder.lastNeed));
}

module.exports = { TextBytes, Utf16Decoder, isOurs, restOf };
