'use strict';

// Files that most processes do not need are loaded when they are first needed: each takes time when a process starts.
// Loading takes a descriptor, so this is not for what has to work when there are none: opening, reading and writing.

/** A function that returns what `load` does, and calls it once: `lazy(() => require('./file'))`. */
function lazy(load) {
  let loaded;
  return () => (loaded ??= load());
}

module.exports = { lazy };
