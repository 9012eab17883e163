'use strict';

// The events of `lib/channels.js` that take their time: each begins, and then succeeds or fails, for one socket or
// server at a time.

const channels = require('./channels');

/** Whether `tracing` has subscribers. Node before 20.13, and Bun, do not say so of all its channels together. */
function hasSubscribers({ asyncStart, asyncEnd, error }) {
  return asyncStart.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers;
}

class Span {
  #channel;
  /** By socket or server: `{ message, begun }`, of those that have begun while there was a subscriber. */
  #open = new WeakMap();
  /** Whether it ever has. */
  #hasBegun = false;

  constructor(channel) {
    this.#channel = channel;
  }

  /** To be asked before `begin()`. */
  get hasSubscribers() {
    return hasSubscribers(this.#channel);
  }

  /** It begins for `subject`. Subscribers get the same `message` again, with what `end` and `fail` add to it. */
  begin(subject, message) {
    this.#hasBegun = true;
    this.#open.set(subject, { message, begun: performance.now() });
    this.#channel.asyncStart.publish(message);
  }

  /**
   * Whether its outcome for `subject` is to be published: to be asked when there is one, before `end()` and `fail()`.
   * Without a subscriber, it is over all the same.
   */
  isAwaited(subject) {
    if (!this.#hasBegun) return false;
    if (this.hasSubscribers) return this.#open.has(subject);
    this.#open.delete(subject);
    return false;
  }

  /** It has succeeded for `subject`. */
  end(subject, outcome) {
    this.#channel.asyncEnd.publish(this.#close(subject, outcome));
  }

  /** It has failed for `subject`. */
  fail(subject, error) {
    this.#channel.error.publish(this.#close(subject, { error }));
  }

  #close(subject, outcome) {
    const { message, begun } = this.#open.get(subject);
    this.#open.delete(subject);
    return Object.assign(message, outcome, { ms: performance.now() - begun });
  }
}

module.exports = {
  connect: new Span(channels.connect),
  hasSubscribers,
  secure: new Span(channels.secure),
  shutdown: new Span(channels.shutdown),
};
