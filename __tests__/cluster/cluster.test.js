'use strict';

// "In a worker of a cluster, `listen` shares the port as Node does", and "`process.send(message, socket | server)`
// works in both directions": on the Node that runs the tests.

const path = require('path');
const { OWN } = require('../package/nodes');
const { ROOT, run } = require('../node/project');
const { FLAGS, FOLDER, oneWay } = require('./both-ways');
const { playOn } = require('./plays');

playOn([OWN]);

test('990 connections are spread over the workers', async () => {
  const env = { NODE_CLUSTER_SCHED_POLICY: 'rr', COUNT: '990' };
  const { answered, isSpread } = await oneWay('shares-a-port.js', process.execPath, true, env);
  expect({ answered, isSpread }).toEqual({ answered: 990, isSpread: true });
});

test('a worker that runs out of descriptors serves what waits when it can', async () => {
  const command = ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, ...FLAGS, 'runs-out.js'];
  const env = { OURS: '1', NODE_CLUSTER_SCHED_POLICY: 'rr' };
  expect(JSON.parse(await run(FOLDER, command, { node: 'sh', env }))).toEqual([['EMFILE', 'accept'], 'served']);
});

test.each(['rr', 'none'])('rust-net/node in a worker, without rust-net/register, policy %s', async (policy) => {
  const env = { NET: path.join(ROOT, 'node.js'), OURS: '1', NODE_CLUSTER_SCHED_POLICY: policy, COUNT: '60' };
  const { answered, waits } = JSON.parse(await run(FOLDER, ['shares-a-port.js'], { env }));
  expect({ answered, waits }).toEqual({ answered: 60, waits: true });
});

test('rust-net in a worker listens for itself (sharesPortsInClusters)', async () => {
  const { ports } = JSON.parse(await run(FOLDER, ['listens-alone.js'], { env: { NET: ROOT, OURS: '1' } }));
  expect(ports[0]).not.toBe(ports[1]);
});

test('with reusePort, a worker has a socket of its own', async () => {
  const { port, ports } = await oneWay('listens-alone.js', process.execPath, true, { REUSE: '1' });
  expect(ports).toEqual([port, port]);
});
