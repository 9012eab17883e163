'use strict';

// Installs the programs that the tests talk to, where that can be done without asking: as root, from Debian's
// packages. Elsewhere, and where it fails, the tests that want them are skipped and say so. `npm run test:all` begins
// with it; `node scripts/peers.js` does nothing else.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

/** The packages of a program, by its name. */
const PACKAGES = {
  'openssl': 'openssl',
  'gnutls-cli': 'gnutls-bin',
  'curl': 'curl',
  'sslscan': 'sslscan',
  'initdb': 'postgresql',
  'redis-server': 'redis-server',
  'mariadbd': 'mariadb-server',
  'mosquitto': 'mosquitto',
  'rabbitmq-server': 'rabbitmq-server',
  'nats-server': 'nats-server',
  'haproxy': 'haproxy',
  'nginx': 'nginx libnginx-mod-stream',
  'chromium': 'chromium',
  'wrk': 'wrk',
  'promtool': 'prometheus',
};

const DEBIAN_POSTGRESQL = '/usr/lib/postgresql';

/** What is of the same name in the PATH runs it as a service, with the folders of that. */
const DEBIAN_RABBITMQ = '/usr/lib/rabbitmq/bin';

/** Folders to look for programs in. Some servers are in none that a user's shell looks at. */
function folders() {
  const versions = fs.existsSync(DEBIAN_POSTGRESQL) ? fs.readdirSync(DEBIAN_POSTGRESQL) : [];
  const known = (process.env.PATH ?? '').split(path.delimiter);
  const postgresql = versions.map((version) => path.join(DEBIAN_POSTGRESQL, version, 'bin'));
  return [DEBIAN_RABBITMQ, ...known, '/usr/sbin', ...postgresql];
}

/** Where `program` is, or null. */
function find(program) {
  const places = folders().map((folder) => path.join(folder, program));
  return places.find((place) => fs.existsSync(place)) ?? null;
}

/** Files that Debian's packages look at while they are installed: so they make and start no services. */
const NO_SERVICES = [
  // No cluster, which would be started with the system.
  { file: '/etc/postgresql-common/createcluster.d/rust-net.conf', text: 'create_main_cluster = false\n' },
  // 101 is "not allowed".
  { file: '/usr/sbin/policy-rc.d', text: '#!/bin/sh\nexit 101\n', mode: 0o755 },
];

/** Writes `file`, unless there is one already: whether it has. */
function writeNew({ file, text, mode }) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  try {
    fs.writeFileSync(file, text, { mode, flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

function run(command, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return status === 0;
}

/** Installs `packages`: the programs, and nothing that runs. Whether that has worked. */
function install(packages) {
  const written = NO_SERVICES.filter(writeNew);
  try {
    return run('apt-get', ['update', '-qq']) &&
      run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  } finally {
    for (const { file } of written) fs.rmSync(file);
  }
}

/** Installs what is missing, if that is possible, and returns the names of the programs that are still missing. */
function ensurePeers() {
  const missing = () => Object.keys(PACKAGES).filter((program) => find(program) === null);
  const wanted = missing();
  const isPossible = process.getuid() === 0 && find('apt-get') !== null;
  if (wanted.length > 0 && isPossible) {
    const packages = wanted.flatMap((program) => PACKAGES[program].split(' '));
    console.log(`peers: installing ${packages.join(', ')}`);
    if (!install(packages)) console.log('peers: apt-get has failed');
  }
  const left = missing();
  if (left.length > 0) console.log(`peers: there is no ${left.join(', no ')}: the tests that want it are skipped`);
  return left;
}

module.exports = { ensurePeers, find };

if (require.main === module) ensurePeers();
