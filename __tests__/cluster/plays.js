'use strict';

// Clusters, and what is sent to other processes: programs that are run without rust-net/register and with it, and have
// to print the same.

const path = require('path');
const { nodes } = require('../package/nodes');
const { scratch } = require('../helpers');
const { DEADLINE, bothWays } = require('./both-ways');

const POLICIES = ['rr', 'none'];

/** Defines the tests for the versions `majors` of Node. */
function playOn(majors) {
  let binaries;

  jest.setTimeout(4 * DEADLINE);

  beforeAll(() => {
    binaries = new Map(nodes());
  });

  const cases = majors.flatMap((major) => POLICIES.map((policy) => [policy, major]));

  test.each(cases)('workers share a port, policy %s, on Node %i', async (policy, major) => {
    const env = { NODE_CLUSTER_SCHED_POLICY: policy, COUNT: '120' };
    const { ours, nodes: expected } = await bothWays('shares-a-port.js', binaries.get(major), env);
    const isSpread = policy === 'rr' ? true : expect.any(Boolean);
    expect(ours).toEqual({ ...expected, isSpread });
    expect(ours).toMatchObject({ answered: 120, signal: 'SIGKILL', isGone: true, waits: true });
  });

  test.each(cases)('workers share a path, policy %s, on Node %i', async (policy, major) => {
    const env = { NODE_CLUSTER_SCHED_POLICY: policy, PLACE: path.join(scratch(), 'socket'), COUNT: '30' };
    const { ours, nodes: expected } = await bothWays('shares-a-port.js', binaries.get(major), env);
    expect(ours).toEqual({ ...expected, isSpread: expect.any(Boolean) });
    expect(ours).toMatchObject({ answered: 30, waits: true });
  });

  test.each(cases)('errors, descriptors, exclusive ports and limits, policy %s, on Node %i', async (policy, major) => {
    const env = { NODE_CLUSTER_SCHED_POLICY: policy, PLACE: path.join(scratch(), 'socket') };
    const { ours, nodes: expected } = await bothWays('listens.js', binaries.get(major), env);
    expect(ours).toEqual(expected);
    expect(ours.results.taken).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' });
  });

  test.each(majors)('sockets and servers are sent, on Node %i', async (major) => {
    const env = { PLACE: path.join(scratch(), 'socket') };
    const { ours, nodes: expected } = await bothWays('sends.js', binaries.get(major), env);
    expect(ours).toEqual(expected);
    expect(ours).toMatchObject({ greeted: 'before; from the child', flood: '2000000 IPv4', isClosed: true });
  });
}

module.exports = { playOn };
