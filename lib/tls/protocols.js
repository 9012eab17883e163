'use strict';

// Names of application protocols in wire format: each is preceded by its length, a byte.

/** The names in `bytes`. */
function wireProtocols(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]) found.push(bytes.subarray(at + 1, at + 1 + bytes[at]));
  return found;
}

module.exports = { wireProtocols };
