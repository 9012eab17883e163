'use strict';

// Compares what clients have seen with what the supervisor has done.
//
// No answer may be lost. A thread that is killed without warning takes the connections that it has along, and no other
// ones: such a visit is `cut on purpose`, if the thread that had greeted it is the one that was killed. A visit that no
// thread has greeted yet (in its handshake, or in its PROXY header) is `cut unnamed`, if a thread of its service died
// while it was open, and it ended with that. All else is a failure; so is a certificate that was out of use.

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
  counts = { visits: 0, served: 0, left: 0, answers: 0, bytes: 0, secure: 0, resumed: 0, proxied: 0 };
  byKind = {};
  cutOnPurpose = [];
  cutUnnamed = [];
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
    counts.proxied += Number(record.proxy !== 0);
    this.byKind[record.kind] = (this.byKind[record.kind] ?? 0) + 1;
    if (record.outcome === 'wrong') this.failures.push(record);
    else if (record.outcome === 'cut') this.#cut.push(record);
    else counts[record.outcome]++;
    if (record.fingerprint !== undefined && !isInUse(record, certificates)) {
      this.failures.push({ ...record, detail: `the certificate ${record.fingerprint} was not in use` });
    }
  }

  /** Judges the visits that the server has cut, by the threads that have died. */
  judge(deaths) {
    const abrupt = deaths.filter(({ how }) => how !== 'drain');
    for (const record of this.#cut.splice(0)) {
      const isRefused = record.detail === 'ECONNREFUSED' || record.detail === 'ENOENT';
      const death = isRefused ? undefined : abrupt.find((each) => explains(each, record));
      if (death === undefined) this.failures.push(record);
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

/** Whether the certificate that the visit was shown was in use at any moment of its handshake. */
function isInUse({ fingerprint, from, secured }, certificates) {
  return certificates.some(({ name, from: begun }, number) => {
    const next = certificates[number + 1]?.settled ?? Infinity;
    return fingerprintOf(name) === fingerprint && begun <= secured && from <= next;
  });
}

module.exports = { Verdict };
