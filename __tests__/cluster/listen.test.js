'use strict';

// "In a worker of a cluster, `listen` shares the port as Node does", in programs that are run without
// rust-net/register and with it, and have to print the same.

const path = require('path');
const { MAJORS, nodes } = require('../package/nodes');
const { scratch } = require('../helpers');
const { DEADLINE, bothWays, oneWay } = require('./both-ways');

jest.setTimeout(4 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

const POLICIES = ['rr', 'none'];
const CASES = MAJORS.flatMap((major) => POLICIES.map((policy) => [policy, major]));

test.each(CASES)('workers share a port, policy %s, on Node %i', async (policy, major) => {
  const env = { NODE_CLUSTER_SCHED_POLICY: policy, COUNT: '120' };
  const { ours, nodes: expected } = await bothWays('shares-a-port.js', binaries.get(major), env);
  const isSpread = policy === 'rr' ? true : expect.any(Boolean);
  expect(ours).toEqual({ ...expected, isSpread });
  expect(ours).toMatchObject({ answered: 120, signal: 'SIGKILL', isGone: true, waits: true });
});

test.each(CASES)('workers share a path, policy %s, on Node %i', async (policy, major) => {
  const env = { NODE_CLUSTER_SCHED_POLICY: policy, PLACE: path.join(scratch(), 'socket'), COUNT: '30' };
  const { ours, nodes: expected } = await bothWays('shares-a-port.js', binaries.get(major), env);
  expect(ours).toEqual({ ...expected, isSpread: expect.any(Boolean) });
  expect(ours).toMatchObject({ answered: 30, waits: true });
});

test('1,000 connections are spread over the workers', async () => {
  const env = { NODE_CLUSTER_SCHED_POLICY: 'rr', COUNT: '1000' };
  const { answered, isSpread } = await oneWay('shares-a-port.js', binaries.get(20), true, env);
  expect({ answered, isSpread }).toEqual({ answered: 1000, isSpread: true });
});

test.each(CASES)('errors, descriptors, exclusive ports and limits, policy %s, on Node %i', async (policy, major) => {
  const env = { NODE_CLUSTER_SCHED_POLICY: policy, PLACE: path.join(scratch(), 'socket') };
  const { ours, nodes: expected } = await bothWays('listens.js', binaries.get(major), env);
  expect(ours).toEqual(expected);
  expect(ours.results.taken).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' });
});
