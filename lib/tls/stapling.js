'use strict';

// The option `ocsp` as a function: a program's own way to fetch the responses of OCSP that are stapled to certificates.
//
// It is asked ahead: when credentials get a certificate, and again when half of the time has passed for which a
// response is valid. So no handshake waits for a network. What can't be fetched is asked for again, after a pause that
// grows; the response that is there is stapled until it expires.

const { X509Certificate } = require('crypto');
const { clearTimeout, setTimeout } = require('timers');
const errors = require('../errors');
const { readResponse } = require('./ocsp');

/** How long the program may take for a response, in milliseconds. */
const TIME = 15_000;

/** When it is asked again after a failure, in milliseconds; the pause doubles each time. */
const PAUSE_LEAST = 1000;
const PAUSE_MOST = 600_000;

/** When it is asked again for a response that does not say how long it is valid. */
const HOUR = 3_600_000;

/** The longest time of a timer. */
const TIMER_MOST = 2 ** 31 - 1;

class Stapling {
  #ask;
  /** By the certificate, in DER as latin1. */
  #entries = new Map();
  /** These keys in the order of the key pairs. */
  #order = [];
  #isWanted;
  #onResponse;
  #onError;

  /**
   * `ask` is the program's function, which is called as long as `isWanted()`. `onResponse(certificate)` is called when
   * `responses` has changed, with the certificate that has a new one, or null if one has expired; `onError(error)` when
   * there is none to be had.
   */
  constructor(ask, { isWanted, onResponse, onError }) {
    this.#ask = ask;
    this.#isWanted = isWanted;
    this.#onResponse = onResponse;
    this.#onError = onError;
  }

  /** These are the certificates from now on: chains in DER. What is known of those that stay is kept. */
  serve(chains) {
    const former = this.#entries;
    this.#entries = new Map();
    this.#order = chains.map(([leaf]) => leaf.toString('latin1'));
    for (const [index, [leaf, issuer]] of chains.entries()) {
      const key = this.#order[index];
      if (this.#entries.has(key)) continue;
      const entry = former.get(key) ?? { key, leaf, issuer, response: null, pause: PAUSE_LEAST, timer: null };
      former.delete(key);
      this.#entries.set(key, entry);
    }
    for (const { timer } of former.values()) clearTimeout(timer);
    for (const entry of this.#entries.values()) {
      // In the next turn, so that the program has its credentials.
      if (entry.timer === null) this.#schedule(entry, 0);
    }
  }

  /** The responses that are valid, in the order of the chains; null for those without. */
  get responses() {
    return this.#order.map((key) => this.#entries.get(key).response?.bytes ?? null);
  }

  stop() {
    this.serve([]);
  }

  #schedule(entry, ms) {
    const left = entry.response === null ? Infinity : entry.response.until - Date.now();
    entry.timer = setTimeout(() => void this.#renew(entry), Math.max(0, Math.min(ms, left, TIMER_MOST)));
    entry.timer.unref();
  }

  async #renew(entry) {
    if (!this.#isWanted()) return this.stop();
    this.#expire(entry);
    let response = null;
    let failure = null;
    try {
      response = await this.#fetch(entry);
    } catch (error) {
      failure = error;
    }
    // It may have been replaced meanwhile.
    if (this.#entries.get(entry.key) !== entry) return undefined;
    if (failure === null) {
      entry.response = response;
      entry.pause = PAUSE_LEAST;
      const left = response.until === Infinity ? 2 * HOUR : response.until - Date.now();
      this.#schedule(entry, Math.max(PAUSE_LEAST, left / 2));
      return this.#report(entry, () => this.#onResponse(new X509Certificate(entry.leaf)));
    }
    this.#expire(entry);
    this.#schedule(entry, entry.pause);
    entry.pause = Math.min(2 * entry.pause, PAUSE_MOST);
    return this.#report(entry, () => this.#onError(failure));
  }

  /** Calls `report` in the next tick, so that what a listener throws does not reject a promise of ours. */
  #report(entry, report) {
    process.nextTick(() => {
      // Between a promise and a tick, other promises may have replaced it.
      if (this.#entries.get(entry.key) === entry) report();
    });
  }

  #expire(entry) {
    if (entry.response === null || entry.response.until > Date.now()) return;
    entry.response = null;
    this.#report(entry, () => this.#onResponse(null));
  }

  /** What the program has for a certificate, read: `{ bytes, until }`. Rejects with what is wrong with it. */
  async #fetch({ leaf, issuer }) {
    const certificate = new X509Certificate(leaf);
    const controller = new AbortController();
    let timer;
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => {
        reject(errors.ocspFailed(`the function has had no answer for ${TIME} ms`));
        controller.abort();
      }, TIME);
      timer.unref();
    });
    try {
      const details = { issuer: issuer && new X509Certificate(issuer), signal: controller.signal };
      const bytes = await Promise.race([(async () => this.#ask.call(undefined, certificate, details))(), late]);
      return readResponse(bytes, certificate.serialNumber);
    } finally {
      clearTimeout(timer);
    }
  }
}

module.exports = { Stapling };
