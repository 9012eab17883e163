'use strict';

// How addresses are spelled: `server.address()` of both modules, in a network namespace where any IPv6 address can be
// listened on. Implementations differ in compression, embedded IPv4 addresses and leading zeros.

const { spawnSync } = require('child_process');
const { Random } = require('../../fuzz/random');

const SEED = 20_101;

/** Addresses whose spelling has rules of its own. */
const CURIOUS = [
  '::1',
  '1::',
  '::127.0.0.9',
  '::0.1.0.0',
  '::ffff:127.0.0.9',
  '64:ff9b::1.2.3.4',
  '1:0:0:2:0:0:0:3',
  '1:0:2:0:3:0:4:0',
  '0:1:1:1:1:1:1:1',
];

/** Eight groups, many of them zero and few of them long: as texts that say the same in many ways. */
function addresses(count) {
  const random = new Random(SEED);
  const group = () => (random.flag() ? 0 : random.below(random.flag() ? 0x10 : 0x10000));
  return Array.from({ length: count }, () => {
    const groups = Array.from({ length: 8 }, group);
    // A multicast address can't be listened on, nor one that belongs to a link.
    groups[0] &= 0x3fff;
    return groups.map((value) => value.toString(16)).join(':');
  });
}

/** Runs in the namespace: prints what both modules call each address that they listen on. */
function spell(modules, all) {
  const [theirs, ours] = modules.map((name) => require(name));
  const named = (net, host) =>
    new Promise((resolve) => {
      const server = net.createServer().on('error', ({ code, message }) => resolve(`${code} ${message}`));
      server.listen(0, host, () => {
        const { address, family } = server.address();
        server.close(() => resolve(`${address} ${family}`));
      });
    });
  (async () => {
    const lines = [];
    for (const host of all) lines.push([host, await named(theirs, host), await named(ours, host)]);
    console.log(JSON.stringify(lines));
  })();
}

const SET_UP = 'ip link set lo up && echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind';
const NAMESPACE = ['-Urn', 'sh', '-c', `${SET_UP} && exec "$@"`, 'sh'];

function inNamespace(...command) {
  return spawnSync('unshare', [...NAMESPACE, ...command], { encoding: 'utf8' });
}

const isPossible = process.platform === 'linux' && inNamespace('true').status === 0;

(isPossible ? test : test.skip)(`IPv6 addresses are spelled as node:net spells them (seed ${SEED})`, () => {
  const all = [...CURIOUS, ...addresses(300)];
  const script = `(${spell})(${JSON.stringify(['net', require.resolve('../../node')])}, ${JSON.stringify(all)})`;
  const { status, stdout, stderr } = inNamespace(process.execPath, '-e', script);
  expect([status, stderr]).toEqual([0, '']);
  const spelled = JSON.parse(stdout);
  expect(spelled.map(([host, , ours]) => [host, ours])).toEqual(spelled.map(([host, theirs]) => [host, theirs]));
  expect(spelled.every(([, theirs]) => theirs.endsWith('IPv6'))).toBe(true);
});
