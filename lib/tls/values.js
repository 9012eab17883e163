'use strict';

// Options that are bytes, as Node takes them: one value, several or none, each a string or a buffer.

const { bytesOf } = require('../arguments');

/** The values that an option has: one, several or none. */
function items(value) {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** The bytes of each value of the option `name`. */
function blobs(name, value) {
  return items(value).map((item) => blob(name, item));
}

/** The bytes of one value of the option `name`. */
function blob(name, value) {
  return bytesOf(value, `options.${name}`);
}

module.exports = { blob, blobs, items };
