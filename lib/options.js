'use strict';

// Reading the options of a program: each property once, and nothing that only `Object.prototype` has.
//
// A property that an attacker has managed to add to `Object.prototype` must not change which peer is trusted or where a
// stream connects. So options are copied here into objects without a prototype that have every key; what goes to the
// engine is such an object, too, because a missing key would be looked up in `Object.prototype`.

const { getPrototypeOf, hasOwn } = Object;

/** Whether `holder` is the `Object.prototype` of this realm or another. */
function isRoot(holder) {
  return hasOwn(holder, 'isPrototypeOf') && getPrototypeOf(holder) === null;
}

/** Whether `options` has `name` from `Object.prototype` and from nowhere else. */
function isInheritedByAll(options, name) {
  for (let holder = options; holder !== null; holder = getPrototypeOf(holder)) {
    if (hasOwn(holder, name)) return isRoot(holder);
  }
  // A proxy that answers for it.
  return false;
}

/** Whether `options` has `name`, be it undefined; what every object has does not count. */
function hasOption(options, name) {
  return name in options && !isInheritedByAll(options, name);
}

/** The option `name`, asked for once. Inherited values count, as in Node, but for those that every object has. */
function readOption(options, name) {
  const value = options[name];
  return value === undefined || isInheritedByAll(options, name) ? undefined : value;
}

/** The options `names`, each asked for once: an object that has all of them, and no prototype. */
function readOptions(options, names) {
  const read = { __proto__: null };
  for (const name of names) read[name] = readOption(options, name);
  return read;
}

/** A copy of an object of the engine's, which leaves out what it has no value for, without a prototype. */
function bare(object) {
  return object === null || object === undefined ? object : Object.assign({ __proto__: null }, object);
}

module.exports = { bare, hasOption, readOption, readOptions };
