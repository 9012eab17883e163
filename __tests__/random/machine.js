'use strict';

// Random sequences of the API's methods on connected streams, and what has to hold for each of them. A seed determines
// the whole sequence. Run with node:net as the implementation, it checks the machine itself.

const fs = require('fs');
const nodeNet = require('net');
const os = require('os');
const path = require('path');
const { Adopter } = require('./adopter');
const { closeHubs, entryOf } = require('./hub');
const { plan } = require('./plan');
const { mayUpgrade } = require('./secure');
const { Session, TICK, isGraceful } = require('./session');
const { descriptors, memory, reachable } = require('./weight');

/** What may still be allocated outside the heap after a batch, beyond what was before. */
const MEMORY = { external: 48 << 20, arrayBuffers: 4 << 20 };

/** What streams may keep beyond twice of what waits in them, in bytes: what is on its way through this machine. */
const ALLOWANCE = 4 << 20;

/** Plans that are played for a shortened failure, at the most. */
const SHORTENING = 200;

/** Plays `list` with `net`; resolves to the rules it broke (none: an empty list). */
async function play(net, list, { progress = { count: 0, idlest: 0 }, adopter = null, inherited = null } = {}) {
  const broken = [];
  const uncaught = (error) => broken.push(`uncaught: ${error?.stack}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'random-'));
  const how = { broken, progress, adopter, inherited, used: null, weigh: scales(list) };
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, uncaught);
  try {
    const used = await new Session(net, list, list.steps, { ...how, name: path.join(folder, 'a') }).play();
    if (list.again !== null && broken.length === 0 && mayConnectAgain(net, list)) {
      await new Session(net, list, list.again, { ...how, used, inherited: null, name: path.join(folder, 'b') }).play();
    }
  } catch (error) {
    broken.push(`threw ${error.stack}`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
    for (const event of ['uncaughtException', 'unhandledRejection']) process.off(event, uncaught);
  }
  return broken;
}

/** node:tls can't use a socket again, nor can a stream whose pipe or `onread` is its own. */
function mayConnectAgain(net, list) {
  const isWrapped = list.tls !== null && (!mayUpgrade(net, list) || list.foreign < 2);
  // What node:net has received but not delivered of a connection that is cut is delivered on the next one.
  const keepsData = net === nodeNet || list.foreign === 0;
  return !isWrapped && !(keepsData && !isGraceful(list.steps)) && list.readers[0] !== 'onread';
}

/** What looks at the memory that streams retain, for a sequence that has to be weighed; undefined for others. */
function scales({ steps, again }) {
  if (![...steps, ...(again ?? [])].some(({ name }) => name === 'weigh')) return undefined;
  const before = reachable();
  return (streams, broken) => {
    const waiting = streams.reduce((sum, one) => sum + one.readableLength + one.writableLength, 0);
    const retained = reachable() - before;
    if (retained > 2 * waiting + ALLOWANCE) broken.push(`${retained} bytes are retained for ${waiting} that wait`);
  };
}

/** Leaves out one step after the other while what is left still fails. */
async function shorten(net, list, how) {
  let budget = SHORTENING;
  for (const name of ['again', 'steps']) {
    if (list[name] === null) continue;
    if (name === 'again' && (await play(net, { ...list, again: null }, how)).length > 0) {
      list = { ...list, again: null };
      continue;
    }
    for (let i = list[name].length - 1; i >= 0 && budget > 0; i--, budget--) {
      const shorter = { ...list, [name]: list[name].filter((_, at) => at !== i) };
      if ((await play(net, shorter, how)).length > 0) list = shorter;
    }
  }
  return list;
}

/**
 * Plays seeds from `seed` on until `seconds` have passed or one fails; resolves to the number and the failure. What a
 * process holds is compared unless other threads play as well (`isAlone`).
 */
async function run(net, options) {
  const { seed, seconds = Infinity, count = Infinity, wraps = false, isAlone = true, onSeed = () => {} } = options;
  const entry = entryOf(net);
  const adopter = entry === undefined || !isAlone ? null : new Adopter(entry);
  const progress = { count: 0, idlest: 0 };
  const how = { progress, adopter };
  try {
    // The first sequences make what is made once, such as threads and their descriptors.
    for (const tls of [null, 'TLSv1.2', 'TLSv1.3']) {
      const steps = ['adopt', 'visit'].map((name) => ({ side: 0, name, form: 0 }));
      const first = { topology: 'relay', isRelayInWorker: isAlone, tls, wraps: false, foreign: 2, steps, again: null };
      await play(net, { ...plan(seed), ...first }, how);
    }
    const before = { open: descriptors(), ...await memory() };
    const until = Date.now() + seconds * 1000;
    let played = 0;
    for (; played < count && Date.now() < until; played++) {
      onSeed(seed + played);
      const list = plan(seed + played);
      // When both sides end, node:tls loses what a slow pipe has not taken of any stream but one of Node's core.
      list.wraps &&= wraps && !list.readers.includes('sink');
      list.isRelayInWorker &&= isAlone;
      const broken = await play(net, list, how);
      if (broken.length > 0) {
        return { played: played + 1, failure: { seed: seed + played, broken, list: await shorten(net, list, how) } };
      }
    }
    const broken = isAlone ? exceeded(before, { open: descriptors(), ...await memory() }) : [];
    return { played, idlest: progress.idlest * TICK, failure: broken.length > 0 ? { seed, broken } : undefined };
  } finally {
    await adopter?.close();
    if (isAlone) await closeHubs();
  }
}

/** What there is more of than there may be. */
function exceeded(before, after) {
  const broken = Object.keys(MEMORY).filter((what) => after[what] > before[what] + MEMORY[what])
    .map((what) => `${what}: ${before[what]}, then ${after[what]}`);
  if (after.open.length > before.open.length) {
    broken.push(`descriptors: ${after.open.filter((one) => !before.open.includes(one)).join()} are left`);
  }
  return broken;
}

module.exports = { play, run };
