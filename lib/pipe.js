'use strict';

// Pipes that the engine runs: `a.pipe(b)` between two streams of ours, as long as nobody looks at the bytes.
//
// Duplex's own `pipe()` stays in charge: its listeners, its events, the end and the errors. When the source asks for
// data and nobody but `pipe()` would see them, the engine takes over and moves them without a call into JavaScript.
// Whoever does what would let JavaScript see or change them gives the pipe back first: from then on Duplex does it.

const { isSecuring } = require('./secure');
const { NONE, kEngine, kId } = require('./symbols');

/** Where the engine sends what the stream receives. */
const kTarget = Symbol('target');
/** The stream that the engine sends to this one. */
const kSource = Symbol('source');

/** Events whose listeners see what is received. */
const REVEALING = new Set(['data', 'readable']);

/** The methods through which bytes go in JavaScript. Who replaces one of them wants to see the bytes. */
const READING = ['emit', 'push', 'read'];
const WRITING = ['emit', 'write', '_write', '_writev'];

/**
 * Has the engine move what `source` receives, if it is piped to one stream of the same engine and nobody looks. Asked
 * when the source wants data: all that came before has been read. `own` has the methods that our streams are made with.
 * `true` if the engine does it.
 */
function takeOver(source, own) {
  if (source[kTarget] !== null) return true;
  const { pipes } = source._readableState;
  if (pipes.length !== 1) return false;
  const [target] = pipes;
  if (target[kEngine] !== source[kEngine] || !isReadyToFeed(source, own) || !isReadyToTake(target, own)) return false;
  if (!source[kEngine].pipe(source[kId], target[kId])) return false;
  source[kTarget] = target;
  target[kSource] = source;
  return true;
}

function isReadyToFeed(source, own) {
  const state = source._readableState;
  return (
    source[kId] !== NONE &&
    !isSecuring(source) &&
    state.flowing &&
    state.length === 0 &&
    !state.decoder &&
    source.listenerCount('data') === 1 &&
    source.listenerCount('readable') === 0 &&
    READING.every((name) => source[name] === own[name])
  );
}

function isReadyToTake(target, own) {
  const state = target._writableState;
  return (
    target[kId] !== NONE &&
    !isSecuring(target) &&
    target[kSource] === null &&
    target.writable &&
    state.length === 0 &&
    state.corked === 0 &&
    WRITING.every((name) => target[name] === own[name])
  );
}

/** Has JavaScript see again what `source` receives. */
function giveBack(source) {
  const target = source[kTarget];
  if (target === null) return;
  source[kTarget] = null;
  target[kSource] = null;
  if (source[kId] !== NONE) source[kEngine].unpipe(source[kId]);
}

/** Has JavaScript see again what is sent to `target`. */
function stopFeeding(target) {
  if (target[kSource] !== null) giveBack(target[kSource]);
}

/** A listener of `event` is being added to `source`. */
function reveal(source, event) {
  if (source[kTarget] !== null && REVEALING.has(event)) giveBack(source);
}

module.exports = { giveBack, kSource, kTarget, reveal, stopFeeding, takeOver };
