'use strict';

// Reads DER, as far as PKCS#12 archives need it. Throws an `Unreadable` for what can't be read; no length is trusted.

/** The archive can't be read; the message is OpenSSL's reason. */
class Unreadable extends Error {}

const CUT = 'not enough data';

/** Tags. */
const [INTEGER, OCTET_STRING, OBJECT_ID, SEQUENCE] = [0x02, 0x04, 0x06, 0x30];
const [CONTEXT_0, IMPLICIT_0] = [0xa0, 0x80];

/** Reads the first element of `bytes`: `{ tag, content, rest }`. */
function element(bytes) {
  if (bytes.length < 2) throw new Unreadable(CUT);
  const [tag, short] = bytes;
  let [length, at] = [short, 2];
  if (short >= 0x80) {
    const size = short & 0x7f;
    if (size === 0 || size > 4 || bytes.length < 2 + size) throw new Unreadable(CUT);
    length = bytes.readUIntBE(2, size);
    at += size;
  }
  if (bytes.length - at < length) throw new Unreadable(CUT);
  return { tag, content: bytes.subarray(at, at + length), rest: bytes.subarray(at + length) };
}

/** Reads all elements of `bytes`. */
function elements(bytes) {
  const found = [];
  for (let left = bytes; left.length > 0; left = found.at(-1).rest) found.push(element(left));
  return found;
}

function content(found, tag) {
  if (found?.tag !== tag) throw new Unreadable(CUT);
  return found.content;
}

const sequence = (found) => elements(content(found, SEQUENCE));

function integer(found) {
  const bytes = content(found, INTEGER);
  if (bytes.length < 1 || bytes.length > 5) throw new Unreadable(CUT);
  return bytes.readIntBE(0, bytes.length);
}

function objectId(found) {
  const bytes = content(found, OBJECT_ID);
  if (bytes.length === 0) throw new Unreadable(CUT);
  const parts = [];
  let part = 0;
  for (const byte of bytes) {
    part = part * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(part);
      part = 0;
    }
  }
  const first = Math.min(Math.floor(parts[0] / 40), 2);
  return [first, parts[0] - 40 * first, ...parts.slice(1)].join('.');
}

/** Reads an AlgorithmIdentifier: `{ id, parameters }`. */
function algorithm(found) {
  const [id, parameters] = sequence(found);
  return { id: objectId(id), parameters };
}

module.exports = {
  CONTEXT_0,
  IMPLICIT_0,
  OCTET_STRING,
  SEQUENCE,
  Unreadable,
  algorithm,
  content,
  element,
  integer,
  objectId,
  sequence,
};
