'use strict';

// The takeover: rust-net/register puts ours in the place of Node's, in Node's own module objects. These are what
// programs require and import, and where Node's core looks each time that it makes a socket (`http`, `https`, `http2`,
// `fetch`), so there is one `net` in the process. Every change is noted in a `Patches`, whose `undo()` takes all back.
//
// Ours are loaded when a program, or a module of Node's, first looks at one of the exports in `TRIGGERS`: a process
// that does not use `net` starts as fast as without. From then on, nothing tells them from exports of Node's.

const Module = require('module');
const { debuglog } = require('util');
const { builtin, kNodesOwn, nodesOwn } = require('./builtin');
const { BOOTSTRAP, DISTRIBUTOR, NODES_TLS, callingScript } = require('./callers');
const { install } = require('./passing');

const debug = debuglog('rust-net');

/** What extends Node's own classes when it is loaded, and keeps them: terminals, and the streams below Node's TLS. */
const NODES_HEIRS = ['tty', 'tls'];

/** The modules whose places are taken, in this order, and their exports that all sockets come from. */
const TRIGGERS = {
  net: ['Server', 'Socket', 'Stream', '_normalizeArgs', 'connect', 'createConnection', 'createServer', 'isIP'],
  tls: ['SecureContext', 'Server', 'TLSSocket', 'connect', 'createSecureContext', 'createServer'],
};

/** Node's modules that make sockets of these, each with what it needs to be ours. */
const USERS = { http: 'net', https: 'tls', http2: 'tls' };

/** Scripts of Node's core that want Node's own, and need not wait for ours. */
const OWN_USERS = new Set([BOOTSTRAP, DISTRIBUTOR, ...NODES_TLS, 'node:tty', 'node:internal/js_stream_socket']);

/** What a program requires or imports to have Node's TLS loaded. */
const LOADS_TLS = /^(node:)?(_tls_wrap|_tls_common|tls|https|http2)$/;

/** The code of the warning that something stays as it was. */
const LATE = 'RUST_NET_LATE';

/**
 * What is changed once `ours`, the module in the place of Node's, is loaded. `users`: those of `USERS` that had been
 * loaded before, and have found Node's own.
 */
const ROWS = {
  net(patches, ours, users) {
    callWrapped(patches, ours);
    readFromOurs(patches, ours);
    if (users.includes('http')) moveHttp(patches, ours);
    if (users.includes('http2')) moveHttp2(patches, ours);
  },

  tls(patches, ours, users) {
    const { useModule } = require('./tls-today/module');
    useModule(builtin('tls'));
    patches.add(() => useModule(ours));
    if (users.includes('https')) extend(patches, builtin('https').Server, ours.Server);
    if (users.includes('http2')) extend(patches, builtin('http2').createSecureServer().constructor, ours.Server);
  },
};

/** Has what a program had put around members of Node's called for ours. */
function callWrapped(patches, ours) {
  for (const [prototype, name, value] of require('./wrapped').wrappedMembers(ours)) {
    if (name in prototype) debug('net: %s() had been changed before, and is called', name);
    patches.define(prototype, name, { value, writable: true, configurable: true });
  }
}

/** Has native code of Node's core read from our sockets: http2, and the parser of http. */
function readFromOurs(patches, ours) {
  const { kInPlace } = require('./symbols');
  const { bridge } = require('./bridge');
  /** Called when one of our sockets first has a parser. */
  function teach(parser) {
    const { PARSER_METHODS } = require('./stream/parsing');
    const prototype = Object.getPrototypeOf(parser);
    for (const [name, method] of Object.entries(PARSER_METHODS)) {
      const original = prototype[name];
      patches.set(prototype, name, function taught(...args) {
        return method(original, this, args);
      });
    }
  }
  for (const Class of [ours.Socket, ours.Server]) {
    patches.define(Class.prototype, kInPlace, { value: { bridge, teach }, configurable: true });
  }
}

/** `http` has been loaded before: it has found Node's own `net`. */
function moveHttp(patches, ours) {
  const { Agent, Server } = builtin('http');
  extend(patches, Server, ours.Server);
  // Node 20 keeps the function that it has found.
  const { createConnection } = Agent.prototype;
  if (createConnection === nodesOwn('net').createConnection) {
    patches.set(Agent.prototype, 'createConnection', ours.createConnection);
  }
}

/** `http2` has been loaded before, and keeps the class that it has found: it calls `close()` of it. */
function moveHttp2(patches, ours) {
  extend(patches, builtin('http2').createServer().constructor, ours.Server);
  const { Server } = nodesOwn('net');
  const { close } = Server.prototype;
  patches.set(Server.prototype, 'close', function closeEither(...args) {
    return Reflect.apply(this instanceof Server ? close : ours.Server.prototype.close, this, args);
  });
}

/** Changes to objects, which can be undone. */
class Patches {
  #undo = [];

  add(undo) {
    this.#undo.push(undo);
  }

  define(object, name, descriptor) {
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, descriptor);
    this.add(() => {
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
    this.add(() => Object.setPrototypeOf(object, before));
  }

  undo() {
    while (this.#undo.length > 0) this.#undo.pop()();
  }
}

class Takeover {
  #loaders;
  #patches = new Patches();
  #users = Object.keys(USERS).filter(hasBeenLoaded);
  /** Exports are being read or replaced by this file. */
  #isBusy = false;
  /** The modules that are ours. */
  #done = new Set();
  #hasHeirs = false;
  /** Waits for Node's TLS to be loaded; null when there is nothing to wait for. */
  #watch = null;

  /** `loaders` load the modules that take the places of Node's, by name. */
  constructor(loaders) {
    this.#loaders = loaders;
    this.#await('net');
    this.#patches.add(() => this.#stopWatching());
    // Loading Node's TLS can take as long as starting Node. Where it can't be noticed in time, it is loaded now.
    if (Module.registerHooks && !hasBeenLoaded('tls')) this.#watchForTls();
    else this.#loadHeirs();
    for (const user of this.#users) {
      debug('%s: had been loaded before, uses ours from now on', user);
      this.#use(USERS[user]);
    }
  }

  undo() {
    this.#patches.undo();
    this.#sync();
  }

  #watchForTls() {
    const notice = (specifier) => {
      if (this.#watch !== null && LOADS_TLS.test(specifier)) this.#loadHeirs();
    };
    const hooks = Module.registerHooks({
      resolve(specifier, context, nextResolve) {
        notice(specifier);
        return nextResolve(specifier, context);
      },
    });
    const { getBuiltinModule } = process;
    function getNoticed(name) {
      notice(name);
      return getBuiltinModule(name);
    }
    process.getBuiltinModule = getNoticed;
    this.#watch = {
      stop() {
        hooks.deregister();
        if (process.getBuiltinModule === getNoticed) process.getBuiltinModule = getBuiltinModule;
      },
    };
  }

  #stopWatching() {
    const watch = this.#watch;
    this.#watch = null;
    watch?.stop();
  }

  /** Loads what extends Node's own, before that is replaced. From then on, `tls` waits to be used. */
  #loadHeirs() {
    if (this.#hasHeirs) return;
    this.#hasHeirs = true;
    this.#stopWatching();
    this.#isBusy = true;
    try {
      for (const name of NODES_HEIRS) builtin(name);
      this.#await('tls');
    } finally {
      this.#isBusy = false;
    }
  }

  /** Waits for the first look at one of the triggers of the module `name`. */
  #await(name) {
    const module = builtin(name);
    const own = nodesOwn(name);
    this.#patches.define(module, kNodesOwn, { value: own, configurable: true });
    const look = (key, script) => {
      if (this.#isBusy || OWN_USERS.has(script)) return own[key];
      this.#use(name);
      return module[key];
    };
    for (const key of TRIGGERS[name]) {
      const nodes = Object.getOwnPropertyDescriptor(module, key);
      if (nodes === undefined) continue;
      this.#patches.define(module, key, {
        get: () => look(key, callingScript()),
        set: (value) => {
          this.#use(name);
          module[key] = value;
        },
        enumerable: nodes.enumerable,
        configurable: true,
      });
    }
    debug('%s: to be replaced when it is used', name);
  }

  #use(name) {
    if (this.#done.has(name)) return;
    this.#loadHeirs();
    if (name === 'tls') this.#use('net');
    this.#done.add(name);
    this.#isBusy = true;
    try {
      const ours = this.#loaders[name]();
      if (!ours.isAccelerated) return this.undo();
      this.#replace(name, ours);
      ROWS[name](this.#patches, ours, this.#users);
    } catch (error) {
      this.#done.delete(name);
      throw error;
    } finally {
      this.#isBusy = false;
    }
    this.#sync();
    debug('%s: replaced', name);
  }

  #replace(name, ours) {
    const module = builtin(name);
    const own = nodesOwn(name);
    const kept = require('./wrapped').wrappedExports(name);
    if (kept.length > 0) warnOfKept(name, kept);
    for (const [key, nodes] of Object.entries(Object.getOwnPropertyDescriptors(own))) {
      const descriptor = Object.getOwnPropertyDescriptor(ours, key);
      // Accessors of ours are what Node's have.
      const stays = kept.includes(key) || !descriptor || descriptor.get || !nodes.configurable;
      const { enumerable } = nodes;
      if (!stays) this.#patches.define(module, key, { ...descriptor, enumerable, configurable: true });
      else if (TRIGGERS[name].includes(key)) this.#patches.define(module, key, nodes);
    }
  }

  /** What has been imported of Node's modules is what they have now. */
  #sync() {
    this.#isBusy = true;
    try {
      Module.syncBuiltinESMExports();
    } finally {
      this.#isBusy = false;
    }
  }
}

let takeover = null;

/** Puts what `loaders` load in the place of Node's modules, by name. Returns whether that had not been done before. */
function takeOver(loaders) {
  if (isTakenOver()) {
    debug('replaced already');
    return false;
  }
  // Before any process is started that a socket could be sent to.
  install();
  takeover = new Takeover(loaders);
  return true;
}

/** Gives Node's modules back what they had. Sockets and servers that exist go on as they are. */
function giveBack() {
  takeover?.undo();
  takeover = null;
}

/** Whether the modules of this thread are ours, through this copy of rust-net or another. */
function isTakenOver() {
  return Object.hasOwn(builtin('net'), kNodesOwn);
}

function warnOfKept(name, keys) {
  const which = keys.map((key) => `${name}.${key}`).join(', ');
  const warning = `${which} had been changed before rust-net/register was loaded: that stays, with Node's own sockets.`;
  process.emitWarning(warning, { code: LATE, detail: 'Load rust-net/register first.' });
}

/** Has `Class`, which is a class of Node's, extend `Base`. */
function extend(patches, Class, Base) {
  patches.setPrototype(Class, Base);
  patches.setPrototype(Class.prototype, Base.prototype);
}

/** Whether a module of Node's has been loaded. */
function hasBeenLoaded(name) {
  return process.moduleLoadList.includes(`NativeModule ${name}`);
}

module.exports = { giveBack, isTakenOver, takeOver };
