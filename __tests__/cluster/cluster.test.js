'use strict';

// "In a worker of a cluster, `listen` shares the port as Node does", and "`process.send(message, socket | server)`
// works in both directions": on the Node that runs the tests.

const { OWN } = require('../package/nodes');
const { oneWay } = require('./both-ways');
const { playOn } = require('./plays');

playOn([OWN]);

test('990 connections are spread over the workers', async () => {
  const env = { NODE_CLUSTER_SCHED_POLICY: 'rr', COUNT: '990' };
  const { answered, isSpread } = await oneWay('shares-a-port.js', process.execPath, true, env);
  expect({ answered, isSpread }).toEqual({ answered: 990, isSpread: true });
});
