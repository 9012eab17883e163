'use strict';

// Installs the programs that the TLS tests talk to, where that can be done without asking: as root, from Debian's
// packages. Elsewhere, and where it fails, the tests that want them are skipped and say so. `npm test` begins with it;
// `node scripts/peers.js` does nothing else.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

/** Package by program. */
const PACKAGES = {
  'openssl': 'openssl',
  'gnutls-cli': 'gnutls-bin',
  'curl': 'curl',
  'sslscan': 'sslscan',
  'initdb': 'postgresql',
};

const DEBIAN_POSTGRESQL = '/usr/lib/postgresql';

/** Folders to look for `program` in. Debian's server of PostgreSQL is in none that a shell looks at. */
function folders() {
  const versions = fs.existsSync(DEBIAN_POSTGRESQL) ? fs.readdirSync(DEBIAN_POSTGRESQL) : [];
  const known = (process.env.PATH ?? '').split(path.delimiter);
  return [...known, ...versions.map((version) => path.join(DEBIAN_POSTGRESQL, version, 'bin'))];
}

/** Where `program` is, or null. */
function find(program) {
  const places = folders().map((folder) => path.join(folder, program));
  return places.find((place) => fs.existsSync(place)) ?? null;
}

/** Read by Debian's postgresql-common: no cluster is made by the package, which would be started with the system. */
const NO_CLUSTER = '/etc/postgresql-common/createcluster.d/rust-net.conf';

function run(command, args) {
  // In runlevel 1, Debian's packages start no services.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { status } = spawnSync(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return status === 0;
}

/** Installs `packages`: the programs, and nothing that runs. Whether that has worked. */
function install(packages) {
  fs.mkdirSync(path.dirname(NO_CLUSTER), { recursive: true });
  fs.writeFileSync(NO_CLUSTER, 'create_main_cluster = false\n');
  try {
    return run('apt-get', ['update', '-qq']) &&
      run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  } finally {
    fs.rmSync(NO_CLUSTER);
  }
}

/** Installs what is missing, if that is possible, and gives the names of the programs that are still missing. */
function ensurePeers() {
  const missing = () => Object.keys(PACKAGES).filter((program) => find(program) === null);
  const wanted = missing();
  const isPossible = process.getuid() === 0 && find('apt-get') !== null;
  if (wanted.length > 0 && isPossible) {
    const packages = wanted.map((program) => PACKAGES[program]);
    console.log(`peers: installing ${packages.join(', ')}`);
    if (!install(packages)) console.log('peers: apt-get has failed');
  }
  const left = missing();
  if (left.length > 0) console.log(`peers: there is no ${left.join(', no ')}: the tests that want it are skipped`);
  return left;
}

module.exports = { ensurePeers, find };

if (require.main === module) ensurePeers();
