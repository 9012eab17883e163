'use strict';

// Where there is no engine, the entries that Node has a counterpart of are Node's own modules, with one warning.
// RUST_NET_FALLBACK=error makes that an error, RUST_NET_FALLBACK=silent leaves the warning out.

const { builtin, completed, shareDefaults } = require('./builtin');
const { loadBinding, variable } = require('./loading');

const { failure } = loadBinding();

/** The code of the warning. */
const CODE = 'RUST_NET_FALLBACK';
const CHOICES = ['warn', 'silent', 'error'];

/** Whether there is an engine. Throws without one if that is an error. */
const isAccelerated = failure === null || fallBack();

function fallBack() {
  const choice = variable('RUST_NET_FALLBACK') || 'warn';
  if (!CHOICES.includes(choice)) {
    const { invalidArgumentValue } = require('./errors');
    throw invalidArgumentValue('RUST_NET_FALLBACK', choice, `must be one of: ${CHOICES.join(', ')}`);
  }
  if (choice === 'error') throw failure;
  if (choice === 'warn') warnOnce();
  return false;
}

/** One warning is for all entries, all copies of this package, and the workers that are started from here on. */
function warnOnce() {
  const { getEnvironmentData, setEnvironmentData } = builtin('worker_threads');
  if (getEnvironmentData(CODE)) return;
  setEnvironmentData(CODE, true);
  const [subject, ...detail] = failure.message.split('\n');
  process.emitWarning(`Node's own net, tls and http are used: ${subject}`, {
    type: 'RustNetWarning',
    code: CODE,
    detail: detail.join('\n'),
  });
}

/** What an entry is without an engine: all that Node's module `name` exports, and `isAccelerated`. */
function standIn(name) {
  const module = builtin(name);
  return shareDefaults(completed({ isAccelerated }, module), module);
}

module.exports = { isAccelerated, standIn };
