'use strict';

// What the engine calls in two phases of libuv's loop, those in which Node calls for its own sockets: after the events
// of a round, and in the closing phase. Here are the functions; the engine calls as often as it was asked to, and has
// their contexts (src/binding/phases.rs).

/** What `callWhenClosing` returns for the first of its round. */
const FIRST = 2;

const afterEvents = [];
let nextAfterEvents = 0;

/** What is closed in one round of the loop, by round: that which is being run may be followed by the next. */
const closing = [];

/** Has `callback(...args)` called after the events of this round. Returns false where there is no libuv. */
function callAfterEvents(engine, callback, args) {
  if (engine.callAfterEvents() === 0) return false;
  afterEvents.push({ callback, args });
  return true;
}

function runAfterEvents() {
  const { callback, args } = afterEvents[nextAfterEvents];
  nextAfterEvents += 1;
  if (nextAfterEvents === afterEvents.length) {
    afterEvents.length = 0;
    nextAfterEvents = 0;
  }
  callback(...args);
}

/**
 * Has `callback(...args)` called in the closing phase of this round, in the context of `id`. Returns false where there
 * is no libuv.
 */
function callWhenClosing(engine, id, callback, args) {
  const outcome = engine.callWhenClosing(id);
  if (outcome === 0) return false;
  if (outcome === FIRST) closing.push([]);
  closing.at(-1).push({ callback, args });
  return true;
}

/** Calls what was asked for last, as libuv does. */
function runClosing() {
  const [round] = closing;
  const { callback, args } = round.pop();
  if (round.length === 0) closing.shift();
  callback(...args);
}

module.exports = { callAfterEvents, callWhenClosing, runAfterEvents, runClosing };
