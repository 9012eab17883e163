'use strict';

// The comparison: what `node:tls` says of a case against what rust-net says, and which differences are meant. Weaker
// than OpenSSL is a bug, whatever the case; for all else that differs there is a line below, with its reason.

const { caseOf, materialOf, optionsOf } = require('./cases');
const { Judges, ROLES } = require('./verdicts');

const has = (world, test) => Object.values(world.certificates).some(test);

const isRefusedUse = (code) => ['INVALID_PURPOSE', 'INVALID_CA', 'UNSPECIFIED'].includes(code);

const isAfter = (change) => (_, world) => world.changes.includes(change);

/** Where `node:tls` trusts and rust-net does not: `[reason, (verdicts, world) => boolean]`. */
const STRICTER = [
  ['webpki follows 6 intermediates, OpenSSL 100', ({ ours }, world) => ours === 'CERT_CHAIN_TOO_LONG' || isTooLong(world)],
  ['names are compared byte by byte: "Root" is another name than "root", or than itself as another type of string',
    isAfter('issuerName')],
  ['webpki has no secp256k1, no RSA below 2048 bits, and P-521 with SHA-512 only',
    (_, world) => has(world, ({ key, hash }) => /secp256k1|rsa1024|p521/.test(key) || hash !== undefined)],
  ['webpki reads version 3 only, and so does rust-net but for a leaf right below a listed root',
    (_, world) => has(world, ({ version = 3 }) => version !== 3)],
  ['an authority may not stand in the place of a leaf, and what has no basic constraints is no authority',
    ({ ours }, { certificates: { leaf, ...issuers } }) => isRefusedUse(ours)
      && (leaf.constraints?.ca === true || Object.values(issuers).some(({ constraints }) => constraints?.ca !== true))],
  ['a certificate that names two algorithms for its signature can\'t be listed as a root',
    (_, world) => has(world, ({ fault }) => fault === 'algorithm')],
  ['webpki refuses an extension whose contents are no DER', isAfter('garbage')],
  ['an issuer\'s extended key usage has to name the purpose, and `any` is none',
    ({ ours }, world) => ours === 'INVALID_PURPOSE' && has(world, ({ purposes }) => purposes !== undefined)],
  ['a list that is out of date is refused when it is given, also beside others',
    ({ ours }) => ours === 'throws CRL_HAS_EXPIRED'],
  ['a list with a scope or reasons that webpki does not read is refused when it is given',
    ({ ours }, world) => world.lists.some(({ scope, reason }) => scope !== undefined || reason !== undefined)
      && ours !== null],
  ['a list has to be signed with the very key that has signed the certificate',
    (verdicts, world) => verdicts.ours === 'UNABLE_TO_GET_CRL' && isAfter('selfIssuedIntermediate')(verdicts, world)],
  ['of several lists of one issuer OpenSSL asks one, rust-net all: one that revokes or has another signer is enough',
    ({ ours }, world) => /CERT_REVOKED|CRL_SIGNATURE_FAILURE/.test(ours) && world.lists.length > 1],
  ['a certificate that an authority has issued itself counts for the length of a path',
    (_, world) => has(world, ({ constraints }) => constraints?.length !== undefined)
      && world.changes.includes('selfIssuedIntermediate')],
  ['webpki has no SHA-1 for lists',
    ({ ours }, world) => ours === 'CRL_SIGNATURE_FAILURE' && world.lists.some(({ hash }) => hash === 'sha1')],
  ['of a longer chain, ten certificates are used at the most', (_, world) => world.chain.length > 10],
  ['where several paths lead to roots, name constraints on one may hide another',
    ({ ours }, { certificates, changes }) => ours === 'CERT_HAS_EXPIRED' && changes.includes('limits')
      && Object.keys(certificates).some((name) => /^(twin|cross-)/.test(name))],
  ['webpki knows only some forms of name constraints, and refuses what it does not know',
    ({ ours }, world) => ours === 'UNSPECIFIED' && has(world, ({ limits }) => limits !== undefined)],
];

/** Where neither trusts and the codes differ after a single change. With more, each may report another fault. */
const OTHER_CODE = [
  ['what webpki does not read is refused when it is given, or as a whole',
    ({ ours }) => ours.startsWith('throws') || ours === 'UNSPECIFIED'],
  ['Node fails the handshake for a name that can be no server\'s', ({ theirs }) => theirs.startsWith('fails')],
  ['the signature of the handshake can\'t be checked with this key', ({ ours }) => ours.startsWith('fails')],
  ...STRICTER,
];

/** All paths by which the leaf is signed, from the case's description, each as names; the last is a listed root. */
function pathsOf(world) {
  const { certificates, listed, chain } = world;
  const known = [...new Set([...chain, ...listed])];
  const paths = [];
  const follow = (path) => {
    const top = certificates[path.at(-1)];
    const signer = certificates[top.issuer];
    if (paths.length > 40 || path.length > 8) return;
    if (signer === top) {
      if (listed.includes(path.at(-1))) paths.push(path);
      return;
    }
    for (const name of known) {
      const of = certificates[name];
      const isNamed = JSON.stringify(of.subject) === JSON.stringify(top.issuerName ?? signer.subject);
      if (isNamed && of.key === signer.key && !path.includes(name)) follow([...path, name]);
    }
  };
  follow(['leaf']);
  return paths;
}

/** Whether every path of a long chain is longer than webpki follows; `pathsOf` does not find those. */
const isTooLong = (world) => world.chain.length > 7 && pathsOf(world).length === 0;

/**
 * The case with nothing but one path. Where authorities on it share a name, each gets its own: OpenSSL goes by names,
 * and may follow another path even of these.
 */
function onlyPath(world, path) {
  const certificates = {};
  const names = path.map((name) => JSON.stringify(world.certificates[name].subject));
  path.forEach((name, i) => {
    const of = world.certificates[name];
    certificates[name] = { ...of, issuer: path[i + 1] ?? name };
    if (names.indexOf(names[i]) !== names.lastIndexOf(names[i])) {
      certificates[name].subject = [...of.subject, ['OU', name]];
      delete certificates[name].issuerName;
      if (i > 0) delete certificates[path[i - 1]].issuerName;
    }
  });
  return { ...world, certificates, chain: path.slice(0, -1), listed: path.slice(-1), lists: listsFor(world, path) };
}

/** The lists, each as of the certificate on `path` with the name and key of its issuer. */
function listsFor(world, path) {
  return world.lists.flatMap((list) => {
    const { subject, key } = world.certificates[list.issuer];
    const isSame = (of) => of.key === key && JSON.stringify(of.subject) === JSON.stringify(subject);
    const issuer = path.find((name) => name === list.issuer) ?? path.find((name) => isSame(world.certificates[name]));
    return issuer === undefined ? [] : [{ ...list, issuer }];
  });
}

/** Whether the gate refuses as the verdict does. Where a key can't be used at all, the handshake may fail before it. */
function isSame(verdict, atGate) {
  if (verdict === atGate) return true;
  const isEarly = (code) => code?.startsWith('fails') ?? false;
  return atGate !== null && (isEarly(verdict) || (isEarly(atGate) && verdict !== null));
}

class Comparison {
  /** Counts: cases, verdicts, trusted, and those of each difference. */
  counts = { cases: 0, verdicts: 0, trusted: 0, gates: 0, notShown: 0 };
  differences = new Map();
  #judges;

  constructor(rustNet) {
    this.#judges = new Judges(rustNet);
  }

  async open() {
    await this.#judges.open();
    return this;
  }

  close() {
    this.#judges.close();
  }

  #count(reason) {
    this.differences.set(reason, (this.differences.get(reason) ?? 0) + 1);
  }

  /** What both say of one case, for each role: `{ ours, theirs, atGate }`. */
  async ask(world) {
    const { shown, trust } = optionsOf(materialOf(world));
    const shower = this.#judges.shower(shown);
    const [ours, gate] = [false, true].map((isGate) => this.#judges.ourTrust(trust, isGate));
    const theirs = this.#judges.theirTrust(trust);
    const verdicts = {};
    for (const role of ROLES) {
      verdicts[role] = {
        ours: await this.#judges.ours(shower, ours, role, world.host),
        theirs: await this.#judges.theirs(shower, theirs, role, world.host),
        atGate: await this.#judges.ours(shower, gate, role, world.host),
      };
    }
    return verdicts;
  }

  /** Compares the case of `seed`: a list of what should not differ, empty if all is well. */
  async compare(seed) {
    const world = caseOf(seed);
    const { shown, trust } = optionsOf(materialOf(world));
    const shower = this.#judges.shower(shown);
    this.counts.cases += 1;
    if (shower === null) {
      this.counts.notShown += 1;
      return [];
    }
    const [ours, gate] = [false, true].map((isGate) => this.#judges.ourTrust(trust, isGate));
    const theirs = this.#judges.theirTrust(trust);
    const findings = [];
    for (const role of ROLES) {
      const verdicts = {
        role,
        ours: await this.#judges.ours(shower, ours, role, world.host),
        theirs: await this.#judges.theirs(shower, theirs, role, world.host),
      };
      this.counts.verdicts += 1;
      if (verdicts.ours === null) this.counts.trusted += 1;
      if (verdicts.ours !== verdicts.theirs) {
        const reason = await this.#reason(verdicts, world);
        if (reason === null) findings.push({ seed, changes: world.changes.join(' '), ...verdicts });
        else this.#count(reason);
      }
      // One role in turn: the gate asks the same judge.
      if ((role === 'server') === (seed % 2 === 0)) {
        this.counts.gates += 1;
        const atGate = await this.#judges.ours(shower, gate, role, world.host);
        if (!isSame(verdicts.ours, atGate)) findings.push({ seed, changes: world.changes.join(' '), ...verdicts, atGate });
      }
    }
    return findings;
  }

  async #reason(verdicts, world) {
    if (verdicts.ours === null) return this.#reasonForTrust(verdicts, world);
    if (verdicts.theirs !== null && world.changes.length > 1) return 'another code, of several changes';
    if (verdicts.theirs !== null && world.lists.length > 1) return 'another code, with several lists';
    const table = verdicts.theirs === null ? STRICTER : OTHER_CODE;
    const line = table.find(([, test]) => test(verdicts, world));
    return line === undefined ? null : `${verdicts.theirs === null ? 'stricter' : 'another code'}: ${line[0]}`;
  }

  /** The only two reasons to trust where OpenSSL does not; and one for which it is not asked. */
  async #reasonForTrust({ role, theirs: verdict }, world) {
    if (verdict === 'fails ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER') {
      return 'Node\'s client asks for a name that no server may have (SNI), which fails before there is a verdict';
    }
    if (world.listed.includes('leaf')) return 'the certificate itself is listed (D21)';
    for (const path of pathsOf(world)) {
      const alone = onlyPath(world, path);
      const { shown, trust } = optionsOf(materialOf(alone));
      const [shower, credentials] = [this.#judges.shower(shown), this.#judges.theirTrust(trust)];
      const theirs = await this.#judges.theirs(shower, credentials, role, world.host);
      if (theirs === null) return 'webpki tries all paths, OpenSSL one: alone, it trusts another of them';
    }
    return null;
  }
}

module.exports = { Comparison };
