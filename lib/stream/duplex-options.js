'use strict';

// What Duplex's constructor is passed. One set serves all streams that a server accepts.

class DuplexOptions {
  constructor({ defaultEncoding }, options) {
    Object.assign(this, options);
    this.allowHalfOpen = Boolean(options.allowHalfOpen);
    this.autoDestroy = true;
    this.decodeStrings = false;
    this.defaultEncoding = options.defaultEncoding ?? defaultEncoding;
    // 'close' says whether there was an error, which Duplex's own does not.
    this.emitClose = false;
  }
}

// Duplex reads options that are not here, too: no object may seem to have them.
Object.setPrototypeOf(DuplexOptions.prototype, null);

module.exports = { DuplexOptions };
