'use strict';

// The streams of this thread that it has by `attach()`: another thread has accepted or opened their connections. They
// belong to no server, so a thread of net.serve() has them counted, in order to end them with its own.

const { kGuestOf } = require('./fields');

/** What counts them, by `arrived(stream)` and `[kReleased]()`; null where that is up to the program. */
let host = null;

/** Has the streams that are attached from now on counted by `given`. */
function countGuests(given) {
  host = given;
}

/** `stream` has been attached. */
function noteGuest(stream) {
  if (host === null) return;
  stream[kGuestOf] = host;
  host.arrived(stream);
}

module.exports = { countGuests, noteGuest };
