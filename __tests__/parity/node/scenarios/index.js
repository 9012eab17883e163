'use strict';

// All scenarios: each file of this folder is about one part of the surface, and calls `scenario` for each.
//
// `scenario(title, { over, ends, except }, act)`: `act(stage)` does something with the modules `stage.client` and
// `stage.net` and has it written to the stage's traces. `over`: ['tcp'] (the default), ['unix'] or both; `ends: 1` for
// what needs no pair of modules; `except`: what of a stream's last state is not to be compared;
// `since`: the first Node whose node:net does as ours. `inTurns` does the same for scenarios that look at what comes
// before what, or has come by then, among turns of the loop. They are played where libuv wakes the loop; woken by a
// thread, each event comes in a turn of its own, later by as much as the thread took.

const fs = require('fs');

const scenarios = [];

function scenario(title, ...rest) {
  const act = rest.pop();
  const { over = ['tcp'], ends = 2, except = [], since = 20 } = rest[0] ?? {};
  if (scenarios.some((other) => other.title === title)) throw new Error(`There are two scenarios "${title}".`);
  scenarios.push({ title, act, over, ends, except, since });
}

function inTurns(...all) {
  if (process.env.RUST_NET_WAKE !== 'thread') scenario(...all);
}

const BOTH = ['tcp', 'unix'];

module.exports = { BOTH, inTurns, scenario, scenarios };

for (const file of fs.readdirSync(__dirname).sort()) {
  if (file !== 'index.js') require(`./${file}`);
}
