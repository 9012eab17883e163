'use strict';

// The soak: servers of net.serve() behind one port, with a supervisor, under a modest load of mixed clients, while
// threads die, certificates change, and the process is replaced. No answer may be lost, and descriptors and memory
// have to stay flat.
//
//   npm run soak -- --minutes 60
//
// Prints a line a minute, and a summary as JSON. The exit code is 1 if anything has failed.

const { fork } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { setTimeout: sleep } = require('timers/promises');
const { parseArgs } = require('util');
const { Fleet } = require('./fleet');
const { shortfalls } = require('./floors');
const { fit, rises, sample } = require('./samples');
const { Verdict } = require('./verdict');

const MINUTE = 60_000;

/** What happens in an hour (with `--haste N`, in an Nth of one), and at least in any run. */
const HOURLY = { deaths: [100, 8], certificates: [100, 4], replacements: [20, 2] };

/** So many threads serve each port of `front`. */
const THREADS = 2;

/** How often processes are looked at, in milliseconds. */
const SAMPLES = 2000;

/** Visits before the first look at processes at rest, in milliseconds: what is made lazily is there afterwards. */
const WARM_UP = 5000;

/** For so long, in milliseconds, descriptors may take to be what they were at rest. */
const SETTLING = 10_000;

/** By so much a process may grow: in descriptors, and in memory as a share of its mean. */
const MAX_DESCRIPTORS = 4;
const MAX_RSS = 0.1;

/** Memory is judged in runs of so many minutes, from so many seconds on: V8 looks for the size of its heap before. */
const MINUTES_FOR_RSS = 20;
const RSS_FROM = 600;

/** Connections are judged so much later, in milliseconds: by then, it is known which threads have died, and when. */
const JUDGED_AFTER = 2 * MINUTE;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '25' },
    haste: { type: 'string', default: '1' },
  },
});

const [seconds, seed, rate, haste] = ['seconds', 'seed', 'rate', 'haste'].map((name) => Number(values[name]));
const duration = seconds * 1000;

/** The processes whose descriptors and memory are looked at, by name; each generation of `front` has one of its own. */
class Watch {
  /** By name: `[seconds, sample]`, oldest first. */
  series = new Map();
  #pids;
  #begun = performance.now();
  #timer;

  /** `pids()`: the processes that there are, `[name, pid]` each. */
  constructor(pids) {
    this.#pids = pids;
    this.#timer = setInterval(() => this.look(), SAMPLES);
  }

  look() {
    const seconds = (performance.now() - this.#begun) / 1000;
    for (const [name, pid] of this.#pids()) {
      const found = sample(pid);
      if (found === null) continue;
      if (!this.series.has(name)) this.series.set(name, []);
      this.series.get(name).push([seconds, found]);
    }
  }

  points(name, field) {
    return this.series.get(name).map(([seconds, found]) => [seconds, found[field]]);
  }

  last(name) {
    return this.series.get(name)?.at(-1)?.[1];
  }

  /** CPU time of all processes, in seconds. */
  get cpu() {
    return [...this.series.values()].reduce((sum, points) => sum + points.at(-1)[1].cpu - points[0][1].cpu, 0);
  }

  stop() {
    clearInterval(this.#timer);
  }
}

/** The process of the clients. */
class Clients {
  #child = fork(path.join(__dirname, 'clients.js'));

  constructor(onRecords) {
    this.#child.on('message', ({ type, records }) => type === 'records' && onRecords(records));
    this.exit = once(this.#child, 'exit');
  }

  get pid() {
    return this.#child.pid;
  }

  async ask(order, reply, details) {
    const answered = new Promise((resolve) => {
      const read = ({ type }) => {
        if (type !== reply) return;
        this.#child.off('message', read);
        resolve();
      };
      this.#child.on('message', read);
    });
    this.#child.send({ order, ...details });
    await Promise.race([answered, this.exit.then(() => Promise.reject(new Error('the clients have ended')))]);
  }

  end() {
    this.#child.disconnect();
    return this.exit;
  }
}

/** Numbers from 0 to 1 that `state` determines. */
function randomFrom(state) {
  let current = state;
  return () => (current = (current * 48271) % 0x7fffffff) / 0x7fffffff;
}

/** Does `action(number)` so many times, spread over the run. */
async function spread(count, begun, random, action) {
  for (let number = 0; number < count; number++) {
    const due = begun + (duration * (number + 0.1 + 0.8 * random())) / count;
    await sleep(Math.max(0, due - performance.now()));
    await action(number);
  }
}

/** The descriptors of `pid`, once there are no more than `known`; or after a while. */
async function atRest(pid, known = 0) {
  const begun = performance.now();
  let { descriptors } = sample(pid);
  while (descriptors > known && performance.now() - begun < SETTLING) {
    await sleep(100);
    ({ descriptors } = sample(pid));
  }
  return descriptors;
}

function counted([hourly, least]) {
  return Math.max(least, Math.round((haste * hourly * duration) / (60 * MINUTE)));
}

/** What the run is to do. */
const asked = {
  seconds,
  rate,
  deaths: counted(HOURLY.deaths),
  certificates: counted(HOURLY.certificates),
  replacements: counted(HOURLY.replacements),
  samples: duration / SAMPLES,
};

/** What of that there was too little of. */
function missing(fleet, verdict, watch) {
  const seen = {
    ...verdict.seen,
    deaths: fleet.deaths.length,
    certificates: fleet.certificates.filter(({ settled }) => settled < Infinity).length - 1,
    replacements: fleet.replacements,
  };
  for (const { how } of fleet.deaths) seen[`deaths by ${how}`] = (seen[`deaths by ${how}`] ?? 0) + 1;
  for (const [name, points] of watch?.series ?? []) {
    const key = `samples of ${name.split(' ')[0]}`;
    seen[key] = (seen[key] ?? 0) + points.length;
  }
  return shortfalls({ ...asked, services: fleet.endpoints }, seen);
}

function megabytes(bytes) {
  return Math.round(bytes / 2 ** 20);
}

/** How much of each list of failures has been printed. */
const printed = new Map();

/** Prints the failures that have not been printed yet, as they come. */
function complain(fleet, verdict) {
  for (const list of [fleet.complaints, verdict.failures]) {
    for (const failure of list.slice(printed.get(list))) console.error('FAILED:', failure);
    printed.set(list, list.length);
  }
}

/** The line of a minute. */
function line(minute, fleet, verdict, watch) {
  const { counts } = verdict;
  const processes = ['front', 'back', 'clients', 'supervisor'].map((name) => {
    const key = name === 'front' ? frontName(fleet) : name;
    const { descriptors, rss } = watch.last(key) ?? { descriptors: '?', rss: NaN };
    return `${name} ${descriptors} fds ${megabytes(rss)} MB`;
  });
  return `${minute} min: ${counts.visits} visits, ${counts.answers} answers, ${megabytes(counts.bytes)} MB, ` +
    `${fleet.deaths.length} threads dead, ${fleet.certificates.length - 1} certificates, ` +
    `${fleet.replacements} processes replaced, cut on purpose ${verdict.cutOnPurpose.length} + ` +
    `${verdict.cutUnnamed.length}, failures ${verdict.failures.length + fleet.complaints.length}; ` +
    `${processes.join(', ')}`;
}

function frontName(fleet) {
  return `front ${fleet.replacements}`;
}

/** What does not stay flat. */
function growth(watch, rest) {
  const found = [];
  for (const [name, [before, after]] of Object.entries(rest)) {
    if (after > before) found.push(`${name} has ${after} descriptors at rest, and had ${before}`);
  }
  for (const name of ['back', 'clients', 'supervisor']) {
    if (rises(watch.points(name, 'descriptors'), MAX_DESCRIPTORS)) found.push(`the descriptors of ${name} rise`);
    if (duration < MINUTES_FOR_RSS * MINUTE) continue;
    const later = watch.points(name, 'rss').filter(([seconds]) => seconds >= RSS_FROM);
    if (rises(later, MAX_RSS * fit(later).mean)) found.push(`the memory of ${name} rises`);
  }
  // Each process of `front` by what it had at its end.
  const ends = [...watch.series].filter(([name]) => name.startsWith('front ')).map(([, points]) => points.at(-1)[1]);
  for (const [field, most] of [['descriptors', MAX_DESCRIPTORS], ['rss', MAX_RSS * ends[0].rss]]) {
    // Of the two or three processes of a short run, the later ones begin under load, and larger.
    if (field === 'rss' && duration < MINUTES_FOR_RSS * MINUTE) continue;
    if (rises(ends.map((end, number) => [number, end[field]]), most)) found.push(`${field} of front rise from process to process`);
  }
  return found;
}

/** The lines that fit what was seen, for the summary. */
function lines(watch) {
  const found = {};
  for (const [name, points] of watch.series) {
    if (points.length < 3) continue;
    const rounded = (field, unit) => {
      const { rise, error, mean } = fit(watch.points(name, field));
      return { mean: round(mean / unit), rise: round(rise / unit), error: round(error / unit) };
    };
    found[name] = { descriptors: rounded('descriptors', 1), megabytes: rounded('rss', 2 ** 20) };
  }
  return found;
}

function round(value) {
  return Math.round(value * 100) / 100;
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-soak-'));
  const fleet = new Fleet(folder, { threads: THREADS });
  const verdict = new Verdict();
  const clients = new Clients((records) => records.forEach((record) => verdict.add(record, fleet.certificates)));
  const random = randomFrom(seed + 1);
  let watch;
  let ticker;
  const complaints = setInterval(() => complain(fleet, verdict), SAMPLES);
  const summary = { seed, seconds, rate, haste };
  try {
    await fleet.start();
    const begin = () => clients.ask('begin', 'begun', { seed, services: fleet.endpoints, rate });
    await begin();
    await sleep(WARM_UP);
    await clients.ask('pause', 'paused');
    const atFirst = { back: await atRest(fleet.back.pid), clients: await atRest(clients.pid) };
    watch = new Watch(() => [
      [frontName(fleet), fleet.front.pid],
      ['back', fleet.back.pid],
      ['clients', clients.pid],
      ['supervisor', process.pid],
    ]);
    await begin();
    const begun = performance.now();
    let minutes = 0;
    ticker = setInterval(() => {
      verdict.judge(fleet.deaths, fleet.gracefulEnds, Date.now() - JUDGED_AFTER);
      watch.look();
      console.log(line(++minutes, fleet, verdict, watch));
    }, MINUTE);
    const targets = [
      ['plain', 0],
      ['secure', 1],
      ['steady', 0],
      ['web', 0],
      ['plain', 1],
      ['webSecure', 0],
      ['unix', 0],
      ['unixSecure', 0],
      ['secure', 0],
    ];
    await Promise.all([
      spread(asked.deaths, begun, random, (number) => fleet.killThread(...targets[number % targets.length])),
      spread(asked.certificates, begun, random, () => fleet.changeCertificate()),
      spread(asked.replacements, begun, random, () => fleet.replaceFront()),
      sleep(duration),
    ]);
    await clients.ask('pause', 'paused');
    watch.look();
    watch.stop();
    summary.cores = round(watch.cpu / ((performance.now() - begun) / 1000));
    const rest = {};
    for (const [name, pid] of [['back', fleet.back.pid], ['clients', clients.pid]]) {
      rest[name] = [atFirst[name], await atRest(pid, atFirst[name])];
    }
    await fleet.end();
    Object.assign(summary, { atRest: rest, lines: lines(watch), growth: growth(watch, rest) });
  } catch (error) {
    fleet.complaints.push(error.stack);
  } finally {
    clearInterval(ticker);
    clearInterval(complaints);
    watch?.stop();
    await clients.end();
    fleet.close();
    fs.rmSync(folder, { recursive: true });
  }
  verdict.judge(fleet.deaths, fleet.gracefulEnds);
  const { counts, done, cutOnPurpose, cutUnnamed, crossed, failures } = verdict;
  const failed = [...failures, ...fleet.complaints, ...(summary.growth ?? []), ...missing(fleet, verdict, watch)];
  const deaths = {};
  for (const { how } of fleet.deaths) deaths[how] = (deaths[how] ?? 0) + 1;
  Object.assign(summary, counts, {
    done,
    deaths,
    certificates: fleet.certificates.length - 1,
    replacements: fleet.replacements,
    cutOnPurpose: cutOnPurpose.map(({ kind, service, worker, death }) => ({ kind, service, worker, how: death.how })),
    cutUnnamed: cutUnnamed.map(({ kind, service, death }) => ({ kind, service, died: death.worker, how: death.how })),
    crossed: crossed.map(({ service, worker, from, until }) => ({ service, worker, ms: until - from })),
    failures: failed,
    passed: failed.length === 0,
  });
  console.log(JSON.stringify(summary, null, 1));
  process.exitCode = summary.passed ? 0 : 1;
}

main();
