'use strict';

// The network that is measured: loopback, with the default congestion control of Linux. BBR, which some machines use
// instead, makes each packet of a bulk sender wait for a timer, on loopback, too: a MiB then takes one to five times
// the CPU time, by chance.

const { spawn, spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');

const USUAL = 'cubic';

/** Set in what runs in a namespace of its own. */
const MARK = 'RUST_NET_BENCHMARK_NETWORK';

/** Addresses of loopback; the route of one is the one that counts. */
const PLACES = ['127.0.0.0/8', '127.0.0.1'];

/** Makes the network of a new namespace, then runs the rest of the arguments there. */
const SETUP = [
  'ip link set lo up',
  ...PLACES.map((place) => `ip route replace table local local ${place} dev lo scope host src 127.0.0.1 congctl ${USUAL}`),
  'exec "$@"',
].join(' && ');

const IN_NAMESPACE = ['--net', '--', 'sh', '-c', SETUP, 'sh'];

/** The congestion control of what is measured; null where it is not known. */
function congestionControl() {
  if (process.env[MARK] !== undefined) return process.env[MARK];
  try {
    return fs.readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'latin1').trim();
  } catch {
    return null;
  }
}

/**
 * Runs the whole command again in a network namespace whose loopback has the usual congestion control, if it is not the
 * one here and this process may make a namespace. Gives whether it has: then there is nothing left to do, and the exit
 * status is that of the command.
 */
async function runInUsualNetwork() {
  if ([null, USUAL].includes(congestionControl())) return false;
  if (spawnSync('unshare', [...IN_NAMESPACE, 'true'], { stdio: 'ignore' }).status !== 0) return false;
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', [...IN_NAMESPACE, ...command], { stdio: 'inherit', env: { ...process.env, [MARK]: USUAL } });
  // It ends with this one, having cleaned up.
  process.on('exit', () => child.kill());
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
  return true;
}

module.exports = { congestionControl, runInUsualNetwork };
