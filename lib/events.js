'use strict';

// The events of the engine: for each, the name of the method that the owner of an id has for it.
//
// src/binding/events.rs is their table: it says when each of them is called, and with which arguments.

const { eventNames } = require('./binding');

const events = { __proto__: null };
for (const name of eventNames()) events[name] = Symbol(name);

module.exports = Object.freeze(events);
