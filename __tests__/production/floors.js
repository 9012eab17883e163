'use strict';

// What a run of the soak must have seen to have tested anything: an empty list of failures says nothing of clients that
// never came, or of threads that never died.

const { DEATHS } = require('./fleet');
const { KINDS } = require('./visits');

/** Visits come by chance: of those that are to be expected, so many at least. Few may be a third. */
const SOME = 1 / 3;

/** A thread that is killed has a connection, mostly. With so many deaths without warning, one was cut at least. */
const ABRUPT_DEATHS = 3;

/** The versions of the PROXY protocol, 0 for none, and whose clients there are. */
const PROXIES = [0, 1, 2];
const STACKS = ['node', 'ours'];

const PROCESSES = ['front', 'back', 'clients', 'supervisor'];

/** Of `expected`, by chance. */
function some(expected) {
  return Math.max(1, Math.floor(SOME * expected));
}

/** The least of everything that is counted, by name. */
function floorsOf({ seconds, rate, deaths, certificates, replacements, services, samples }, { visits }) {
  const floors = new Map([
    ['visits', some(seconds * rate)],
    ['answers', some(visits)],
    ['handshakes with a certificate', some(visits / 10)],
    ['resumed handshakes', 1],
    ['deaths', deaths],
    ['certificates', certificates],
    // The first one, and one that has replaced another.
    ['certificates that clients have seen', Math.min(certificates + 1, 2)],
    ['replacements', replacements],
  ]);
  const shares = Object.values(KINDS).reduce((sum, [share]) => sum + share, 0);
  for (const [kind, [share]] of Object.entries(KINDS)) {
    floors.set(`visits of the kind ${kind}`, some((visits * share) / shares));
  }
  for (const service of services) floors.set(`visits to ${service}`, some(visits / services.length));
  for (const stack of STACKS) floors.set(`visits with the stack ${stack}`, some(visits / STACKS.length));
  for (const proxy of PROXIES) floors.set(`visits with the proxy ${proxy}`, some(visits / (PROXIES.length + 1)));
  for (const how of DEATHS) floors.set(`deaths by ${how}`, Math.floor(deaths / DEATHS.length));
  for (const name of PROCESSES) floors.set(`samples of ${name}`, some(samples));
  const abrupt = deaths - Math.ceil(deaths / DEATHS.length);
  if (abrupt >= ABRUPT_DEATHS) floors.set('connections cut on purpose', 1);
  return floors;
}

/**
 * What there was too little of, a line each. `asked`: what the run was to do; `seen`: how often that has happened, by
 * the names of the floors.
 */
function shortfalls(asked, seen) {
  const found = [];
  for (const [name, least] of floorsOf(asked, seen)) {
    const count = seen[name] ?? 0;
    // NaN is too little, too.
    if (!(count >= least)) found.push(`too few ${name}: ${count} instead of ${least} at least`);
  }
  return found;
}

module.exports = { floorsOf, shortfalls };
