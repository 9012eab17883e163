'use strict';

// Compares what clients have seen with what the supervisor has done.
//
// No answer may be lost. A thread that is killed without warning takes the connections that it has along, and no other
// ones: such a visit is `cut on purpose`, if the thread that had greeted it is the one that was killed. A visit that no
// thread has greeted yet (in its handshake, or in its PROXY header) is `cut unnamed`, if a thread of its service died
// while it was open, and it ended with that. A client of HTTP whose request has crossed the end of an idle connection,
// which its server has closed while it ended gracefully, is `crossed`. All else is a failure; so is a certificate that
// was out of use.

const { X509Certificate } = require('crypto');
const { certificate } = require('../tls/pki');

/** A connection ends with its thread, which takes so long at the most, in milliseconds. */
const SLACK = 2000;

const fingerprints = new Map();

function fingerprintOf(name) {
  if (!fingerprints.has(name)) fingerprints.set(name, new X509Certificate(certificate(name)).fingerprint256);
  return fingerprints.get(name);
}

class Verdict {
  counts = { visits: 0, served: 0, left: 0, answers: 0, bytes: 0, secure: 0, resumed: 0, reused: 0, proxied: 0 };
  /** How many visits have come to their own end, by what they were: `kind`, `service`, `stack` and `proxy`. */
  done = { kind: {}, service: {}, stack: {}, proxy: {} };
  /** The fingerprints that handshakes were shown, each with how many. */
  fingerprints = {};
  cutOnPurpose = [];
  cutUnnamed = [];
  crossed = [];
  failures = [];
  #cut = [];

  /** Takes what came of a visit. `certificates`: those that have been in use until now. */
  add(record, certificates) {
    const { counts } = this;
    counts.visits++;
    counts.answers += record.answers;
    counts.bytes += record.bytes;
    counts.secure += Number(record.isSecure);
    counts.resumed += Number(record.isResumed ?? false);
    counts.reused += record.reused ?? 0;
    counts.proxied += Number(record.proxy !== 0);
    if (record.outcome === 'wrong') this.failures.push(record);
    else if (record.outcome === 'cut') this.#cut.push(record);
    else this.#count(record);
    if (record.fingerprint === undefined) return;
    this.fingerprints[record.fingerprint] = (this.fingerprints[record.fingerprint] ?? 0) + 1;
    if (!isInUse(record, certificates)) {
      this.failures.push({ ...record, detail: `the certificate ${record.fingerprint} was not in use` });
    }
  }

  #count(record) {
    this.counts[record.outcome]++;
    for (const [name, counts] of Object.entries(this.done)) {
      counts[record[name]] = (counts[record[name]] ?? 0) + 1;
    }
  }

  /** How often everything has happened, by the names of the floors. */
  get seen() {
    const { counts, done, fingerprints } = this;
    const seen = {
      visits: counts.visits,
      answers: counts.answers,
      'handshakes with a certificate': Object.values(fingerprints).reduce((sum, count) => sum + count, 0),
      'resumed handshakes': counts.resumed,
      'requests on a connection that was kept': counts.reused,
      'certificates that clients have seen': Object.keys(fingerprints).length,
      'connections cut on purpose': this.cutOnPurpose.length + this.cutUnnamed.length,
    };
    const words = { kind: 'of the kind', service: 'to', stack: 'with the stack', proxy: 'with the proxy' };
    for (const [name, counted] of Object.entries(done)) {
      for (const [value, count] of Object.entries(counted)) seen[`visits ${words[name]} ${value}`] = count;
    }
    return seen;
  }

  /**
   * Judges the visits that the server has cut, by the threads that have died. Those that were cut later than `until`
   * are left: the death of their thread may not be known yet. `ends`: threads and processes that have ended gracefully.
   */
  judge(deaths, ends = [], until = Infinity) {
    const abrupt = deaths.filter(({ how }) => how !== 'drain');
    const due = this.#cut.filter((record) => record.until <= until);
    this.#cut = this.#cut.filter((record) => record.until > until);
    for (const record of due) {
      const isRefused = record.detail === 'ECONNREFUSED' || record.detail === 'ENOENT';
      const death = isRefused ? undefined : abrupt.find((each) => explains(each, record));
      if (death === undefined && ends.some((end) => hasCrossed(end, record))) this.crossed.push(record);
      else if (death === undefined) this.failures.push(record);
      else (record.worker === null ? this.cutUnnamed : this.cutOnPurpose).push({ ...record, death });
    }
  }
}

/** Whether the death of a thread has cut this visit. */
function explains({ worker, service, at, until }, record) {
  if (record.until < at || record.until > until + SLACK) return false;
  if (record.worker !== null) return record.worker === worker;
  return record.service === service && record.from <= until;
}

/** Whether a request has crossed the end of its idle connection, whose thread or process has ended meanwhile. */
function hasCrossed({ worker, pid, at, until }, record) {
  if (!record.isReused || record.isAnswered) return false;
  if (record.until < at || record.until > until + SLACK) return false;
  return worker === undefined ? record.worker.startsWith(`${pid}.`) : record.worker === worker;
}

/** Whether the certificate that the visit was shown was in use at any moment of its handshake. */
function isInUse({ fingerprint, from, secured }, certificates) {
  return certificates.some(({ name, from: begun }, number) => {
    const next = certificates[number + 1]?.settled ?? Infinity;
    return fingerprintOf(name) === fingerprint && begun <= secured && from <= next;
  });
}

module.exports = { Verdict };
