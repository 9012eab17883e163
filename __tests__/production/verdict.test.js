'use strict';

// The soak's own judgement: what it must not overlook.

const { X509Certificate } = require('crypto');
const { certificate } = require('../tls/pki');
const { floorsOf, shortfalls } = require('./floors');
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

test.each([
  ['of a thread that ended gracefully', {}, [{ worker: '1.2' }], 1],
  ['of a process that ended gracefully', {}, [{ pid: 1 }], 1],
  ['of another process', {}, [{ pid: 12 }], 0],
  ['of another thread', {}, [{ worker: '1.3' }], 0],
  ['after the end', { until: 9000 }, [{ pid: 1 }], 0],
  ['before the end', { until: 999 }, [{ pid: 1 }], 0],
  ['on a new connection', { isReused: false }, [{ pid: 1 }], 0],
  ['whose answer had begun', { isAnswered: true }, [{ pid: 1 }], 0],
])('a request that was cut %s', (_, details, ends, crossed) => {
  const verdict = new Verdict();
  verdict.add({ ...CUT, isReused: true, isAnswered: false, ...details }, CERTIFICATES);
  verdict.judge([], ends.map((end) => ({ ...end, at: 1000, until: 1010 })));
  expect([verdict.crossed.length, verdict.failures.length]).toEqual([crossed, 1 - crossed]);
});

test('what rises, and what only varies', () => {
  const points = (slope, noise) => Array.from({ length: 100 }, (_, i) => [i, 100 + slope * i + noise * (i % 2)]);
  expect(fit(points(1, 0))).toMatchObject({ rise: expect.closeTo(99), error: expect.closeTo(0) });
  expect(rises(points(0.2, 5), 10)).toBe(true);
  expect(rises(points(0.05, 5), 10)).toBe(false);
  expect(rises(points(0, 50), 0)).toBe(false);
});

test('a connection is not judged before the deaths of its time are known', () => {
  const verdict = new Verdict();
  verdict.add(CUT, CERTIFICATES);
  verdict.judge([], [], CUT.until - 1);
  verdict.judge([DEATH]);
  expect([verdict.cutOnPurpose.length, verdict.failures.length]).toEqual([1, 0]);
});

describe('what was not tested', () => {
  const asked = {
    seconds: 60, rate: 25, deaths: 8, certificates: 4, replacements: 2, samples: 30,
    services: { plain: { isWeb: false }, unix: { isWeb: false }, web: { isWeb: true } },
  };
  const floors = floorsOf(asked, { visits: 1500 });
  const enough = { ...Object.fromEntries(floors), visits: 1500 };

  test('all that is asked for is enough', () => {
    expect(shortfalls(asked, enough)).toEqual([]);
  });

  test.each([...floors.keys()])('too few %s', (name) => {
    const least = name === 'visits' ? 500 : floors.get(name);
    expect(least).toBeGreaterThan(0);
    const found = shortfalls(asked, { ...enough, [name]: least - 1 });
    expect(found).toEqual([`too few ${name}: ${least - 1} instead of ${least} at least`]);
    expect(shortfalls(asked, { ...enough, [name]: undefined })).toContain(`too few ${name}: 0 instead of ${least} at least`);
  });

  test('a visit counts for all that it was, if it has come to its own end', () => {
    const verdict = new Verdict();
    const visit = { ...CUT, outcome: 'served', stack: 'ours', answers: 3 };
    verdict.add(visit, CERTIFICATES);
    verdict.add({ ...visit, outcome: 'cut' }, CERTIFICATES);
    verdict.add({ ...visit, outcome: 'wrong' }, CERTIFICATES);
    expect(verdict.seen).toMatchObject({
      visits: 3,
      'visits of the kind fast': 1,
      'visits to plain': 1,
      'visits with the stack ours': 1,
      'visits with the proxy 0': 1,
    });
  });

  test('each name that is counted is one of the floors', () => {
    const verdict = new Verdict();
    verdict.add({ ...CUT, outcome: 'left', stack: 'node' }, CERTIFICATES);
    for (const name of Object.keys(verdict.seen)) expect([...floors.keys()]).toContain(name);
  });
});
