'use strict';

// The engine of this environment, made when the first socket is, and the way from its events to their owners.
//
// Everything that has an id here is an owner: a Stream, a Server, or an attempt to connect. For each of its events
// (lib/events.js), the engine calls a function, which finds the owner and calls its method. It does so in the
// asynchronous context (`AsyncLocalStorage`, `async_hooks`) of the id, which is the one in which it was opened.

const { AsyncLocalStorage, executionAsyncId } = require('async_hooks');
const binding = require('./binding');
const events = require('./events');
const { EMPTY, copy, put, set, sizeOf, sizeOfAll, writeText } = require('./memory');
const phases = require('./phases');
const { clearTimeout, nextTick, queueMicrotask, setImmediate, setTimeout } = require('./timers');

const { FLUSH_DUE, PLACE_UNIT, UTF8 } = binding;
const { onbulk, ondata } = events;

/** Bytes that a UTF-16 unit can take in UTF-8. */
const MAX_UTF8 = 3;

/** Where the copies of this module in one process meet. */
const kAtExit = Symbol.for('rust-net.at-exit');

const owners = [];

/**
 * The memory that messages are received into, and the one that small writes are put into. Both are made with the engine
 * and used over and over: no owner may keep a view of them.
 */
let incoming = null;
let outgoing = null;

/** The memory for large reads, made for the first of them. When it is full, a stream takes it: see `takeBulk`. */
let bulk = null;

/** How many reads have filled that memory, one after the other. After `FULL_READS` of them, it is larger. */
let fullReads = 0;
const FULL_READS = 4;

/** Memory of the larger size that a read has not filled, for the next time. */
let largeBulk = null;

const IS_DENO = Boolean(process.versions.deno);
const IS_BUN = Boolean(process.versions.bun);

/**
 * Functions that call another in the context of an id, by id, where Node-API has no asynchronous contexts. `root` does
 * so for what is accepted. Null in Node.
 */
const contexts = IS_BUN || IS_DENO ? { byId: [], root: AsyncLocalStorage.snapshot() } : null;

/** Whether a thread wakes the loop, instead of libuv, which Bun and Deno do not have. */
const WAKE_BY_THREAD = IS_DENO || IS_BUN || process.env.RUST_NET_WAKE === 'thread';

/** The functions for what comes with each chunk. Each looks up one name only, which V8 does faster. */
const frequent = {
  __proto__: null,

  ondata(id, offset, length) {
    try {
      return owners[id]?.[ondata]?.(offset, length);
    } catch (error) {
      engine.surface(error);
      throw error;
    }
  },

  onbulk(id, length) {
    try {
      return owners[id]?.[onbulk]?.(length);
    } catch (error) {
      engine.surface(error);
      throw error;
    }
  },
};

/** What the engine calls for each of its events. */
const callbacks = { __proto__: null };
for (const [name, method] of Object.entries(events)) {
  const pass = frequent[name] ?? passOn(method);
  callbacks[name] = contexts === null ? pass : inContext(name, pass);
}

/**
 * Passes an event to the owner of the id, and returns what that returns: for received data, maybe the function of a
 * `SessionFeed`. What it throws is an uncaught exception, in the context of the event.
 */
function passOn(method) {
  return surfacing((id, ...details) => owners[id]?.[method]?.(...details));
}

/** Makes what `callback` throws an uncaught exception, while the context is still that of the call. */
function surfacing(callback) {
  return (...args) => {
    try {
      return callback(...args);
    } catch (error) {
      engine.surface(error);
      throw error;
    }
  };
}

/** Has `pass` called in the context of the id that the event `name` is of. */
function inContext(name, pass) {
  return (id, ...details) => {
    const { byId, root } = contexts;
    if (name === 'onconnection') byId[details[0]] = root;
    return (byId[id] ?? root)(pass, id, ...details);
  };
}

// Deno runs the ticks and microtasks of an event only when all calls of the wake that it knows of have been made.
if (IS_DENO) callbacks.defer = () => behindPromises(goOn, []);

if (WAKE_BY_THREAD) {
  // Two turns of the thread's wake have a round of the loop between them, with its immediates, as those of libuv have.
  callbacks.comeRound = () => setImmediate(watchAgain).unref();
} else {
  callbacks.afterEvents = surfacing(phases.runAfterEvents);
  callbacks.closing = surfacing(phases.runClosing);
}

/** Runs until something of the engine's clock is due; null while there is nothing. It keeps no process alive. */
let clockTimer = null;
callbacks.ontimer = (_id, msecs) => startClockTimer(msecs);

let engine = null;

function startClockTimer(msecs) {
  clearTimeout(clockTimer);
  clockTimer = setTimeout(runClock, msecs).unref();
}

function runClock() {
  clockTimer = null;
  const next = engine.runClock();
  if (next >= 0) startClockTimer(next);
}

function goOn() {
  engine.goOn();
}

function watchAgain() {
  engine.watchAgain();
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

/** Starts the engine, which takes descriptors, if it is not yet. Returns 0 or a negative errno. */
function tryToStart() {
  try {
    start();
  } catch ({ message }) {
    return -Number(message);
  }
  return 0;
}

/** The engine; null if it has not been started. */
function running() {
  return engine;
}

/**
 * Runs `operation` on the engine. Returns what that returns, an id or `{ errno, syscall }`; the latter also if the
 * engine itself can't be started, which takes descriptors.
 */
function attempt(syscall, operation) {
  const errno = tryToStart();
  return errno === 0 ? operation(engine) : { errno, syscall };
}

/**
 * Makes `engine` send what is gathered when the process exits, and write at once what later 'exit' listeners write.
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

/** Makes `owner` the owner of `id`, in the current asynchronous context, unless `id` has one already. */
function own(id, owner) {
  engine.enter(id);
  if (contexts !== null) contexts.byId[id] ??= AsyncLocalStorage.snapshot();
  owners[id] = owner;
}

/** The owners of all ids, each as it is when it is reached. */
function* allOwners() {
  for (let id = 0; id < owners.length; id++) {
    if (owners[id] !== undefined) yield owners[id];
  }
}

/** Makes `owner` the owner of `id`, which has an asynchronous context, as it had another owner. */
function pass(id, owner) {
  owners[id] = owner;
}

/** What happens to `id` happens in the current asynchronous context from now on. */
function renewContext(id) {
  engine.renewContext(id);
  if (contexts !== null) contexts.byId[id] = AsyncLocalStorage.snapshot();
}

/** The memory that `ondata` has put a message of `length` bytes into. After a large one, there is memory for bulk. */
function messageMemory(length) {
  if (length >= binding.MIN_BULK && bulk === null) renewBulk();
  return incoming;
}

/** The memory that `onbulk` has put a message into. */
function bulkMemory() {
  return bulk;
}

/** A Buffer with the `length` bytes of `onbulk`. It is the memory itself if they fill that. */
function takeBulk(length) {
  if (length < bulk.length) {
    const taken = copy(bulk, 0, length);
    shrinkBulk();
    return taken;
  }
  const full = bulk;
  fullReads += 1;
  renewBulk();
  return full;
}

/** Whether the memory for bulk is larger than at first, for streams that flow. */
function readsLarge() {
  return bulk.length > binding.BULK_SIZE;
}

/** What `onbulk` has put into the memory did not fill it, or was read there: next comes memory of the first size. */
function shrinkBulk() {
  fullReads = 0;
  if (bulk.length === binding.BULK_SIZE) return;
  largeBulk = bulk;
  renewBulk();
}

function renewBulk() {
  if (fullReads < FULL_READS) {
    bulk = Buffer.allocUnsafeSlow(binding.BULK_SIZE);
  } else {
    bulk = largeBulk ?? Buffer.allocUnsafeSlow(binding.MAX_BULK);
    largeBulk = null;
  }
  engine.useForBulk(bulk);
}

/** Takes the data of `id` whose `ondata` is still pending, if there are any. */
function takeBack(id) {
  const place = engine.takeBack(id);
  if (place < 0) return EMPTY;
  const offset = Math.floor(place / PLACE_UNIT);
  return copy(incoming, offset, offset + (place % PLACE_UNIT));
}

/**
 * Writes `chunks`, in order. Returns how many bytes were taken, or a negative errno. Small ones are copied here, which
 * costs less than looking their memory up in the engine.
 */
function write(id, chunks) {
  const length = sizeOfAll(chunks);
  if (length > outgoing.length) {
    return taken(chunks.length === 1 ? engine.writeView(id, chunks[0]) : engine.write(id, chunks));
  }
  put(outgoing, chunks);
  return taken(engine.writeOutgoing(id, length));
}

/** Writes `chunk`, of `size` bytes, no more than the memory for small writes has room for. Returns as `write`. */
function writeOne(id, chunk, size) {
  set(outgoing, chunk, 0);
  return taken(engine.writeOutgoing(id, size));
}

/**
 * Puts what `_writev` takes, small Buffers and texts, into the memory for small writes, for `writeGathered`. Returns
 * how many bytes that are; -1 if they might not fit, or if a text has another encoding than those of `encodings`.
 */
function gather(list, encodings) {
  let most = 0;
  for (const { chunk, encoding } of list) {
    if (typeof chunk !== 'string') most += sizeOf(chunk);
    else if (encodings[encoding] === undefined) return -1;
    else most += encodings[encoding] === UTF8 ? MAX_UTF8 * chunk.length : chunk.length;
  }
  if (most > outgoing.length) return -1;
  let length = 0;
  for (const { chunk, encoding } of list) {
    if (typeof chunk === 'string') {
      length += writeText(outgoing, chunk, length, encoding);
    } else if (sizeOf(chunk) > 0) {
      set(outgoing, chunk, length);
      length += sizeOf(chunk);
    }
  }
  return length;
}

/** Writes what `gather` has put there. Returns how many bytes were taken, or a negative errno. */
function writeGathered(id, length) {
  return taken(engine.writeOutgoing(id, length));
}

/** A Buffer with what `gather` has put there, from byte `start` on. */
function gathered(start, length) {
  return copy(outgoing, start, length);
}

/** Writes a short `text` of `length` units in an encoding of the binding's. It is taken whole, or not at all. */
function writeString(id, text, length, encoding) {
  return taken(engine.writeString(id, text, length, encoding));
}

/** What a write of the engine has taken, without the request for a flush that may come with it. */
function taken(outcome) {
  if (outcome < FLUSH_DUE) return outcome;
  nextTick(flush);
  return outcome - FLUSH_DUE;
}

function flush() {
  engine.flush();
}

/** The number of the asynchronous context of `id`; of the current one, if `id` has no owner. */
function asyncId(id) {
  return owners[id] === undefined ? executionAsyncId() : engine.callInContext(id, executionAsyncId);
}

/** Calls `callback(...args)` after the events of this round of the loop, in a context below the current one. */
function afterEvents(callback, ...args) {
  const hasPhase = !WAKE_BY_THREAD && engine !== null;
  if (!hasPhase || !phases.callAfterEvents(engine, callback, args)) later(callback, args);
}

/**
 * Calls `callback(...args)` in the closing phase of this round of the loop: in the context of `id`, or, without one, in
 * one below the current one.
 */
function whenClosing(id, callback, ...args) {
  if (!WAKE_BY_THREAD && tryToStart() === 0 && phases.callWhenClosing(engine, id, callback, args)) return;
  later(() => queueMicrotask(() => callback(...args)), []);
}

/**
 * Calls `callback(...args)` where the loop has no phase for it. Woken by the thread, the engine reports in one turn
 * what takes libuv several: there, it is called before the next event.
 */
function later(callback, args) {
  if (WAKE_BY_THREAD) behindPromises(callback, args);
  else setImmediate(callback, ...args);
}

/**
 * Calls `callback(...args)` after all promises that this event settles, and the ticks that they ask for. The tick of a
 * microtask comes when no microtask is left, however many follow from each other; a tick of that one, after theirs.
 */
function behindPromises(callback, args) {
  queueMicrotask(() => nextTick(() => nextTick(callback, ...args)));
}

/** Takes stream `id` out of the engine, which releases it: the ticket to attach it with, or null if it has to stay. */
function detach(id, wait) {
  const ticket = engine.detach(id, wait);
  if (ticket !== null) disown(id);
  return ticket;
}

/** Closes and releases `id`, a connection that was accepted and is refused because of `reason`. */
function refuse(id, reason) {
  disown(id);
  engine.refuse(id, reason);
}

/** Closes `id`, if it is open, and releases it. */
function release(id) {
  disown(id);
  engine.release(id);
}

function disown(id) {
  owners[id] = undefined;
  if (contexts !== null) contexts.byId[id] = undefined;
}

module.exports = {
  afterEvents,
  asyncId,
  attempt,
  bulkMemory,
  detach,
  gather,
  gathered,
  messageMemory,
  own,
  owners: allOwners,
  pass,
  readsLarge,
  refuse,
  release,
  renewContext,
  running,
  shrinkBulk,
  start,
  takeBack,
  takeBulk,
  whenClosing,
  write,
  writeGathered,
  writeOne,
  writeString,
};
