'use strict';

// What two samples of a process come to, one after the other: sums of what its threads have counted, and by how much
// it has risen. A sample is `{ subject, time, threads, silent }`: each thread as `publishStats()` shows it, or with
// nothing but `stats`. It comes from elsewhere, and may be anything.

/** How deep statistics are nested, at most. */
const DEEPEST = 4;

/** Counters that every process has: where one has fallen, it is another process. */
const RISING = [
  'connections.accepted',
  'connections.connected',
  'connections.closed',
  'bytesRead',
  'bytesWritten',
  'handshakes.completed',
  'turns.time.count',
];

/** `value`, if it is a number. */
function number(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** All numbers in `value` by their places: 'connections.dropped.blocked'. */
function numbersIn(value, place = [], found = new Map()) {
  if (typeof value === 'number') found.set(place.join('.'), number(value));
  if (typeof value !== 'object' || value === null || place.length === DEEPEST) return found;
  for (const [key, part] of Object.entries(value)) numbersIn(part, [...place, key], found);
  return found;
}

/** By how much the numbers at `place` of `part` have risen. Of a part that is new, that can't be known. */
function riseOf({ now, before }, place) {
  return before === null ? 0 : Math.max(0, (now.get(place) ?? 0) - (before.get(place) ?? 0));
}

/** Numbers of several parts, such as threads: each `{ now, before, seconds }`, `before` null where there was none. */
class Counts {
  #parts;
  #asked = new Set();

  constructor(parts) {
    this.#parts = parts;
  }

  #sum(place, valueOf) {
    this.#asked.add(place);
    return this.#parts.reduce((sum, part) => sum + valueOf(part), 0);
  }

  /** What it is now. */
  total(place) {
    return this.#sum(place, ({ now }) => now.get(place) ?? 0);
  }

  /** What has come between the samples. */
  rise(place) {
    return this.#sum(place, (part) => riseOf(part, place));
  }

  /** The same in a second, of each part by its own clock. */
  rate(place) {
    return this.#sum(place, (part) => riseOf(part, place) / part.seconds);
  }

  /** The places below `place`. */
  below(place) {
    const places = new Set(this.#parts.flatMap(({ now }) => [...now.keys()]));
    const found = [...places].filter((one) => one.startsWith(`${place}.`));
    for (const one of found) this.#asked.add(one);
    return found;
  }

  /** A bound of the histogram at `place`. */
  bound(place, at) {
    return this.#parts.find(({ now }) => now.has(`${place}.bounds.${at}`))?.now.get(`${place}.bounds.${at}`) ?? Infinity;
  }

  /** The places that have not been asked for yet. */
  rest() {
    const places = new Set(this.#parts.flatMap(({ now }) => [...now.keys()]));
    return [...places].filter((place) => !this.#asked.has(place));
  }
}

/** The numbers of `later` against those of `earlier`, which may be undefined: a part of `Counts`. */
function part(later, earlier, seconds) {
  const now = numbersIn(later);
  if (earlier === undefined) return { now, before: null, seconds };
  const before = numbersIn(earlier);
  const isAnother = RISING.some((place) => (now.get(place) ?? 0) < (before.get(place) ?? 0));
  // All that another process has counted has come since the earlier sample.
  return { now, before: isAnother ? new Map() : before, seconds };
}

/** The threads of a sample by what they are known by: of several copies of the package, by their order. */
function byKey({ threads }) {
  const found = new Map();
  for (const thread of threads) {
    for (let copy = 0; ; copy++) {
      const key = [number(thread.pid), number(thread.thread), copy].join(' ');
      if (found.has(key)) continue;
      found.set(key, thread);
      break;
    }
  }
  return found;
}

/** How long ago `former` was: by the clock of the thread, or that of the samples. */
function secondsSince(former, thread, earlier, later) {
  const own = number(thread.time) - number(former?.time);
  const span = former?.time !== undefined && own > 0 ? own : later.time - earlier.time;
  return Math.max(span / 1000, 0.001);
}

/** The items of a list of `thread`, such as its servers, by their numbers. */
function itemsOf(thread, name) {
  const list = Array.isArray(thread?.[name]) ? thread[name] : [];
  return new Map(list.filter((item) => typeof item?.stats === 'object').map((item) => [item.id, item]));
}

/**
 * Compares two samples: `{ counts, servers, streams, cpu }`. Servers and streams have `counts` of their own; `cpu` is
 * the share of a processor that the process had.
 */
function compare(earlier, later) {
  const formerThreads = byKey(earlier);
  const found = { parts: [], servers: [], streams: [], cpu: 0 };
  for (const [key, thread] of byKey(later)) {
    const former = formerThreads.get(key);
    const seconds = secondsSince(former, thread, earlier, later);
    found.parts.push(part(thread.stats, former?.stats, seconds));
    for (const name of ['servers', 'streams']) {
      const formerItems = itemsOf(former, name);
      for (const [id, item] of itemsOf(thread, name)) {
        // Of one that the earlier sample lacks, it is not known when it has counted what it has.
        const before = formerItems.get(id)?.stats;
        const counts = new Counts([part(item.stats, before, seconds)]);
        found[name].push({ ...item, counts, isNew: before === undefined });
      }
    }
    // It is that of the whole process, in each of its threads.
    const cpu = new Counts([part(thread.process?.cpu, former?.process?.cpu, seconds * 1e6)]);
    found.cpu = Math.max(found.cpu, cpu.rate('user') + cpu.rate('system'));
  }
  const { parts, ...rest } = found;
  return { counts: new Counts(parts), ...rest };
}

module.exports = { compare, number };
