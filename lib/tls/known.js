'use strict';

// What is known of a session: what was agreed on, and the certificates of both ends. Most programs never ask for those,
// and an idle connection should not hold copies of them. So the engine is asked for each when it is first needed, or
// else when the stream is about to give its connection up: they can be asked for after 'close', too.

class Known {
  #agreement;
  /** Null once everything is here. */
  #transport;
  #peer = undefined;
  #own = undefined;

  /** `transport` is one whose handshake is done. */
  constructor(transport, agreement) {
    this.#transport = transport;
    this.#agreement = agreement;
    if (agreement.hasPeer === false) this.#peer = null;
  }

  get agreement() {
    return this.#agreement;
  }

  /** The peer's certificate, in DER; null without one. */
  get peer() {
    if (this.#peer === undefined) this.#peer = this.#transport.peerCertificate;
    return this.#peer;
  }

  /** Our own certificate, in DER; null without one. */
  get own() {
    if (this.#own === undefined) this.#own = this.#transport.ownCertificate;
    return this.#own;
  }

  /** The engine is about to forget the connection: what has not been asked for is asked for now. */
  keep() {
    if (this.#transport === null) return;
    void [this.peer, this.own];
    this.#transport = null;
  }
}

module.exports = { Known };
