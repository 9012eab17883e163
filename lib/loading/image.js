'use strict';

// What the file of a program or library says of itself, from its headers: ELF (Linux) and Mach-O (macOS).
//
// A library that ends early would not fail to load, but kill the process when its missing part is first touched.

const fs = require('fs');

/** More than the headers of any program take. */
const HEADERS = 4096;

const ELF = 0x7f454c46;
const MACH_O = 0xcffaedfe;
/** Of several processors, of which the loader takes its own. */
const UNIVERSAL = 0xcafebabe;
const WINDOWS = 0x4d5a;

/** Processors by the numbers that ELF and Mach-O have for them, in Node's names. */
const ELF_ARCH = { 3: 'ia32', 21: 'ppc64', 22: 's390x', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64', 258: 'loong64' };
const MACH_O_ARCH = { 0x01000007: 'x64', 0x0100000c: 'arm64' };

const [PT_LOAD, PT_INTERP] = [1, 3];
const LC_SEGMENT_64 = 0x19;

/**
 * What `file` is: `{ platform, arch, size, whole, interpreter }`, in Node's names. `whole` is the size that it has to
 * have. Null if it can't be read, `{ platform: null }` if it is no program or library.
 */
function readImage(file) {
  let fd;
  try {
    fd = fs.openSync(file);
    const { size } = fs.fstatSync(fd);
    const head = readAt(fd, 0, HEADERS);
    return { platform: null, arch: null, size, whole: 0, interpreter: null, ...parse(head, fd) };
  } catch {
    return null;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** The bytes of a file from `offset` on, at most `length`. */
function readAt(fd, offset, length) {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, offset));
}

function parse(head, fd) {
  const magic = head.length < 4 ? 0 : head.readUInt32BE(0);
  if (magic === ELF) return parseElf(head, fd);
  if (magic === MACH_O) return parseMachO(head, fd);
  if (magic === UNIVERSAL) return { platform: 'darwin', arch: process.arch };
  return magic >>> 16 === WINDOWS ? { platform: 'win32' } : {};
}

/** Readers for numbers in the byte order of a file. */
function numbers(bytes, little) {
  return {
    u16: (at) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
    u32: (at) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)),
    u64: (at) => Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at)),
  };
}

function parseElf(head, fd) {
  const image = { platform: 'linux', whole: 64 };
  if (head.length < 64) return image;
  const little = head[5] === 1;
  const { u16, u32, u64 } = numbers(head, little);
  const is64 = head[4] === 2;
  const [programs, sections, sizes] = is64 ? [u64(32), u64(40), 54] : [u32(28), u32(32), 42];
  const [entry, count, sectionSize, sectionCount] = [0, 2, 4, 6].map((at) => u16(sizes + at));
  image.arch = ELF_ARCH[u16(18)] ?? `processor ${u16(18)}`;
  image.whole = Math.max(programs + entry * count, sections + sectionSize * sectionCount);
  const table = readAt(fd, programs, entry * count);
  const field = numbers(table, little);
  for (let at = 0; at + entry <= table.length; at += entry) {
    const type = field.u32(at);
    const [offset, size] = is64 ? [field.u64(at + 8), field.u64(at + 32)] : [field.u32(at + 4), field.u32(at + 16)];
    if (type === PT_LOAD) image.whole = Math.max(image.whole, offset + size);
    if (type === PT_INTERP) image.interpreter = readAt(fd, offset, Math.min(size, HEADERS)).toString('latin1');
  }
  return image;
}

function parseMachO(head, fd) {
  const image = { platform: 'darwin', whole: 32 };
  if (head.length < 32) return image;
  const { u32 } = numbers(head, true);
  image.arch = MACH_O_ARCH[u32(4)] ?? `processor ${u32(4)}`;
  const [count, size] = [u32(16), u32(20)];
  image.whole += size;
  const commands = readAt(fd, 32, size);
  const field = numbers(commands, true);
  for (let i = 0, at = 0; i < count && at + 8 <= commands.length; i++) {
    if (field.u32(at) === LC_SEGMENT_64) image.whole = Math.max(image.whole, field.u64(at + 40) + field.u64(at + 48));
    at += field.u32(at + 4);
  }
  return image;
}

module.exports = { readImage };
