'use strict';

// The responses of OCSP that are stapled: those that the program has given for its certificates, or those that it
// fetches, the option `ocsp` as a function.
//
// The function is asked ahead: when credentials get a certificate, and again when half of the time has passed for which
// a response is valid. So no handshake waits for a network. What can't be fetched is asked for again, after a pause
// that grows. The engine staples a response until it expires; here, that is noticed.

const { X509Certificate } = require('crypto');
const { isAnyArrayBuffer, isArrayBufferView } = require('util').types;
const errors = require('../errors');
const { clearTimeout, nextTick, setTimeout } = require('../timers');
const { Unfit, issuerOf, readResponse } = require('./ocsp');

/** How long the program may take for a response, in milliseconds. */
const TIME = 15_000;

/** When it is asked again after a failure, in milliseconds; the pause doubles each time. */
const MIN_PAUSE = 1000;
const MAX_PAUSE = 600_000;

/**
 * When it is asked again for a response with newer ones at any time. It is also how long a timer waits at most: so
 * credentials are soon forgotten that are not wanted any more, and a clock that is set makes no great difference.
 */
const HOUR = 3_600_000;

const NO_ISSUER = Buffer.alloc(0);

class Stapling {
  #ask;
  /** By the certificate and that of its issuer, in DER as latin1. */
  #entries = new Map();
  /** These keys in the order of the key pairs. */
  #order = [];
  #isWanted;
  #onResponse;
  #onError;

  /**
   * `ask` is the program's function, or null; it is called as long as `isWanted()`. `onResponse(certificate)` is called
   * when `responses` has a new one for that certificate, `onError(error)` when there is none to be had, or when one has
   * expired that the program has given.
   */
  constructor(ask, { isWanted, onResponse, onError }) {
    this.#ask = ask;
    this.#isWanted = isWanted;
    this.#onResponse = onResponse;
    this.#onError = onError;
  }

  /**
   * These are the certificates from now on: chains in DER. `given` are responses for them; where it has null, what is
   * known of a certificate that stays is kept.
   */
  serve(chains, given = chains.map(() => null)) {
    const former = this.#entries;
    this.#entries = new Map();
    this.#order = chains.map((chain, index) => {
      const [leaf] = chain;
      const issuer = issuerOf(chain);
      const key = Buffer.concat([leaf, issuer ?? NO_ISSUER]).toString('latin1');
      if (this.#entries.has(key)) return key;
      const entry = former.get(key) ?? newEntry(leaf, issuer, former.values());
      this.#entries.set(key, entry);
      former.delete(key);
      if (given[index] !== null) renew(entry, given[index] ?? null);
      return key;
    });
    for (const entry of former.values()) abandon(entry);
    for (const entry of this.#entries.values()) {
      // In the next turn, so that the program has its credentials.
      if (entry.timer === null) this.#schedule(entry, this.#ask === null ? Infinity : 0);
    }
  }

  /** The responses that are valid, in the order of the chains; null for those without. */
  get responses() {
    return this.#order.map((key) => this.#entries.get(key).response);
  }

  stop() {
    this.serve([]);
  }

  /** The program is asked in `ms`. */
  #schedule(entry, ms) {
    entry.due = performance.now() + ms;
    this.#wait(entry);
  }

  #wait(entry) {
    const left = entry.response === null ? Infinity : entry.response.until - Date.now();
    const ms = Math.min(entry.due - performance.now(), left);
    if (ms === Infinity) return;
    entry.timer = setTimeout(() => this.#look(entry), Math.ceil(Math.max(0, Math.min(ms, HOUR))));
    entry.timer.unref();
  }

  #look(entry) {
    if (!this.#isWanted()) return this.stop();
    const isExpired = this.#expire(entry);
    if (this.#ask !== null && (isExpired || performance.now() >= entry.due)) return void this.#renew(entry);
    if (isExpired) this.#onError(errors.ocspFailed('the response has expired'));
    else this.#wait(entry);
  }

  async #renew(entry) {
    let failure = null;
    try {
      const response = await this.#fetch(entry);
      if (this.#serves(entry)) renew(entry, response);
    } catch (error) {
      failure = error;
    }
    // It may have been replaced meanwhile.
    if (!this.#serves(entry)) return;
    if (this.#expire(entry)) failure ??= errors.ocspFailed('the response has expired');
    this.#schedule(entry, failure === null ? timeToRenewal(entry.response) : entry.pause);
    entry.pause = failure === null ? MIN_PAUSE : Math.min(2 * entry.pause, MAX_PAUSE);
    // What a listener throws is not to reject this promise.
    nextTick(() => this.#report(entry, failure));
  }

  /** The certificate of `entry` has a new response, or there was none to be had, `failure`. */
  #report(entry, failure) {
    // Between a promise and a tick, other promises may have replaced it.
    if (!this.#serves(entry)) return;
    if (failure === null) this.#onResponse(new X509Certificate(entry.leaf));
    else this.#onError(failure);
  }

  #serves(entry) {
    return [...this.#entries.values()].includes(entry);
  }

  /** Forgets the response of `entry` if it has expired. Returns whether it has. */
  #expire(entry) {
    if (entry.response === null || entry.response.until > Date.now()) return false;
    entry.response = null;
    return true;
  }

  /** What the program has for a certificate, read. Rejects with what is wrong with it. */
  async #fetch(entry) {
    const { leaf, issuer } = entry;
    const certificate = new X509Certificate(leaf);
    const controller = new AbortController();
    entry.controller = controller;
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
      if (!isArrayBufferView(bytes) && !isAnyArrayBuffer(bytes)) throw new Unfit('the function has returned no bytes');
      return readResponse(bytes, leaf, issuer);
    } catch (error) {
      if (error instanceof Unfit) throw errors.ocspFailed(error.message);
      throw errors.asError(error, (value) => errors.ocspFailed(`the function has failed with ${value}`));
    } finally {
      entry.controller = null;
      clearTimeout(timer);
    }
  }
}

/** What is known of `leaf`, whose issuer may be another one, or be known, since `former` entries were made. */
function newEntry(leaf, issuer, former) {
  const known = [...former].find((entry) => entry.leaf.equals(leaf))?.response ?? null;
  const { response } = known === null ? { response: null } : attempt(known.bytes, leaf, issuer);
  return { leaf, issuer, response, pause: MIN_PAUSE, due: Infinity, timer: null, controller: null };
}

function renew(entry, response) {
  entry.response = response;
  // Timers wait for the former one to expire.
  clearTimeout(entry.timer);
  entry.timer = null;
}

/** Nothing is to come of `entry` any more. What the program does about it must not come in between. */
function abandon({ timer, controller }) {
  clearTimeout(timer);
  if (controller !== null) nextTick(() => controller.abort());
}

/** How long a response serves before the next one is asked for, in milliseconds. */
function timeToRenewal({ until, next }) {
  const half = (until - Date.now()) / 2;
  return Math.max(MIN_PAUSE, next === null ? Math.min(half, HOUR) : half);
}

/** Reads a response: `{ response }`, or why it can't be stapled: `{ response: null, reason }`. */
function attempt(bytes, leaf, issuer) {
  try {
    return { response: readResponse(bytes, leaf, issuer), reason: null };
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return { response: null, reason: error.message };
  }
}

/**
 * Reads the responses that the program has given, in the order of the chains: `{ responses, reasons }`. Where one can't
 * be stapled, there is null, and a reason.
 */
function readGiven(given, chains) {
  const read = given.map((bytes, index) => attempt(bytes, chains[index][0], issuerOf(chains[index])));
  return {
    responses: read.map(({ response }) => response),
    reasons: read.flatMap(({ reason }) => reason ?? []),
  };
}

module.exports = { Stapling, readGiven };
