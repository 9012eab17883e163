'use strict';

// Node's http over servers and connections of ours, for programs that do without rust-net/register.

const http = require('http');
const { normalize } = require('./arguments');
const { assignable } = require('./members');
const { shutDown } = require('./server/shutdown');
const { kInner } = require('./symbols');

/** Events of the server that listens, which programs expect of the server of http. */
const PASSED_ON = ['listening', 'error', 'close', 'drop'];

/** What the server that listens has to say and to decide, not Node's. */
const MEMBERS = ['address', 'getConnections', 'ref', 'setLimits', 'unref'];
const PROPERTIES = ['listening', 'maxConnections', 'dropMaxConnection'];

/** A server of http over one that `listen` makes: `inner.emit(event, socket)` is a connection for it. */
class Server extends http.Server {
  #inner;

  constructor(options, listener, makeInner, { event, passedOn }) {
    super(options, listener);
    const inner = makeInner({ allowHalfOpen: true, noDelay: true, ...options });
    this.#inner = inner;
    for (const name of MEMBERS) {
      this[name] = (...args) => {
        const result = inner[name](...args);
        return result === inner ? this : result;
      };
    }
    for (const name of PROPERTIES) {
      Object.defineProperty(this, name, {
        get: () => inner[name],
        set(value) {
          inner[name] = value;
        },
        configurable: true,
      });
    }
    // Node's own reads requests from what is emitted as 'connection'. In Bun, there are two listeners for that.
    if (event !== 'connection') {
      for (const read of this.listeners('connection')) this.removeListener('connection', read).on(event, read);
    }
    const passOn = (name) => inner.on(name, (...args) => this.emit(name, ...args));
    [...PASSED_ON, event].forEach(passOn);
    // A server of TLS waits for the answers of those that listen.
    const waiting = new Set(passedOn);
    this.on('newListener', (name) => {
      if (waiting.delete(name)) passOn(name);
    });
  }

  /** The server that listens. */
  get [kInner]() {
    return this.#inner;
  }

  listen(...args) {
    const callback = args.at(-1);
    if (typeof callback === 'function') this.once('listening', args.pop());
    this.#inner.listen(...args);
    const { signal } = normalize(args).options;
    if (signal?.aborted === false) {
      const end = () => this.#endIdle();
      signal.addEventListener('abort', end, { once: true });
      this.#inner.once('close', () => signal.removeEventListener('abort', end));
    }
    return this;
  }

  /** Closes the connections that have nothing to do, as Node does with the server, which has never listened itself. */
  #endIdle() {
    super.close();
  }

  close(callback) {
    this.#endIdle();
    if (typeof callback === 'function') this.#inner.close((error) => callback.call(this, error));
    else this.#inner.close();
    return this;
  }

  /** Ends the server gracefully; see that of a server of rust-net/node. */
  shutdown(options) {
    return shutDown(this.#inner, options, this);
  }

  /** 'close' comes from the server that listens. */
  _emitCloseIfDrained() {}
}

/** What a server of rust-net/node has as `inner[name]`, and a program may take the name of. */
const inherited = (name) => ({
  get() {
    return this[kInner][name];
  },
  configurable: true,
});
const OWN = ['streams', 'stats', 'limits', 'fd'];
Object.defineProperties(Server.prototype, assignable(Object.fromEntries(OWN.map((name) => [name, inherited(name)]))));

/** `[url, options, callback]` of the arguments of `request`, with the `agent` for those that have none of their own. */
function requestArguments(args, agent) {
  const rest = [...args];
  const given = [];
  if (typeof rest[0] === 'string' || rest[0] instanceof URL) given.push(rest.shift());
  const options = typeof rest[0] === 'object' && rest[0] !== null ? rest.shift() : {};
  return [...given, { _defaultAgent: agent, ...options }, ...rest];
}

/**
 * The functions for clients, and the agent of those that bring none: `{ globalAgent, request, get }`. They serve https,
 * too: its own `request` would put Node's agent in the place of this one.
 */
function clientsWith(Agent) {
  // As Node's own: it keeps connections.
  const globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });
  const request = (...args) => http.request(...requestArguments(args, globalAgent));
  const get = (...args) => request(...args).end();
  return { globalAgent, request, get };
}

module.exports = { Server, clientsWith };
