'use strict';

// Plays the scenarios of this folder on node:net and on rust-net/node, in one process without jest, and prints what
// could be observed as JSON: `{ [scenario]: { [pairing]: traces } }`. With arguments, only the scenarios whose titles
// contain one of them. `compare.js` runs it on the Node that it is given, and compares.
//
// A scenario is played once for each pairing of modules: node:net at both ends is the reference; ours at both ends and
// ours at either end must give the same traces. Where a scenario has one end only, there are two pairings.

const { once } = require('events');
const nodeNet = require('net');
const ourNet = require('../../../node');
const { scenarios } = require('./scenarios');
const { Stage } = require('./stage');

const PAIRINGS = {
  'node:net': [nodeNet, nodeNet],
  'ours': [ourNet, ourNet],
  'our client': [ourNet, nodeNet],
  'our server': [nodeNet, ourNet],
};

/** A run that has not ended after so long, in milliseconds, hangs. */
const HANGS = 5000;

async function play({ act, except = [] }, pairing, transport) {
  const stage = new Stage(pairing, transport);
  let timer;
  let hangs = false;
  const deadline = new Promise((resolve) => {
    timer = setTimeout(() => {
      hangs = true;
      resolve();
    }, HANGS);
  });
  const onUncaught = (error) => stage.trace('process').note('uncaught', error);
  process.on('uncaughtException', onUncaught);
  try {
    await Promise.race([act(stage), deadline]);
    if (!hangs && stage.server?.listening) {
      stage.server.close();
      await Promise.race([once(stage.server, 'close'), deadline]);
    }
  } catch (error) {
    stage.trace('play').lines.push(`has failed: ${error.stack}`);
  } finally {
    clearTimeout(timer);
  }
  if (hangs) stage.trace('play').lines.push('never ends');
  // What comes after the end is a defect, and is recorded as any other event.
  await new Promise((resolve) => setImmediate(resolve));
  for (const trace of Object.values(stage.traces)) trace.finish(except);
  process.off('uncaughtException', onUncaught);
  const traces = Object.fromEntries(Object.entries(stage.traces).map(([name, { lines }]) => [name, [...lines]]));
  await stage.clean();
  return traces;
}

const NODE = Number(process.versions.node.split('.')[0]);

async function main() {
  const wanted = process.argv.slice(2);
  const played = {};
  for (const scenario of scenarios) {
    const { title, over, ends, since } = scenario;
    if (NODE < since) continue;
    for (const transport of over) {
      const name = over.length > 1 ? `${title} (${transport})` : title;
      if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
      played[name] = {};
      for (const [pairing, modules] of Object.entries(PAIRINGS)) {
        if (ends === 2 || pairing === 'node:net' || pairing === 'ours') {
          played[name][pairing] = await play(scenario, modules, transport);
        }
      }
    }
  }
  return JSON.stringify(played);
}

// A reset that fails on node:net leaves it spinning.
main().then((text) => process.stdout.write(text, () => process.exit()));
