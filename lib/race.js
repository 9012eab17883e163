'use strict';

// Opening a connection: looks the host up and tries its addresses, as RFC 8305 (Happy Eyeballs) says. The next attempt
// starts when the last has failed or has had its time, and goes on beside it; the first to succeed wins, the others
// are closed. If all fail, the error holds every attempt's.
//
// A race belongs to one stream, from `connect()` until it is won, lost or cancelled by `destroy()`.

const { lookup: dnsLookup, ADDRCONFIG } = require('dns');
const { clearTimeout, setTimeout } = require('timers');
const { isIP } = require('./address');
const engines = require('./engine');
const errors = require('./errors');
const nodesNet = require('./nodes-net');
const { kAttach, kOnConnect, kReferenced } = require('./symbols');

/**
 * Node's defaults, which `--no-network-family-autoselection` and `--network-family-autoselection-attempt-timeout` set
 * for the process, and `setDefaultAutoSelectFamily...` change.
 */
const defaults = {
  autoSelectFamily: nodesNet.getDefaultAutoSelectFamily(),
  attemptDelay: nodesNet.getDefaultAutoSelectFamilyAttemptTimeout(),
};

/** RFC 8305 has attempts follow each other no faster. */
const LEAST_ATTEMPT_DELAY = 10;

const ANY = { 4: '0.0.0.0', 6: '::' };

class Race {
  #stream;
  #target;
  /** The BoundSocket to connect from, `{ id, path }`, until its attempt is over; null without one. */
  #bound;
  #addresses = [];
  #next = 0;
  /** Attempts under way, by id. */
  #running = new Map();
  #failures = [];
  #timer = null;
  #over = false;

  constructor(stream, target, bound) {
    this.#stream = stream;
    this.#target = target;
    this.#bound = bound;
  }

  get bound() {
    return this.#bound;
  }

  /**
   * Starts. Events come no earlier than the next tick, when whoever called `connect()` has listened; but from a
   * BoundSocket it is connected at once, so that it is known which of our addresses the system has chosen.
   */
  start() {
    const { host, path } = this.#target;
    const family = path === undefined ? isIP(host) : 0;
    if (family !== 0 && this.#bound !== null) {
      this.#run([{ address: host, family }]);
    } else if (path !== undefined || family !== 0) {
      process.nextTick(() => this.#run([{ address: path ?? host, family }]));
    } else {
      this.#lookUp();
    }
  }

  /** Gives up: closes what has been opened. */
  cancel() {
    this.#over = true;
    clearTimeout(this.#timer);
    for (const id of this.#running.keys()) engines.release(id);
    if (this.#bound !== null && !this.#running.has(this.#bound.id)) engines.release(this.#bound.id);
    this.#running.clear();
    this.#bound = null;
  }

  /** Whether the attempts keep the process alive follows the stream. */
  reference(referenced) {
    for (const id of this.#running.keys()) engines.start().reference(id, referenced);
  }

  #lookUp() {
    const { host, hints, family, localAddress, lookup = dnsLookup } = this.#target;
    const oneFamily = family === 4 || family === 6;
    const all = !oneFamily && !localAddress && (this.#target.autoSelectFamily ?? defaults.autoSelectFamily);
    const options = { family, hints: hints || (oneFamily ? 0 : ADDRCONFIG) };
    if (all) options.all = true;
    lookup(host, options, (error, answer, answerFamily) => {
      if (this.#over) return;
      if (error) {
        this.#stream.emit('lookup', error, undefined, undefined, host);
        process.nextTick(() => this.#lose(error));
        return;
      }
      const found = Array.isArray(answer) ? answer : [{ address: answer, family: answerFamily }];
      for (const { address, family: version } of found) {
        this.#stream.emit('lookup', null, address, version, host);
        if (this.#over) return;
      }
      const wrong = this.#wrongAnswer(found);
      if (wrong) process.nextTick(() => this.#lose(wrong));
      else this.#run(alternate(found.filter(isUsable)));
    });
  }

  /** What is wrong with an answer of which nothing can be used. */
  #wrongAnswer(found) {
    if (found.some(isUsable)) return null;
    const { address, family } = found[0] ?? {};
    if (!isIP(address)) return errors.invalidIpAddress(address);
    return errors.invalidAddressFamily(family, this.#target.host, this.#target.port);
  }

  #run(addresses) {
    if (this.#over) return;
    this.#addresses = addresses;
    if (addresses.length > 1) this.#stream.autoSelectFamilyAttemptedAddresses = [];
    this.#attempt();
  }

  #attempt() {
    const candidate = this.#addresses[this.#next++];
    const { address, family } = candidate;
    const { port, localPort } = this.#target;
    const stream = this.#stream;
    if (family !== 0 && stream.blockList?.check(address, `ipv${family}`)) {
      this.#failed(candidate, errors.ipBlocked(address));
      return;
    }
    stream.emit('connectionAttempt', address, port, family || undefined);
    if (this.#over) return;
    stream.autoSelectFamilyAttemptedAddresses?.push(`${address}:${port}`);
    let localAddress = this.#target.localAddress;
    if (localPort && !localAddress) localAddress = ANY[family];
    candidate.local = localAddress && localPort ? { address: localAddress, port: localPort } : undefined;
    const id = engines.attempt('connect', (engine) => {
      if (this.#bound !== null) return connectBound(engine, this.#bound, candidate, port);
      return family === 0
        ? engine.connectUnix(Buffer.from(address))
        : engine.connectTcp(address, port, localAddress, localPort);
    });
    if (typeof id === 'number') {
      engines.own(id, this);
      // By a hook of `async_hooks`, which has heard of it.
      if (this.#over) {
        engines.release(id);
        return;
      }
      this.#running.set(id, candidate);
      if (!stream[kReferenced]) engines.start().reference(id, false);
      this.#startTimer(candidate);
    } else if (id.syscall === 'bind') {
      this.#failed(candidate, errors.connectError(id, localAddress, localPort));
    } else {
      this.#failed(candidate, errors.connectError(id, address, port, candidate.local));
    }
  }

  /** Gives the attempt its time before the next one starts beside it. */
  #startTimer({ address, family }) {
    if (this.#next === this.#addresses.length) return;
    const delay = Math.max(this.#target.attemptDelay ?? defaults.attemptDelay, LEAST_ATTEMPT_DELAY);
    this.#timer = setTimeout(() => {
      this.#stream.emit('connectionAttemptTimeout', address, this.#target.port, family);
      if (!this.#over) this.#attempt();
    }, delay);
  }

  /** The engine: the attempt `id` is over. */
  [kOnConnect](errno, id) {
    const candidate = this.#running.get(id);
    this.#running.delete(id);
    this.#bound = null;
    if (errno === 0) {
      this.cancel();
      this.#stream[kAttach](id);
      return;
    }
    engines.release(id);
    const { address, local } = candidate;
    this.#failed(candidate, errors.connectError({ errno, syscall: 'connect' }, address, this.#target.port, local));
  }

  #failed({ address, family }, error) {
    clearTimeout(this.#timer);
    this.#failures.push(error);
    this.#stream.emit('connectionAttemptFailed', address, this.#target.port, family || undefined, error);
    if (this.#over) return;
    if (this.#next < this.#addresses.length) {
      this.#attempt();
    } else if (this.#running.size === 0) {
      this.#lose(this.#addresses.length > 1 ? errors.allFailed(this.#failures) : error);
    }
  }

  #lose(error) {
    if (!this.#over) this.#stream.destroy(error);
  }
}

function connectBound(engine, { id }, { address, family }, port) {
  if (family === 0) return engine.connectBoundUnix(id, Buffer.from(address));
  const outcome = engine.connectBoundTcp(id, address, port);
  return typeof outcome === 'number' ? outcome : { ...outcome, local: engine.local(id) ?? undefined };
}

function isUsable({ address, family }) {
  return isIP(address) !== 0 && (family === 4 || family === 6);
}

/** Each address once, the families taking turns, the first answer's family first. */
function alternate(found) {
  const first = found[0].family;
  const seen = new Set();
  const families = [[], []];
  for (const { address, family } of found) {
    if (seen.has(address)) continue;
    seen.add(address);
    families[family === first ? 0 : 1].push({ address, family });
  }
  const [one, other] = families;
  const ordered = [];
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    if (i < one.length) ordered.push(one[i]);
    if (i < other.length) ordered.push(other[i]);
  }
  return ordered;
}

module.exports = { LEAST_ATTEMPT_DELAY, Race, defaults };
