'use strict';

// Node's timers, ticks and microtasks as they were when the package was loaded. Test frameworks put others in their
// place, which stand still; Node's own sockets do not notice, so ours must not.

const { clearTimeout, setImmediate, setTimeout } = require('timers');
const { runInThisContext } = require('vm');

// Not those of jest, which gives each test file others.
const { process: host = process, queueMicrotask } = runInThisContext('globalThis');
const { nextTick } = host;

module.exports = { clearTimeout, nextTick, queueMicrotask, setImmediate, setTimeout };
