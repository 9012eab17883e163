'use strict';

// Transfers between two network namespaces, over a link that loses packets: real TCP, with its retransmissions, where
// this system lets a user make namespaces and filter packets (`unshare`, `ip`, `nft`).
//
//   node __tests__/network/namespaces.js --seconds 60 --seed 1
//
// The process runs itself in three roles: `near` makes the namespaces and the link; `far`, in the second one, listens,
// and starts `play`, in the first one, which inherits the listening sockets. So both ends of a connection are in one
// process, and each packet crosses the link.

const { execFileSync, spawn, spawnSync } = require('child_process');
const { once } = require('events');
const net = require('net');
const { parseArgs } = require('util');
const { generator } = require('../random/plan');
const { planOf, play } = require('./machine');

const [NEAR, FAR] = ['10.9.0.1', '10.9.0.2'];

/** Transfers at once, each with a listening socket. */
const WIDTH = 6;

const FIRST = 3;

/** Each connection comes from a port of its own, so that it can't be taken for an earlier one. */
const FIRST_PORT = 10_000;

/** What is closed lets the process exit; to be alive after so many milliseconds is a finding. */
const EXIT_PATIENCE = 20_000;

/** What the link does to packets, for a round. */
const CONDITIONS = [
  { loss: 0 }, { loss: 1 }, { loss: 5 }, { loss: 15 }, { loss: 5, mtu: 600 }, { loss: 2, rate: '4mbit' },
  { loss: 0, rate: '1mbit' }, { loss: 3, mtu: 1000, rate: '10mbit' },
];

/** Lost packets are sent again, each time twice as late: what is whole in the end may take long. */
const PATIENCE = { idle: 30_000, handshake: 30_000, stall: 400 };

/** After a link that loses everything: who waits gives up. */
const IMPATIENCE = { idle: 500, handshake: 500, stall: 100 };

const sh = (program, ...args) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** Why this can't be done here; undefined if it can. */
function missing() {
  for (const program of ['ip', 'nft', 'nsenter', 'tc']) {
    if (spawnSync('which', [program]).status !== 0) return `there is no ${program}`;
  }
  const script = `nft add table ip t && nft add chain ip t c '{ type filter hook input priority 0; }' &&
    nft add rule ip t c numgen random mod 100 lt 1 drop`;
  const { status, stderr } = spawnSync('unshare', ['-Urnm', 'sh', '-c', script], { encoding: 'utf8' });
  return status === 0 ? undefined : `namespaces can't be made, or not filtered: ${stderr}`;
}

/** Makes the link, and has the far side listen. */
async function near(values) {
  const far = spawn('unshare', ['-n', process.execPath, __filename, 'far', JSON.stringify(values), String(process.pid)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(far, 'message');
  sh('ip', 'link', 'set', 'lo', 'up');
  sh('ip', 'link', 'add', 've0', 'type', 'veth', 'peer', 'name', 've1', 'netns', String(far.pid));
  sh('ip', 'addr', 'add', `${NEAR}/24`, 'dev', 've0');
  sh('ip', 'link', 'set', 've0', 'up');
  far.send('linked');
  [process.exitCode] = await once(far, 'exit');
}

async function far(values, pid) {
  process.send('here');
  await once(process, 'message');
  sh('ip', 'addr', 'add', `${FAR}/24`, 'dev', 've1');
  sh('ip', 'link', 'set', 've1', 'up');
  const servers = Array.from({ length: WIDTH }, () => net.createServer().listen(0, FAR));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  const args = ['-t', pid, '-n', process.execPath, __filename, 'play', JSON.stringify({ ...values, ports })];
  const child = spawn('nsenter', args, {
    stdio: ['ignore', 'inherit', 'inherit', ...servers.map(({ _handle }) => _handle.fd)],
  });
  for (const server of servers) server.close();
  [process.exitCode] = await once(child, 'exit');
  process.disconnect();
}

/** Has the link lose so many of a hundred packets in each direction, and take so many bits a second. */
function shape({ loss, mtu = 1500, rate }) {
  const drop = (hook, direction) => `chain ${hook} {
    type filter hook ${hook} priority 0;
    ${direction} ve0 ${loss < 100 ? `numgen random mod 100 < ${loss}` : ''} counter drop
  }`;
  const rules = loss === 0 ? '' : `${drop('output', 'oifname')}\n${drop('input', 'iifname')}`;
  execFileSync('nft', ['-f', '-'], { input: `table ip faults\ndelete table ip faults\ntable ip faults {\n${rules}\n}` });
  sh('ip', 'link', 'set', 've0', 'mtu', String(mtu));
  spawnSync('tc', ['qdisc', 'del', 'dev', 've0', 'root']);
  if (rate) sh('tc', 'qdisc', 'add', 'dev', 've0', 'root', 'tbf', 'rate', rate, 'burst', '10kb', 'latency', '100ms');
}

/** How many packets the link has lost under its present rules. */
function lost() {
  const { stdout } = spawnSync('nft', ['list', 'table', 'ip', 'faults'], { encoding: 'utf8' });
  return [...stdout.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

/** What crosses the link: the transfer of a seed without the faults of a relay. */
function linkPlan(seed) {
  const next = generator(seed);
  const lengths = [next(100_000), next(100_000)];
  const { tls, chunk } = planOf(seed);
  const topology = next(4) ? 'pair' : 'echo';
  return { seed, lengths, tls, chunk, topology, foreign: 2, up: {}, down: {}, patience: PATIENCE };
}

/** Plays rounds until the time is over: several transfers under one condition, then one without any packet. */
async function playRounds({ seconds, seed, ports, entry }) {
  const ours = require(entry);
  let localPort = FIRST_PORT;
  const links = await Promise.all(ports.map(async (port, i) => {
    const server = ours.createServer({ allowHalfOpen: true });
    server.listen({ fd: FIRST + i });
    await once(server, 'listening');
    // The last packet of a handshake may come when its transfer has been given up, and no other is played here.
    server.on('connection', (stream) => {
      if (server.listenerCount('connection') === 1) stream.on('error', () => {}).destroy();
    });
    const reach = () => ({ port, host: FAR, localAddress: NEAR, localPort: localPort++ });
    return { server, reach, close: async () => {} };
  }));
  const until = Date.now() + seconds * 1000;
  let [played, rounds, failures, packets] = [0, 0, 0, 0];
  const playAll = async (condition, change) => {
    await Promise.all(links.map(async (link) => {
      const list = { ...linkPlan(seed + played++), ...change };
      const broken = await play(ours, list, link);
      if (broken.length === 0) return;
      failures++;
      console.log(JSON.stringify({ condition, broken, list }));
    }));
  };
  for (; Date.now() < until; rounds++) {
    const condition = CONDITIONS[rounds % CONDITIONS.length];
    shape(condition);
    await playAll(condition, {});
    packets += lost();
    // The link fails while they send.
    const silence = playAll('silence', { cut: 'silence', lengths: [3_000_000, 3_000_000], patience: IMPATIENCE });
    await new Promise(setImmediate);
    shape({ loss: 100 });
    await silence;
  }
  for (const { server } of links) server.close();
  console.log(`${entry}: ${played} transfers in ${rounds} rounds from seed ${seed} on, ${packets} packets lost, ${failures} findings`);
  if (failures > 0) process.exitCode = 1;
  setTimeout(() => {
    console.log(`still open: ${process.getActiveResourcesInfo().join()}`);
    process.exit(1);
  }, EXIT_PATIENCE).unref();
}

async function main([role, values, pid]) {
  if (role === 'near') return near(JSON.parse(values));
  if (role === 'far') return far(JSON.parse(values), pid);
  if (role === 'play') return playRounds(JSON.parse(values));
  const options = { seconds: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } };
  const { seconds, seed } = parseArgs({ options }).values;
  const reason = missing();
  if (reason !== undefined) {
    console.log(`namespaces: skipped: ${reason}`);
    return undefined;
  }
  for (const entry of ['../../index.js', '../../node.js'].map((file) => require.resolve(file))) {
    const given = JSON.stringify({ seconds: Number(seconds) / 2, seed: Number(seed), entry });
    const { status } = spawnSync('unshare', ['-Urnm', process.execPath, __filename, 'near', given], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
  return undefined;
}

module.exports = { missing };

if (require.main === module) main(process.argv.slice(2));
