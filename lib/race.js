'use strict';

// Opening a connection: looks the host up and tries its addresses, as RFC 8305 (Happy Eyeballs) says. The next attempt
// starts when the last has failed or has had its time, and goes on beside it; the first to succeed wins, the others
// are closed. If all fail, the error holds every attempt's.
//
// A race belongs to one stream, from `connect()` until it is won, lost or cancelled by `destroy()`.

const dns = require('dns');
const { errno: ERRNO } = require('os').constants;
const { isIP } = require('./address');
const engines = require('./engine');
const errors = require('./errors');
const { onconnect } = require('./events');
const nodesNet = require('./nodes-net');
const { denial } = require('./permission');
const { kAttach, kTransport } = require('./symbols');
const { clearTimeout, nextTick, setTimeout } = require('./timers');
const { Transport } = require('./transport');

/**
 * Node's defaults, which `--no-network-family-autoselection` and `--network-family-autoselection-attempt-timeout` set
 * for the process, and `setDefaultAutoSelectFamily...` change.
 */
const defaults = {
  autoSelectFamily: nodesNet.getDefaultAutoSelectFamily(),
  attemptDelay: nodesNet.getDefaultAutoSelectFamilyAttemptTimeout(),
};

const ECONNREFUSED = -ERRNO.ECONNREFUSED;

/** RFC 8305 has attempts follow each other no faster. */
const LEAST_ATTEMPT_DELAY = 10;

const ANY = { 4: '0.0.0.0', 6: '::' };

/** An attempt to connect to one address: the owner of its transport until it is over. */
class Attempt {
  transport;
  #over;

  /** `over(errno)` is called when it has succeeded (0) or failed. */
  constructor(transport, over) {
    this.transport = transport;
    this.#over = over;
  }

  [onconnect](errno) {
    this.#over(errno);
  }
}

class Race {
  #stream;
  #target;
  /** What to connect from, `{ transport, path }` of a BoundSocket, until its attempt is over; null without one. */
  #bound;
  #addresses = [];
  #next = 0;
  /** Attempts under way. */
  #running = new Set();
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

  /** Whether what is written first may go with the SYN. */
  get sendsFirst() {
    return this.#target.first !== undefined;
  }

  /** Sets an option on the sockets of the attempts under way. Returns 0 or a negative errno. */
  setOption(setting) {
    for (const { transport } of this.#running) {
      const errno = transport.setOption(setting);
      if (errno !== 0) return errno;
    }
    return 0;
  }

  /** What is to be sent before anything else; undefined for nothing. */
  get header() {
    return this.#target.header;
  }

  /**
   * Starts. Events come no earlier than the next tick, when the caller of `connect()` has added its listeners; but from
   * a BoundSocket it connects at once, so that the address is known that the system has chosen for our end.
   */
  start() {
    const { host, path } = this.#target;
    const family = path === undefined ? isIP(host) : 0;
    const denied = path === undefined ? null : denial(path);
    if (denied !== null) {
      this.#lose(errors.connectDenied(denied, path));
    } else if (family !== 0 && this.#bound !== null) {
      this.#run([{ address: host, family }]);
    } else if (path !== undefined || family !== 0) {
      nextTick(() => this.#run([{ address: path ?? host, family }]));
    } else {
      this.#lookUp();
    }
  }

  /** Gives up: closes what has been opened. */
  cancel() {
    this.#over = true;
    clearTimeout(this.#timer);
    for (const { transport } of this.#running) transport.release();
    this.#bound?.transport.release();
    this.#running.clear();
    this.#bound = null;
  }

  /** Whether the attempts keep the process alive follows the stream. */
  reference(referenced) {
    for (const { transport } of this.#running) transport.reference(referenced);
  }

  #lookUp() {
    // `dns.lookup` as it is now: programs put their own in its place.
    const { host, hints, family, localAddress } = this.#target;
    const lookup = this.#target.lookup ?? dns.lookup;
    const oneFamily = family === 4 || family === 6;
    const all = !oneFamily && !localAddress && (this.#target.autoSelectFamily ?? defaults.autoSelectFamily);
    const options = { family, hints: hints || (oneFamily ? 0 : dns.ADDRCONFIG) };
    if (all) options.all = true;
    lookup(host, options, (error, answer, answerFamily) => {
      if (this.#over) return;
      if (error) {
        this.#stream.emit('lookup', error, undefined, undefined, host);
        nextTick(() => this.#lose(error));
        return;
      }
      const found = Array.isArray(answer) ? answer : [{ address: answer, family: answerFamily }];
      for (const { address, family: version } of found) {
        this.#stream.emit('lookup', null, address, version, host);
        if (this.#over) return;
      }
      const wrong = this.#wrongAnswer(found);
      if (wrong) nextTick(() => this.#lose(wrong));
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

  /** Tries the next address. */
  #attempt() {
    const candidate = this.#addresses[this.#next++];
    const { address, family } = candidate;
    const { port } = this.#target;
    const stream = this.#stream;
    const isBlocked = family !== 0 && stream.blockList?.check(address, `ipv${family}`);
    if (isBlocked && this.#addresses.length > 1) {
      this.#failed(candidate, errors.ipBlocked(address));
      return;
    }
    stream.emit('connectionAttempt', address, port, family || undefined);
    if (this.#over) return;
    const denied = isBlocked ? null : denial(address, address, port);
    if (isBlocked || denied !== null) {
      const error = isBlocked ? errors.ipBlocked(address) : errors.connectDenied(denied, address, port);
      this.#failedAtOnce(candidate, error);
      return;
    }
    stream.autoSelectFamilyAttemptedAddresses?.push(`${address}:${port}`);
    const { localAddress, localPort } = this.#target;
    candidate.from = localAddress ?? (localPort ? ANY[family] : undefined);
    const outcome = this.#open(candidate);
    if (typeof outcome === 'number') this.#watch(outcome, candidate);
    else this.#failedToOpen(candidate, outcome);
  }

  /** Has the engine connect to `candidate`. Returns an id, or what has failed. */
  #open({ address, family, from: localAddress }) {
    const { port, localPort } = this.#target;
    const settings = this.#target.settings?.();
    const first = this.#target.first?.();
    const hasMore = localAddress !== undefined || settings !== undefined;
    const options = hasMore ? { __proto__: null, localAddress, localPort, settings, first } : undefined;
    return engines.attempt('connect', (engine) => {
      if (this.#bound !== null) return connectBound(this.#bound.transport, { address, family }, port, options);
      return family === 0
        ? engine.connectUnix(Buffer.from(address), settings)
        : engine.connectTcp(address, port, options);
    });
  }

  #failedToOpen(candidate, failure) {
    const { address, family, from } = candidate;
    const { errno, syscall } = failure;
    if (syscall === 'setsockopt') {
      this.#failedAtOnce(candidate, errors.systemError(errno, syscall));
    } else if (syscall === 'bind') {
      this.#failedAtOnce(candidate, errors.connectError(failure, from, this.#target.localPort));
    } else {
      const error = errors.connectError(failure, address, this.#target.port, this.#localOf(candidate));
      // libuv reports these later.
      if (family === 0 || errno === ECONNREFUSED) this.#failed(candidate, error);
      else this.#failedAtOnce(candidate, error);
    }
  }

  /** Our end of an attempt, for its error, if the program has chosen its port. */
  #localOf({ from }) {
    const { localPort } = this.#target;
    return from !== undefined && localPort ? { address: from, port: localPort } : undefined;
  }

  /** The attempt to connect to `candidate` is under way as source `id` of the engine. */
  #watch(id, candidate) {
    const transport = this.#bound?.transport ?? new Transport();
    transport.referenced = this.#stream[kTransport].referenced;
    const attempt = new Attempt(transport, (errno) => this.#ended(attempt, candidate, errno));
    transport.open(id, attempt);
    // By a hook of `async_hooks`, which has seen it open.
    if (this.#over) {
      transport.release();
      return;
    }
    this.#running.add(attempt);
    this.#startTimer(candidate);
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

  /** `attempt` has connected (0) or failed. */
  #ended(attempt, candidate, errno) {
    const { transport } = attempt;
    this.#running.delete(attempt);
    this.#bound = null;
    if (errno === 0) {
      this.cancel();
      this.#stream[kAttach](transport);
      return;
    }
    transport.release();
    const { address } = candidate;
    const local = this.#localOf(candidate);
    this.#failed(candidate, errors.connectError({ errno, syscall: 'connect' }, address, this.#target.port, local));
  }

  /** An attempt never began. As in Node, 'connectionAttemptFailed' is only for one of several. */
  #failedAtOnce(candidate, error) {
    if (this.#addresses.length > 1) this.#failed(candidate, error);
    else this.#lose(error);
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

function connectBound(transport, { address, family }, port, options) {
  const { engine, id } = transport;
  if (family === 0) return engine.connectBoundUnix(id, Buffer.from(address), options?.settings);
  const outcome = engine.connectBoundTcp(id, address, port, options);
  // The system may have chosen an address since it was bound.
  transport.forget();
  return typeof outcome === 'number' ? outcome : { ...outcome, local: transport.local };
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
