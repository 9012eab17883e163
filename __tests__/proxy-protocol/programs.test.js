'use strict';

// Under rust-net/register, servers and clients of Node's modules have the PROXY protocol, too.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { certificate, files } = require('../tls/pki');

const ROOT = path.join(__dirname, '..', '..');

test('net, tls, http, https and http2', () => {
  const folder = scratch();
  const { key, cert } = files('p256', folder);
  const ca = path.join(folder, 'ca.pem');
  fs.writeFileSync(ca, certificate('root'));
  const program = path.join(__dirname, 'programs', 'servers.js');
  const args = ['--require', path.join(ROOT, 'register.js'), program, key, cert, ca];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  const seen = '192.0.2.1 5000 443 example.org';
  const expected = ['net', 'tls', 'http', 'https', 'http2'].map((name) => `${name} ${seen}`);
  expect([stdout.trim().split('\n'), stderr]).toEqual([expected, '']);
});

test.each(['rr', 'none'])('the workers of a cluster, by the policy %s', (policy) => {
  const args = ['--require', path.join(ROOT, 'register.js'), path.join(__dirname, 'programs', 'cluster.js')];
  const env = { ...process.env, NODE_CLUSTER_SCHED_POLICY: policy };
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000, env });
  expect([stdout, stderr]).toEqual(['proxy-missing proxy-timeout\n', '']);
});
