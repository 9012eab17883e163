'use strict';

// The engine of this environment, made when the first socket is, and the way from its events to their owners.
//
// Everything that has an id here is an owner: a Stream, a Server, or an attempt to connect. The engine calls the
// functions below, each of which finds the owner and calls its method of the same name. It does so in the asynchronous
// context (`AsyncLocalStorage`, `async_hooks`) of the id, which is the one in which it was opened.

const { executionAsyncId } = require('async_hooks');
const { setImmediate } = require('timers');
const binding = require('./binding');
const {
  kOnAsks,
  kOnBulk,
  kOnConnect,
  kOnConnection,
  kOnData,
  kOnEnd,
  kOnFail,
  kOnFinish,
  kOnRoom,
  kOnSecure,
  kOnStall,
  kOnTlsFail,
} = require('./symbols');
const { InternalError } = require('./errors');
const { copy, put, sizeOfAll } = require('./memory');

/** Where the copies of this module in one process meet. */
const kAtExit = Symbol.for('rust-net.at-exit');

const owners = [];

/**
 * The memory that the engine receives into, and the one that it takes small writes from. Both are made with the engine
 * and used over and over: nothing outside of this file may keep a view of them.
 */
let incoming = null;
let outgoing = null;

/** The memory for large reads, made for the first of them. When it is full, a stream takes it: see `takeBulk`. */
let bulk = null;

/** Makes the loop be woken by a thread instead of libuv. Bun and Deno have no libuv to offer. */
const WAKE_BY_THREAD =
  process.env.RUST_NET_WAKE === 'thread' || Boolean(process.versions.bun) || Boolean(process.versions.deno);

const callbacks = {
  onconnect(id, errno) {
    owners[id]?.[kOnConnect](errno, id);
  },
  ondata(id, offset, length) {
    if (length >= binding.BULK_LEAST && bulk === null) renewBulk();
    owners[id]?.[kOnData](incoming, offset, offset + length);
  },
  onbulk(id, length) {
    owners[id]?.[kOnBulk](bulk, length);
  },
  onend(id) {
    owners[id]?.[kOnEnd]();
  },
  onroom(id) {
    owners[id]?.[kOnRoom]();
  },
  onfinish(id, errno) {
    owners[id]?.[kOnFinish](errno);
  },
  onfail(id, errno, reading) {
    owners[id]?.[kOnFail](errno, reading ? 'read' : 'write');
  },
  onconnection(id, stream) {
    // The hooks of `async_hooks` have run since it was accepted, and may have closed the server.
    if (owners[id] === undefined) release(stream);
    else owners[id][kOnConnection](stream);
  },
  onenter(id) {
    engine.enter(id);
  },
  onstall(id, errno) {
    owners[id]?.[kOnStall](errno);
  },
  onflush() {
    process.nextTick(flush);
  },
  onpanic(id) {
    owners[id]?.destroy?.(new InternalError());
  },
  onsecure(id) {
    owners[id]?.[kOnSecure]();
  },
  ontlsfail(id) {
    owners[id]?.[kOnTlsFail]();
  },
  onasks(id) {
    owners[id]?.[kOnAsks]();
  },
};

for (const [name, callback] of Object.entries(callbacks)) callbacks[name] = surfacing(callback);

/** `callback`, whose exceptions are uncaught ones while its context is still there, as in Node. */
function surfacing(callback) {
  return (id, first, second) => {
    try {
      return callback(id, first, second);
    } catch (error) {
      engine.surface(error);
      throw error;
    }
  };
}

let engine = null;

function flush() {
  engine.flush();
}

/** The engine, started if it is not yet. */
function start() {
  if (engine === null) {
    incoming = Buffer.allocUnsafeSlow(binding.RECEIVE_SIZE);
    outgoing = Buffer.allocUnsafeSlow(binding.WRITE_SIZE);
    engine = new binding.NativeEngine(callbacks, incoming, outgoing, WAKE_BY_THREAD);
    engine.defineFast(engine);
    writeDirectlyAtExit(engine);
  }
  return engine;
}

/**
 * Runs `operation` on the engine: gives what it gives, an id or `{ errno, syscall }`. The latter also if the engine
 * itself can't be started, which takes descriptors.
 */
function attempt(syscall, operation) {
  try {
    start();
  } catch ({ message }) {
    return { errno: -Number(message), syscall };
  }
  return operation(engine);
}

/**
 * Has `engine` send what is gathered when the process exits, and write at once what later 'exit' listeners write.
 * One listener serves all copies of this module, and keeps none of their engines alive.
 */
function writeDirectlyAtExit(engine) {
  const engines = (process[kAtExit] ??= listenForExit());
  for (const known of engines) {
    if (known.deref() === undefined) engines.delete(known);
  }
  engines.add(new WeakRef(engine));
}

function listenForExit() {
  const engines = new Set();
  process.on('exit', () => {
    for (const engine of engines) engine.deref()?.writeDirectly();
  });
  return engines;
}

/** Makes `owner` the one whose methods hear of `id`: in the context of now, unless `id` has one already. */
function own(id, owner) {
  engine.enter(id);
  owners[id] = owner;
}

/** A Buffer with the `length` bytes that `onbulk` announces. It is the memory itself if they fill that. */
function takeBulk(length) {
  if (length < bulk.length) return copy(bulk, 0, length);
  const full = bulk;
  renewBulk();
  return full;
}

function renewBulk() {
  bulk = Buffer.allocUnsafeSlow(binding.BULK_SIZE);
  engine.useForBulk(bulk);
}

/** Takes what has been received of `id` and not been told yet, if there is anything. */
function takeBack(id) {
  const place = engine.takeBack(id);
  if (place === null) return Buffer.alloc(0);
  const [offset, length] = place;
  return copy(incoming, offset, offset + length);
}

/**
 * Writes `chunks`, in order. Returns how many bytes were taken, or a negative errno. Small ones are copied here, which
 * costs less than looking their memory up in the engine.
 */
function write(id, chunks) {
  const length = sizeOfAll(chunks);
  if (length > outgoing.length) return engine.write(id, chunks);
  put(outgoing, chunks);
  return engine.writeOutgoing(id, length);
}

/** The number of the asynchronous context of `id`; of the current one, if nobody owns it. */
function asyncId(id) {
  return owners[id] === undefined ? executionAsyncId() : engine.callInContext(id, executionAsyncId);
}

/**
 * Calls `callback(...args)` in a later turn of the loop. Woken by the thread, the engine reports in one turn what takes
 * libuv several: there, it is called before the next event.
 */
function later(callback, ...args) {
  if (WAKE_BY_THREAD) behindPromises(callback, args);
  else setImmediate(callback, ...args);
}

/**
 * Calls `callback(...args)` behind all promises that this event settles, and the ticks that they ask for. The tick of a
 * microtask comes when no microtask is left, however many follow from each other; a tick of that one, behind theirs.
 */
function behindPromises(callback, args) {
  queueMicrotask(() => process.nextTick(() => process.nextTick(callback, ...args)));
}

/** Closes `id`, if it is open, and gives it back. */
function release(id) {
  owners[id] = undefined;
  engine.release(id);
}

module.exports = { asyncId, attempt, later, own, release, start, takeBack, takeBulk, write };
