'use strict';

// Which binding this process needs: system, processor, and on Linux the C library.

const { readImage } = require('./image');

const { arch, platform } = process;

/** Where there is a binding to install, each in a package of this name: `@rust-net/linux-x64-gnu`. */
const PUBLISHED = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm-gnueabihf',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-riscv64-gnu',
  'linux-s390x-gnu',
  'linux-x64-gnu',
  'linux-x64-musl',
];

/** What the names of systems with hardware floating point have after the C library. */
const SUFFIXES = { arm: 'eabihf' };

/** The C library of this process, 'gnu' or 'musl'. The loader that the program names says so, or else a report. */
function libc() {
  const target = globalThis.Deno?.build?.target;
  if (target) return target.includes('musl') ? 'musl' : 'gnu';
  const loader = readImage(process.execPath)?.interpreter;
  if (loader) return loader.includes('ld-musl-') ? 'musl' : 'gnu';
  return glibcVersion() === null ? 'musl' : 'gnu';
}

/** The version of glibc that this process runs on; null without one. Making the report takes milliseconds. */
function glibcVersion() {
  const { report, versions } = process;
  // Deno's report has some version, whatever there is.
  if (versions.deno || typeof report?.getReport !== 'function') return null;
  const { excludeNetwork } = report;
  // Otherwise, the names of all peers are looked up.
  report.excludeNetwork = true;
  try {
    return report.getReport().header.glibcVersionRuntime ?? null;
  } catch {
    return null;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

/** The name of the platform, as in the names of the packages. */
function platformName() {
  return platform === 'linux' ? `linux-${arch}-${libc()}${SUFFIXES[arch] ?? ''}` : `${platform}-${arch}`;
}

module.exports = { PUBLISHED, glibcVersion, platformName };
