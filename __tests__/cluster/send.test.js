'use strict';

// "`process.send(message, socket | server)` works in both directions": a program that is run without
// rust-net/register and with it, and has to print the same.

const path = require('path');
const { MAJORS, nodes } = require('../package/nodes');
const { scratch } = require('../helpers');
const { DEADLINE, bothWays } = require('./both-ways');

jest.setTimeout(2 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

test.each(MAJORS)('sockets and servers are sent, on Node %i', async (major) => {
  const env = { PLACE: path.join(scratch(), 'socket') };
  const { ours, nodes: expected } = await bothWays('sends.js', binaries.get(major), env);
  expect(ours).toEqual(expected);
  expect(ours).toMatchObject({ greeted: 'before; from the child', flood: '2000000 IPv4', waits: true, isClosed: true });
});
