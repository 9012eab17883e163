'use strict';

// D21: verdicts on certificates, compared with those of `node:tls` in the same process. `verdicts/` makes the cases;
// `node __tests__/tls/verdicts/run.js --seconds 3600` goes on for an hour.

const rustNet = require('../..');
const { validCase } = require('./verdicts/cases');
const { Comparison } = require('./verdicts/compare');
const { compareCases } = require('./verdicts/tests');

/** A certificate with a common name only, below `issuer` with the name constraints `limits`. */
const onlyNamed = (name, issuer, limits) => (world) => {
  const { certificates } = world;
  certificates.leaf.subject = [['CN', name]];
  delete certificates.leaf.names;
  certificates[issuer].limits = limits;
  world.host = 'a.example.com';
};

const alternative = (raw) => ({ certificates: { leaf } }) => {
  leaf.raw = { names: raw };
};

const EVIL = [['dns', 'evil.org']];
const EXAMPLE = [['dns', 'example.com']];

/** Lists of the root and of the intermediate, after those of the root that are given. */
const lists = (...ofRoot) => (world) => {
  world.lists = [...ofRoot.map((of) => ({ issuer: 'root', ...of })), { issuer: 'ca1' }];
};

const OLD = { from: -20 };
const REVOKING = { from: -2, revoked: [101] };
const LATER = { from: 5 };

/** The code as a server's, and as a client's if that is another; null is trust. What OpenSSL trusts is marked. */
const HOLES = [
  ['a common name that an intermediate permits', onlyNamed('a.example.com', 'ca1', { permitted: EXAMPLE }), null],
  ['a common name that an intermediate does not permit', onlyNamed('a.example.com', 'ca1', { permitted: EVIL }), 'UNSPECIFIED'],
  ['a common name that an intermediate excludes', onlyNamed('a.example.com', 'ca1', { excluded: EXAMPLE }), 'UNSPECIFIED'],
  ['a common name that the root does not permit', onlyNamed('a.example.com', 'root', { permitted: EVIL }), 'UNSPECIFIED'],
  ['a common name that the root excludes', onlyNamed('A.Example.Com', 'root', { excluded: EXAMPLE }), 'UNSPECIFIED'],
  ['a pattern as common name, which OpenSSL trusts', onlyNamed('*.example.com', 'root', { permitted: EVIL }), 'UNSPECIFIED', null],
  ['alternative names that can\'t be read', alternative('0500'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['a DNS name that is no text', alternative('30038201ff'), 'ERR_TLS_CERT_ALTNAME_INVALID', null],
  ['a DNS name with a NUL', alternative('3010820e612e6578616d706c652e636f6d00'), 'ERR_TLS_CERT_ALTNAME_INVALID', null],
  ['no alternative names at all', alternative('3000'), null],
  ['two lists that revoke nothing', lists(OLD, {}), null],
  ['an intermediate that the second list revokes', lists(OLD, REVOKING), 'CERT_REVOKED'],
  ['an intermediate that the first list revokes', lists(REVOKING, OLD), 'CERT_REVOKED'],
  ['a list that is not valid yet', lists(LATER), 'CRL_NOT_YET_VALID'],
  ['a list that is not valid yet before one that revokes', lists(LATER, REVOKING), 'CERT_REVOKED'],
  ['a list of a root that may not sign lists', (world) => {
    lists(OLD)(world);
    world.certificates.root.usage = ['keyCertSign'];
  }, 'UNSPECIFIED'],
  ['a list with the signature of another key', lists({ key: 'p256/90' }), 'CRL_SIGNATURE_FAILURE'],
];

describe('verifyPeer(): "the validity of the peers\'s certificate" is what OpenSSL says, or less (D21)', () => {
  let comparison;

  beforeAll(async () => {
    comparison = await new Comparison(rustNet).open();
  });

  afterAll(() => comparison.close());

  test.each(HOLES)('%s', async (name, change, code, codeOfClient = code) => {
    const world = validCase(1);
    change(world);
    const { server, client } = await comparison.ask(world);
    expect(server).toEqual({ ours: code, atGate: code, theirs: name.includes('OpenSSL trusts') ? null : code });
    expect(client).toEqual({ ours: codeOfClient, atGate: codeOfClient, theirs: codeOfClient });
  });
});

// More of them are in `endurance/`.
compareCases(100);
