'use strict';

// The soak's own judgement: what it must not overlook.

const { X509Certificate } = require('crypto');
const { certificate } = require('../tls/pki');
const { fit, rises } = require('./samples');
const { Verdict } = require('./verdict');

const CERTIFICATES = [{ name: 'p256', from: 0, settled: 0 }, { name: 'p384', from: 50, settled: 60 }];
const DEATH = { worker: '1.2', service: 'plain', how: 'exit', at: 1000, until: 1010 };
const CUT = { kind: 'fast', service: 'plain', proxy: 0, answers: 0, bytes: 0, worker: '1.2', outcome: 'cut', from: 900, until: 1005 };

function judged(record, deaths = [DEATH]) {
  const verdict = new Verdict();
  verdict.add({ ...CUT, ...record }, CERTIFICATES);
  verdict.judge(deaths);
  const { cutOnPurpose, cutUnnamed, failures } = verdict;
  return [cutOnPurpose.length, cutUnnamed.length, failures.length];
}

test.each([
  ['of the thread that was killed', {}, undefined, [1, 0, 0]],
  ['of another thread', { worker: '1.3' }, undefined, [0, 0, 1]],
  ['of a thread that was to finish what it had', {}, [{ ...DEATH, how: 'drain' }], [0, 0, 1]],
  ['before the thread was killed', { until: 999 }, undefined, [0, 0, 1]],
  ['long afterwards', { until: 9000 }, undefined, [0, 0, 1]],
  ['that no thread had greeted', { worker: null }, undefined, [0, 1, 0]],
  ['that no thread of another service had greeted', { worker: null, service: 'unix' }, undefined, [0, 0, 1]],
  ['that begins after the death', { worker: null, from: 1011, until: 1500 }, undefined, [0, 0, 1]],
  ['that was refused', { worker: null, detail: 'ECONNREFUSED' }, undefined, [0, 0, 1]],
])('a connection %s', (_, record, deaths, expected) => {
  expect(judged(record, deaths)).toEqual(expected);
});

test.each([
  ['in use', 'p384', 70, 0],
  ['no longer in use', 'p256', 70, 1],
  ['replaced during the handshake', 'p256', 55, 0],
  ['not in use yet', 'p384', 40, 1],
])('a certificate that is %s', (_, name, from, failures) => {
  const { fingerprint256: fingerprint } = new X509Certificate(certificate(name));
  expect(judged({ outcome: 'served', from, secured: from + 5, fingerprint })).toEqual([0, 0, failures]);
});

test('what rises, and what only varies', () => {
  const points = (slope, noise) => Array.from({ length: 100 }, (_, i) => [i, 100 + slope * i + noise * (i % 2)]);
  expect(fit(points(1, 0))).toMatchObject({ rise: expect.closeTo(99), error: expect.closeTo(0) });
  expect(rises(points(0.2, 5), 10)).toBe(true);
  expect(rises(points(0.05, 5), 10)).toBe(false);
  expect(rises(points(0, 50), 0)).toBe(false);
});
