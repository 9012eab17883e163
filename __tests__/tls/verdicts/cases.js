'use strict';

// Cases for the comparison of verdicts: a chain that is valid, then a few changes of what certificates, lists and names
// can have. A case is plain data, decided by its seed alone; `materialOf` makes certificates of it.

const { certificate, keyOf, pem, revocationList } = require('./der');
const { Random } = require('./random');

const HOST = 'a.example.com';

/** Names to look for in a certificate. */
const HOSTS = [
  'a.example.com', 'A.Example.COM', 'a.example.com.', 'b.example.com', 'example.com', 'x.a.example.com', 'localhost', '127.0.0.1',
  '::1', '0:0:0:0:0:0:0:1', '10.0.0.1', '::ffff:127.0.0.1', 'evil.org', 'a.evil.org', 'xn--bcher-kva.example.com', 'a_b.example.com', 'com', '1.2.3',
  '127.0.0.1.', 'example.com..', 'a-b.example.com', '[::1]', 'fe80::1%lo', '0x7f.1', '*.example.com', 'xn--a.example.com',
  'bücher.example.com', '.example.com', 'a.example.com\0.evil.org', 'a example.com', 'xn--bücher.example.com',
];

/** What a name in a certificate may be. */
const DNS = [
  'a.example.com', '*.example.com', 'A.EXAMPLE.com', 'a.example.com.', '*.com', '*', 'a*.example.com', '*a.example.com', 'b.example.com', 'evil.org',
  '*.evil.org', 'localhost', '*.*.com', '.example.com', 'example.com', '127.0.0.1', '', 'a.example.com\0.evil.org', 'a.example.com, DNS:evil.org',
  'bücher.example.com', 'xn--bcher-kva.example.com', 'xn--*.example.com', 'a_b.example.com', '::1', ' a.example.com', 'a.example.com ', '"a.example.com"',
  'a..example.com', 'a-.example.com', 'a.*.com', 'com', '*.a.example.com', 'a.example.com..',
];

const LIMITS = [
  ['dns', 'example.com'], ['dns', '.example.com'], ['dns', 'a.example.com'], ['dns', 'evil.org'], ['dns', ''], ['dns', 'com'], ['dns', 'EXAMPLE.com'],
  ['dns', 'localhost'], ['dns', '*.example.com'], ['dns', 'example.com.'], ['email', 'example.com'], ['email', 'a@example.com'], ['uri', 'example.com'], ['uri', '.example.com'],
  ['dir', [['O', 'Example']]], ['dir', [['CN', 'a.example.com']]], ['dir', [['O', 'Other']]], ['dir', []],
  ['ip-range', ['127.0.0.0', '255.0.0.0']], ['ip-range', ['10.0.0.0', '255.0.0.0']], ['ip-range', ['0.0.0.0', '0.0.0.0']],
  ['ip-range', ['::', '::']], ['ip-range', ['::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']], ['raw-ip', '7f000001'], ['raw-dns', 'ff'], ['id', '1.2.3.4'],
  ['other', 'example.com'],
];

const KEYS = ['p256', 'p256', 'p256', 'p384', 'p521', 'rsa2048', 'rsa1024', 'ed25519', 'secp256k1'];

const USAGES = ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement', 'keyCertSign', 'cRLSign'];

const PURPOSES = ['server', 'client', 'email', 'any', 'ocsp'];

/** Dates in days from now: before and after its time, and in it. */
const SPANS = [[-10, -1], [1, 10], [-10, 10], [-1000, 20000], [5, -5], [-10, 1 / 24]];

function anyName(random) {
  const kind = random.pick(['dns', 'dns', 'dns', 'dns', 'ip', 'email', 'uri', 'dir', 'id', 'other', 'raw-dns', 'raw-ip']);
  switch (kind) {
    case 'dns': return [kind, random.pick(DNS)];
    case 'ip': return [kind, random.pick(['127.0.0.1', '::1', '10.0.0.1', '::ffff:127.0.0.1'])];
    case 'email': return [kind, random.pick(['a@example.com', 'a@evil.org', 'a.example.com', ''])];
    case 'uri': return [kind, random.pick(['https://a.example.com/', 'https://evil.org/x', 'a.example.com', 'https://127.0.0.1/', ''])];
    case 'dir': return [kind, random.pick([[['CN', HOST]], [['O', 'Example'], ['CN', 'x']], []])];
    case 'id': return [kind, '1.2.3.4'];
    case 'other': return [kind, HOST];
    case 'raw-dns': return [kind, random.pick(['ff', '61ff2e636f6d', 'c3bc', '00', '612e6578616d706c652e636f6d00'])];
    default: return [kind, random.pick(['', '7f', '7f0000', '7f00000100', '7f000001ff000000'])];
  }
}

function anyNames(random) {
  return Array.from({ length: random.below(4) }, () => anyName(random));
}

/** Broken contents of extensions, in hexadecimal. */
const GARBAGE = ['', '00', '3000', '0500', '30', '3003020100', '30060101ff020101', '0101ff', '30820003ffffff', '3080', '300382016100', '0304', '03020780', '3003820161ff'];

const issuers = (world) => Object.keys(world.certificates).filter((name) => name !== 'leaf');

/** Any certificate's description, an issuer's three times out of four. */
function anyIssuer(random, world) {
  return world.certificates[random.pick(issuers(world))];
}

function anyone(random, world) {
  return random.chance(0.5) ? world.certificates.leaf : anyIssuer(random, world);
}

function anyCommonName(random) {
  const value = random.pick([...DNS.filter((name) => name !== ''), HOST, HOST, '*.example.com', 'www.evil.org', '*.evil.org', '127.0.0.1']);
  const type = random.pick(['utf8', 'utf8', 'printable', 'ia5', 'teletex', 'bmp']);
  return ['CN', value, type];
}

/** A list of `issuer`, with some of what a list may have. */
function anyList(random, world, issuer) {
  const serials = Object.values(world.certificates).filter((of) => of.issuer === issuer).map((of) => of.serial);
  return {
    issuer,
    revoked: random.chance(0.35) ? random.some(serials) : [],
    ...(random.chance(0.3) ? { from: random.pick([-50, -5, -1, 1, 5]) } : {}),
    ...(random.chance(0.1) ? { until: random.pick([200, 10, 10, -1]) } : {}),
    ...(random.chance(0.08) ? { key: 'p256/90' } : {}),
    ...(random.chance(0.05) ? { fault: 'signature' } : {}),
    ...(random.chance(0.05) ? { hash: 'sha1' } : {}),
    ...(random.chance(0.3) ? { authorityKeyId: false } : {}),
    ...(random.chance(0.05) ? { reason: random.pick([1, 6, 8]) } : {}),
    ...(random.chance(0.1) ? { scope: { only: random.pick([undefined, 'users', 'authorities']), uri: random.pick([undefined, 'http://example.com/1', 'http://example.com/2']) } } : {}),
  };
}

/** Each changes the world in one respect. */
const CHANGES = {
  host(random, world) {
    world.host = random.pick(HOSTS);
  },
  names(random, { certificates: { leaf } }) {
    leaf.names = random.chance(0.2) ? undefined : anyNames(random);
    leaf.criticalNames = random.chance(0.1);
  },
  moreNames(random, { certificates: { leaf } }) {
    leaf.names = [...(leaf.names ?? []), anyName(random)];
  },
  commonName(random, { certificates: { leaf } }) {
    const length = random.pick([0, 1, 1, 1, 1, 2]);
    leaf.subject = [['O', random.pick(['Example', 'Other'])], ...Array.from({ length }, () => anyCommonName(random))];
    if (random.chance(0.7)) delete leaf.names;
  },
  limits(random, world) {
    const limits = {};
    if (random.chance(0.6)) limits.permitted = Array.from({ length: 1 + random.below(2) }, () => random.pick(LIMITS));
    if (random.chance(0.5)) limits.excluded = Array.from({ length: 1 + random.below(2) }, () => random.pick(LIMITS));
    if (random.chance(0.1)) limits.critical = false;
    anyIssuer(random, world).limits = limits;
  },
  limitedCommonName(random, world) {
    CHANGES.commonName(random, world);
    delete world.certificates.leaf.names;
    const limit = random.pick(LIMITS.slice(0, 10));
    anyIssuer(random, world).limits = random.chance(0.5) ? { permitted: [limit] } : { excluded: [limit] };
  },
  leafUsage(random, { certificates: { leaf } }) {
    if (random.chance(0.5)) leaf.usage = random.some(USAGES);
    if (random.chance(0.5)) leaf.purposes = random.some(PURPOSES);
  },
  issuerUsage(random, world) {
    const issuer = anyIssuer(random, world);
    if (random.chance(0.5)) issuer.usage = random.chance(0.3) ? undefined : random.some(USAGES);
    if (random.chance(0.4)) issuer.purposes = random.some(PURPOSES);
  },
  constraints(random, world) {
    anyone(random, world).constraints = random.pick([
      undefined, { ca: true }, { ca: false }, { ca: true, length: 0 }, { ca: true, length: 1 }, { ca: true, length: 5 },
      { ca: false, length: 0 },
      { ca: true, critical: false },
    ]);
  },
  dates(random, world) {
    const of = anyone(random, world);
    [of.from, of.until] = random.pick(SPANS);
  },
  version(random, world) {
    anyone(random, world).version = random.pick([1, 1, 2, 3, 4]);
  },
  key(random, world) {
    anyone(random, world).key = `${random.pick(KEYS)}/${random.below(3)}`;
  },
  hash(random, world) {
    anyone(random, world).hash = random.pick(['md5', 'sha1', 'sha256', 'sha384', 'sha512']);
  },
  fault(random, world) {
    anyone(random, world).fault = random.pick(['signature', 'signature', 'algorithm']);
  },
  keyIds(random, world) {
    const of = anyone(random, world);
    of[random.pick(['subjectKeyId', 'authorityKeyId'])] = random.pick([false, false, 'wrong']);
    if (random.chance(0.3)) of.authorityKeyId = random.pick(['serial', 'wrong serial']);
  },
  noKeyIds(_, world) {
    const none = { subjectKeyId: false, authorityKeyId: false };
    for (const of of Object.values(world.certificates)) Object.assign(of, none);
  },
  serial(random, world) {
    anyone(random, world).serial = random.pick([0x80, 0xff, 0x8000, 0x7fffffff, 0x123456789abc, 0]);
  },
  unknown(random, world) {
    anyone(random, world).unknown = random.pick(['critical', 'plain']);
  },
  garbage(random, world) {
    const name = random.pick(['constraints', 'usage', 'purposes', 'names', 'names', 'names', 'limits', 'subjectKeyId', 'authorityKeyId', 'points']);
    const of = name === 'names' ? world.certificates.leaf : anyone(random, world);
    of.raw = { ...of.raw, [name]: random.pick(GARBAGE) };
    if (name === 'points') of.points = [];
  },
  twice(random, world) {
    anyone(random, world).twice = true;
  },
  issuerName(random, world) {
    const of = anyone(random, world);
    const subject = of.issuerName ?? world.certificates[of.issuer].subject;
    of.issuerName = random.pick([
      [['CN', 'Nobody']], subject.map(([name, value]) => [name, value, 'printable']), subject.map(([name, value]) => [name, value.toLowerCase()]),
    ]);
  },
  selfIssuedLeaf(_, world) {
    world.certificates.leaf.issuer = 'leaf';
  },
  listedLeaf(random, world) {
    world.listed = random.chance(0.5) ? ['leaf'] : ['leaf', ...world.listed];
  },
  listed(random, world) {
    const all = Object.keys(world.certificates).filter((name) => name !== 'leaf' || random.chance(0.2));
    world.listed = random.shuffled(random.some(all));
  },
  chain(random, world) {
    const [leaf, ...others] = world.chain;
    const all = random.pick([others, others, issuers(world), [...others, ...issuers(world)], [...others, 'leaf']]);
    world.chain = [leaf, ...random.shuffled(random.chance(0.3) ? random.some(all) : all)];
  },
  missing(random, world) {
    const [leaf, ...others] = world.chain;
    world.chain = [leaf, ...random.some(others)];
  },
  withRoot(_, world) {
    world.chain.push('root');
  },
  stranger(random, world) {
    // Of the name of another: another key, or the same key and other dates or issuer.
    const name = random.pick(Object.keys(world.certificates));
    const of = world.certificates[name];
    const twin = `twin${world.count}`;
    world.certificates[twin] = {
      ...of,
      issuer: of.issuer === name ? twin : of.issuer,
      serial: of.serial + 50,
      ...(random.chance(0.6) ? { key: `p256/${50 + world.count}` } : {}),
      ...(random.chance(0.3) ? { from: -10, until: -1 } : {}),
    };
    world.count += 1;
    if (random.chance(0.5)) world.listed.splice(random.below(world.listed.length + 1), 0, twin);
    if (random.chance(0.7)) world.chain.splice(1 + random.below(world.chain.length), 0, twin);
  },
  crossSigned(random, world) {
    // Another root that has signed a certificate for the key of the first, or of an intermediate.
    const name = random.pick(issuers(world));
    world.certificates.otherRoot ??= authority('Other Root', 'otherRoot', 'p256/40', 900);
    const cross = { ...world.certificates[name], issuer: 'otherRoot', serial: 901 };
    if (random.chance(0.2)) Object.assign(cross, { from: -10, until: -1 });
    world.certificates[`cross-${name}`] = cross;
    world.chain.splice(1 + random.below(world.chain.length), 0, `cross-${name}`);
    const other = random.pick([['otherRoot'], ['otherRoot', ...world.listed], [...world.listed, 'otherRoot'], world.listed]);
    world.listed = other;
  },
  selfIssuedIntermediate(random, world) {
    // An intermediate with a new key, of the same name as its issuer.
    const { leaf } = world.certificates;
    const above = world.certificates[leaf.issuer];
    if (above === undefined || above === leaf) return;
    world.certificates.renewed = { ...above, issuer: leaf.issuer, key: 'p256/60', serial: 800 };
    leaf.issuer = 'renewed';
    world.chain.splice(1, 0, 'renewed');
  },
  revocation(random, world) {
    for (const issuer of issuers(world)) {
      const count = random.pick([0, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
      for (let i = 0; i < count; i += 1) world.lists.push(anyList(random, world, issuer));
    }
    if (random.chance(0.3)) world.lists = random.shuffled(world.lists);
  },
  points(random, world) {
    anyone(random, world).points = [random.pick(['http://example.com/1', 'http://example.com/2'])];
  },
};

const CHANGE_NAMES = Object.keys(CHANGES);

function authority(name, issuer, key, serial) {
  return {
    subject: [['O', 'Authorities'], ['CN', name]], issuer, key, serial, constraints: { ca: true }, usage: ['keyCertSign', 'cRLSign'],
  };
}

/** A case that is valid, with `depth` intermediates. */
function validCase(depth) {
  const certificates = { root: authority('Root', 'root', 'p256/0', 100) };
  const chain = [];
  let issuer = 'root';
  for (let i = 1; i <= depth; i += 1) {
    certificates[`ca${i}`] = authority(`CA ${i}`, issuer, `p256/${i}`, 100 + i);
    issuer = `ca${i}`;
    chain.unshift(issuer);
  }
  certificates.leaf = {
    subject: [['O', 'Example'], ['CN', HOST]],
    issuer,
    key: 'p256/20',
    serial: 77,
    constraints: { ca: false },
    usage: ['digitalSignature'],
    names: [['dns', HOST]],
  };
  return { changes: [], host: HOST, certificates, chain: ['leaf', ...chain], listed: ['root'], lists: [], count: 0 };
}

/** The case of `seed`: a quarter with revocation lists, and up to four more changes. */
function caseOf(seed) {
  const random = new Random(seed);
  const depths = [0, 1, 1, 1, 2, 2, 3, 6, 7, 9, 11];
  const world = { seed, ...validCase(random.pick(random.chance(0.9) ? depths.slice(0, 7) : depths)) };
  const wanted = random.pick([0, 1, 1, 1, 2, 2, 2, 3, 4]);
  if (random.chance(0.25)) world.changes.push('revocation');
  for (let i = 0; i < wanted; i += 1) world.changes.push(random.pick(CHANGE_NAMES));
  for (const change of world.changes) CHANGES[change](random, world);
  return world;
}

/** Key and certificates in DER, and what is listed, of the case `world`. */
function materialOf(world) {
  const made = {};
  for (const [name, of] of Object.entries(world.certificates)) {
    const issuer = world.certificates[of.issuer];
    made[name] = certificate(of, { ...issuer, above: issuer.issuerName ?? world.certificates[issuer.issuer].subject });
  }
  return {
    key: keyOf(world.certificates.leaf.key).pem,
    chain: world.chain.map((name) => made[name]),
    listed: world.listed.map((name) => made[name]),
    lists: world.lists.map((of) => revocationList(of, world.certificates[of.issuer])),
  };
}

/** The same as options of either module. */
function optionsOf({ key, chain, listed, lists }) {
  return {
    shown: { key, cert: chain.map((der) => pem('CERTIFICATE', der)).join('') },
    trust: {
      ca: listed.map((der) => pem('CERTIFICATE', der)),
      ...(lists.length === 0 ? {} : { crl: lists.map((der) => pem('X509 CRL', der)) }),
    },
  };
}

module.exports = { caseOf, materialOf, optionsOf, validCase };
