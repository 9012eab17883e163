'use strict';

// The takeover: rust-net/register puts ours in the place of Node's, in Node's own module objects. These are what
// programs require and import, and where Node's core looks each time that it makes a socket (`http`, `https`, `http2`,
// `fetch`), so there is one `net` in the process. All that is changed stands in `ROWS`, and one function undoes it.

const Module = require('module');
const { debuglog } = require('util');
const { builtin } = require('./builtin');
const nodesNet = require('./nodes-net');
const { kInPlace } = require('./symbols');
const { wrappedExports, wrappedMembers } = require('./wrapped');

/** The property of a module of Node's with what it had before; `lib/nodes-net.js` reads it. */
const kNodesOwn = Symbol.for('rust-net.nodes-own');

const debug = debuglog('rust-net');

/** What extends Node's own classes when it is loaded, and keeps them: terminals, and the streams below Node's TLS. */
const NODES_HEIRS = ['tty', 'tls'];

/** The code of the warning that something stays as it was. */
const LATE = 'RUST_NET_LATE';

/** What is changed of each of Node's modules, in this order. `ours`: the modules that take their places, by name. */
const ROWS = {
  net(patches, ours) {
    for (const name of NODES_HEIRS) builtin(name);
    const kept = wrappedExports();
    replaceExports(patches, 'net', nodesNet, ours.net, kept);
    if (kept.length > 0) warnOfKept(kept);
    for (const [prototype, name, value] of wrappedMembers(ours.net)) {
      if (name in prototype) debug('net: %s() had been changed before, and is heard', name);
      patches.define(prototype, name, { value, writable: true, configurable: true });
    }
    for (const Class of [ours.net.Socket, ours.net.Server]) {
      patches.define(Class.prototype, kInPlace, { value: true, configurable: true });
    }
    // Node's own TLS finds some of the members of its sockets on what `net.Socket` is at that time.
    const [from, to] = [nodesNet.Socket.prototype, ours.net.Socket.prototype];
    for (const name of Object.getOwnPropertySymbols(from)) {
      const descriptor = Object.getOwnPropertyDescriptor(from, name);
      if (!(name in to)) patches.define(to, name, { ...descriptor, enumerable: false });
    }
  },

  http(patches, ours) {
    if (!wasLoaded('http')) return;
    const { Agent, Server } = builtin('http');
    extend(patches, Server, ours.net.Server);
    // Node 20 keeps the function that it has found.
    const { createConnection } = Agent.prototype;
    if (createConnection === nodesNet.createConnection) {
      patches.set(Agent.prototype, 'createConnection', ours.net.createConnection);
    }
  },

  http2(patches, ours) {
    if (!wasLoaded('http2')) return;
    extend(patches, builtin('http2').createServer().constructor, ours.net.Server);
    // It keeps the class that it has found when it was loaded, and calls this of it.
    const { close } = nodesNet.Server.prototype;
    patches.set(nodesNet.Server.prototype, 'close', function closeEither(...args) {
      const method = this instanceof nodesNet.Server ? close : ours.net.Server.prototype.close;
      return Reflect.apply(method, this, args);
    });
  },
};

/** Changes to objects, which can be undone. */
class Patches {
  #undo = [];

  define(object, name, descriptor) {
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, descriptor);
    this.#undo.push(() => {
      if (before) Object.defineProperty(object, name, before);
      else delete object[name];
    });
  }

  /** Gives `object[name]` another value; all else about the property stays. */
  set(object, name, value) {
    this.define(object, name, { ...Object.getOwnPropertyDescriptor(object, name), value });
  }

  setPrototype(object, prototype) {
    const before = Object.getPrototypeOf(object);
    Object.setPrototypeOf(object, prototype);
    this.#undo.push(() => Object.setPrototypeOf(object, before));
  }

  undo() {
    while (this.#undo.length > 0) this.#undo.pop()();
  }
}

let patches = null;

/** Puts the modules `ours`, by name, in the place of Node's. Returns whether that had not been done before. */
function takeOver(ours) {
  if (isTakenOver()) {
    debug('net: is ours already');
    return false;
  }
  patches = new Patches();
  for (const change of Object.values(ROWS)) change(patches, ours);
  Module.syncBuiltinESMExports();
  return true;
}

/** Gives Node's modules back what they had. Sockets and servers that exist go on as they are. */
function giveBack() {
  patches?.undo();
  patches = null;
  Module.syncBuiltinESMExports();
}

/** Whether the modules of this thread are ours, through this copy of rust-net or another. */
function isTakenOver() {
  return Object.hasOwn(builtin('net'), kNodesOwn);
}

/** Gives the module `name` the exports of `ours`, but those that are `kept`. */
function replaceExports(patches, name, nodesOwn, ours, kept) {
  const module = builtin(name);
  patches.define(module, kNodesOwn, { value: nodesOwn, configurable: true });
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(ours))) {
    const nodes = Object.getOwnPropertyDescriptor(module, key);
    if (!nodes || kept.includes(key)) continue;
    patches.define(module, key, { ...descriptor, enumerable: nodes.enumerable, configurable: true });
  }
  debug('%s: replaced', name);
}

function warnOfKept(names) {
  const which = names.map((name) => `net.${name}`).join(', ');
  const warning = `${which} had been changed before rust-net/register was loaded: that stays, with Node's own sockets.`;
  process.emitWarning(warning, { code: LATE, detail: 'Load rust-net/register first.' });
}

/** Has `Class`, which is a class of Node's, extend `Base`. */
function extend(patches, Class, Base) {
  patches.setPrototype(Class, Base);
  patches.setPrototype(Class.prototype, Base.prototype);
}

/** Whether a module of Node's has been loaded; then it has found there what was Node's own. */
function wasLoaded(name) {
  const wasThere = process.moduleLoadList.includes(`NativeModule ${name}`);
  if (wasThere) debug('%s: had been loaded before, extends ours from now on', name);
  return wasThere;
}

module.exports = { giveBack, isTakenOver, takeOver };
