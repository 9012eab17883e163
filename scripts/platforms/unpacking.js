'use strict';

// Packages that are unpacked into a folder, and not installed: the system is not to know of them.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT } = require('../ensure-built');

/** What apt keeps for each architecture: lists of its own, since the system's may be old or missing. */
const APT = path.join(ROOT, 'target', 'apt');

/** A keyring of Debian's is part of every Debian. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Runs a command and returns its output; throws what it says if it fails. */
function output(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')}: ${error ? error.message : stderr.trim() || `ended with ${status}`}`);
}

/** Makes `folder` by `make`, unless that was done to its end before, for the same `key`. */
function once(folder, key, make) {
  const record = path.join(folder, 'complete');
  if (fs.existsSync(record) && fs.readFileSync(record, 'utf8') === key) return;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  make();
  fs.writeFileSync(record, key);
}

/** What makes apt look for packages for `architecture`, of the Debian that runs or of `suite`: its environment. */
function aptFor(architecture, suite) {
  const folder = path.join(APT, [architecture, suite].filter(Boolean).join('-'));
  for (const place of ['state/lists/partial', 'cache/archives/partial']) {
    fs.mkdirSync(path.join(folder, place), { recursive: true });
  }
  fs.writeFileSync(path.join(folder, 'status'), '');
  const config = path.join(folder, 'apt.conf');
  const sources = path.join(folder, 'sources.list');
  if (suite) fs.writeFileSync(sources, `deb [signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`);
  fs.writeFileSync(config, [
    `APT::Architecture "${architecture}";`,
    `APT::Architectures { "${architecture}"; };`,
    'APT::Sandbox::User "";',
    `Dir::State "${path.join(folder, 'state')}";`,
    `Dir::State::status "${path.join(folder, 'status')}";`,
    `Dir::Cache "${path.join(folder, 'cache')}";`,
    ...(suite ? [`Dir::Etc::sourcelist "${sources}";`, 'Dir::Etc::sourceparts "-";'] : []),
  ].join('\n'));
  return { ...process.env, APT_CONFIG: config };
}

/** `names` and, of all that these depend on, what `pattern` matches. */
function withDependencies(names, pattern, options) {
  const all = new Set(names);
  for (const name of all) {
    for (const line of output('apt-cache', ['depends', '--important', name], options).split('\n')) {
      const [, dependency] = /^\s*Depends: (\S+)/.exec(line) ?? [];
      if (pattern.test(dependency ?? '')) all.add(dependency);
    }
  }
  return [...all];
}

/**
 * Unpacks Debian's packages `names` into `folder`: for this machine or another `architecture`, of the Debian that runs
 * or of `suite`, and of what they depend on all that `dependencies` matches.
 */
function unpackDebian(names, folder, { architecture, suite, dependencies } = {}) {
  const packages = path.join(folder, 'packages');
  fs.mkdirSync(packages, { recursive: true });
  const env = aptFor(architecture ?? output('dpkg', ['--print-architecture']), suite);
  const options = { cwd: packages, env };
  let incomplete = '';
  try {
    output('apt-get', ['-qq', 'update'], options);
  } catch ({ message }) {
    // One of several lists may be out of step with the others, and have nothing that is needed.
    incomplete = message;
  }
  try {
    const all = dependencies === undefined ? names : withDependencies(names, dependencies, options);
    output('apt-get', ['-qq', 'download', ...all], options);
  } catch (error) {
    error.message += `\n${incomplete}`;
    throw error;
  }
  for (const name of fs.readdirSync(packages)) output('dpkg-deb', ['-x', path.join(packages, name), folder]);
  fs.rmSync(packages, { recursive: true });
}

module.exports = { once, output, unpackDebian };
