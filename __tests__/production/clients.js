'use strict';

// The clients of the soak, a process of their own: so many visits a second, of all kinds, to all services. It reports
// what came of each to the supervisor.

const { KINDS, Visit, WEB_KINDS } = require('./visits');
const { WebVisit } = require('./web-visits');

/** So often, in milliseconds, the supervisor is sent what there is. */
const REPORTS = 250;

let random;
let endpoints;
let timer = null;
let records = [];
const open = new Set();
let onLast = () => {};

/** Numbers from 0 to 1 that `seed` determines (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick(list) {
  return list[Math.floor(random() * list.length)];
}

/** A kind, as often as it is to come. */
function pickKind() {
  let rest = 100 * random();
  return Object.keys(KINDS).find((kind) => (rest -= KINDS[kind][0]) < 0) ?? 'fast';
}

function visit() {
  const kind = pickKind();
  const isWeb = WEB_KINDS.has(kind);
  const service = pick(Object.keys(endpoints).filter((name) => endpoints[name].isWeb === isWeb));
  const [proxy, stack] = [pick([0, 0, 1, 2]), pick(['node', 'ours'])];
  const given = { kind, service, endpoint: endpoints[service], proxy, stack, random };
  const running = isWeb ? new WebVisit(given) : new Visit(given);
  open.add(running);
  void running.run((own) => KINDS[kind][1](own, random)).then((record) => {
    records.push(record);
    open.delete(running);
    if (open.size === 0) onLast();
  });
}

/** Visits come by chance, `rate` a second. */
function come(rate) {
  timer = setTimeout(() => {
    visit();
    come(rate);
  }, (-Math.log(1 - random()) * 1000) / rate);
}

function report() {
  if (records.length === 0) return;
  process.send({ type: 'records', records });
  records = [];
}

const ORDERS = {
  begin({ seed, services, rate }) {
    random ??= randomFrom(seed);
    endpoints = services;
    come(rate);
    process.send({ type: 'begun' });
  },
  async pause() {
    clearTimeout(timer);
    for (const running of open) running.hurry();
    if (open.size > 0) await new Promise((resolve) => (onLast = resolve));
    report();
    process.send({ type: 'paused' });
  },
};

setInterval(report, REPORTS);
process.on('message', ({ order, ...details }) => ORDERS[order](details));
process.on('disconnect', () => process.exit());
