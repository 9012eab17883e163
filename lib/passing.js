'use strict';

// `process.send(message, socket)`, `subprocess.send()`, `worker.send()`: sockets and servers of ours, sent to another
// process. Node's core takes a handle of its own out of what it is given, and leaves a socket without one. It is shown
// something that has such a handle, over a copy of the descriptor, and is the socket or server itself in all else.
//
// And `spawn()` with sockets of ours as the child's `stdio`: what comes from then on is the child's.

const childProcess = require('child_process');
const { runInThisContext } = require('vm');

/** The method of sockets and servers that returns what Node's core is shown. Every copy of this module calls it so. */
const kShown = Symbol.for('rust-net.shown-to-node');
/** The method of sockets that is called when they have become a child's `stdio`. */
const kUsedAsStdio = Symbol.for('rust-net.used-as-stdio');
/** Marks what has been put in the place of Node's. */
const kOurs = Symbol.for('rust-net.passes');

/** Not jest's, which it gives to each test file. */
const host = runInThisContext('globalThis.process') ?? process;

/**
 * What Node's core is shown of `object`: an instance of `Class`, Node's own, whose `_handle` is what `take()` returns.
 * Node sets that to null when the socket is to go: `leave()`.
 */
function show(object, Class, take, leave = () => {}) {
  let handle;
  return new Proxy(object, {
    getPrototypeOf: () => Class.prototype,
    get(target, name) {
      if (name === '_handle') return (handle ??= take());
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set(target, name, value) {
      if (name === '_handle') leave();
      else target[name] = value;
      return true;
    },
  });
}

/**
 * Has the channels to child processes, and the one to the parent, show our sockets to Node's core, which would take
 * what stands in for `_handle` for a handle of its own. It changes nothing for other sockets, so it is not undone.
 */
function install() {
  wrapSend(host);
  for (const handle of host._getActiveHandles?.() ?? []) {
    if (handle instanceof childProcess.ChildProcess) wrapSend(handle);
  }
  wrap(childProcess.ChildProcess.prototype, 'spawn', function spawn(original, args) {
    // Node's core replaces it.
    const stdio = args[0]?.stdio;
    try {
      const outcome = Reflect.apply(original, this, args);
      if (Array.isArray(stdio)) stdio.forEach((one) => one?.[kUsedAsStdio]?.());
      return outcome;
    } finally {
      wrapSend(this);
    }
  });
}

/** `send()` calls this, and so does what sends later what had to wait for its turn. */
function wrapSend(channel) {
  wrap(channel, '_send', function _send(original, [message, handle, ...rest]) {
    return Reflect.apply(original, this, [message, handle?.[kShown]?.() ?? handle, ...rest]);
  });
}

/** Puts `replacement(original, args)` in the place of `object[name]`, once, where there is a function. */
function wrap(object, name, replacement) {
  const original = object[name];
  if (typeof original !== 'function' || original[kOurs]) return;
  function wrapped(...args) {
    return Reflect.apply(replacement, this, [original, args]);
  }
  Object.defineProperty(wrapped, 'name', { value: name, configurable: true });
  Object.defineProperty(wrapped, kOurs, { value: true });
  object[name] = wrapped;
}

module.exports = { install, kShown, kUsedAsStdio, show };
