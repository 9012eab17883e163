'use strict';

// What a run of the soak must have seen to have tested anything: an empty list of failures says nothing of clients that
// never came, or of threads that never died.

const { DEATHS } = require('./fleet');
const { KINDS, WEB_KINDS } = require('./visits');

/** Visits come by chance: of those that are to be expected, so many at least. Few may be a third. */
const SOME = 1 / 3;

/**
 * With the usual 25 visits a second, a death without warning is to be expected to cut one connection or two. One for
 * six deaths is all but certain.
 */
const [DEATHS_FOR_CUT, RATE_FOR_CUT] = [6, 25];

/** The versions of the PROXY protocol, 0 for none, and whose clients there are. */
const PROXIES = [0, 1, 2];
const STACKS = ['node', 'ours'];

const PROCESSES = ['front', 'back', 'clients', 'supervisor'];

const SHARES = Object.values(KINDS).reduce((sum, [share]) => sum + share, 0);
const WEB_SHARE = [...WEB_KINDS].reduce((sum, kind) => sum + shareOf(kind), 0);

/** Which part of all visits is of the kind. */
function shareOf(kind) {
  return KINDS[kind][0] / SHARES;
}

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
    ['requests on a connection that was kept', some(visits * WEB_SHARE)],
    ['deaths', deaths],
    ['certificates', certificates],
    // The first one, and one that has replaced another.
    ['certificates that clients have seen', Math.min(certificates + 1, 2)],
    ['replacements', replacements],
  ]);
  for (const kind of Object.keys(KINDS)) floors.set(`visits of the kind ${kind}`, some(visits * shareOf(kind)));
  for (const isWeb of [false, true]) {
    const own = Object.keys(services).filter((name) => services[name].isWeb === isWeb);
    const share = isWeb ? WEB_SHARE : 1 - WEB_SHARE;
    for (const service of own) floors.set(`visits to ${service}`, some((visits * share) / own.length));
  }
  for (const stack of STACKS) floors.set(`visits with the stack ${stack}`, some(visits / STACKS.length));
  for (const proxy of PROXIES) floors.set(`visits with the proxy ${proxy}`, some(visits / (PROXIES.length + 1)));
  for (const how of DEATHS) floors.set(`deaths by ${how}`, Math.floor(deaths / DEATHS.length));
  for (const name of PROCESSES) floors.set(`samples of ${name}`, some(samples));
  const abrupt = deaths - Math.ceil(deaths / DEATHS.length);
  const cut = Math.floor((abrupt * rate) / (DEATHS_FOR_CUT * RATE_FOR_CUT));
  if (cut > 0) floors.set('connections cut on purpose', cut);
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
