'use strict';

// The streams that a thread of net.serve() has by `attach()`. They end as those of its server do, and to
// `server/shutdown.js`, this is a server that has stopped listening.

const { kConnections, kShutdown } = require('../server/fields');
const { shutDown } = require('../server/shutdown');
const { countGuests } = require('../stream/guests');
const { kReleased } = require('../symbols');

class Guests {
  listening = false;
  [kConnections] = 0;
  [kShutdown] = null;

  constructor() {
    countGuests(this);
  }

  arrived(stream) {
    this[kConnections]++;
    this[kShutdown]?.arrived(stream);
  }

  [kReleased]() {
    this[kConnections]--;
    this[kShutdown]?.released();
  }

  /** Ends them gracefully; their time is over with `signal`. Resolves to `{ ended, destroyed }`. */
  shutdown(signal) {
    return shutDown(this, { grace: Infinity, signal }, null);
  }
}

module.exports = { Guests };
