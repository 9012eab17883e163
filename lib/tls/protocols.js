'use strict';

// Names of application protocols (ALPN) in wire format: each is preceded by its length, a byte.

/** The names in `bytes`; null if these end within one. */
function wireProtocols(bytes) {
  const found = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 1 + bytes[at];
    found.push(bytes.subarray(at + 1, end));
    at = end;
  }
  return at === bytes.length ? found : null;
}

module.exports = { wireProtocols };
