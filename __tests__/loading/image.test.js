'use strict';

// What the headers of programs and libraries say: of every processor and byte order that there is a binding for.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { readImage } = require('../../lib/loading/image');
const { PUBLISHED } = require('../../lib/loading/platform');
const { PLATFORMS } = require('../../scripts/platforms/table');
const { scratch } = require('../helpers');
const { BINDING, PLATFORM, ROOT } = require('./application');

/** A file with `contents`. */
function file(contents) {
  const name = path.join(scratch(), 'image');
  fs.writeFileSync(name, contents);
  return name;
}

/** An ELF file for `machine`, with an interpreter after its headers, and one section header after that. */
function elf({ bits, isLittle, machine, interpreter }) {
  const is64 = bits === 64;
  const [header, entry, section] = is64 ? [64, 56, 64] : [52, 32, 40];
  const text = Buffer.from(`${interpreter}\0`);
  const [place, sections] = [header + entry, header + entry + text.length];
  const bytes = Buffer.alloc(sections + section);
  const put = (size, at, value) => {
    if (size === 8) bytes[isLittle ? 'writeBigUInt64LE' : 'writeBigUInt64BE'](BigInt(value), at);
    else if (size === 4) bytes[isLittle ? 'writeUInt32LE' : 'writeUInt32BE'](value, at);
    else bytes[isLittle ? 'writeUInt16LE' : 'writeUInt16BE'](value, at);
  };
  bytes.write('\x7fELF', 0, 'latin1');
  [bytes[4], bytes[5]] = [is64 ? 2 : 1, isLittle ? 1 : 2];
  put(2, 18, machine);
  const word = is64 ? 8 : 4;
  put(word, is64 ? 32 : 28, header);
  put(word, is64 ? 40 : 32, sections);
  [entry, 1, section, 1].forEach((value, i) => put(2, (is64 ? 54 : 42) + 2 * i, value));
  put(4, header, 3);
  put(word, header + word, place);
  put(word, header + (is64 ? 32 : 16), text.length);
  text.copy(bytes, place);
  return bytes;
}

describe('ELF', () => {
  test.each([
    ['x64', 64, true, 62],
    ['arm64', 64, true, 183],
    ['riscv64', 64, true, 243],
    ['s390x', 64, false, 22],
    ['arm', 32, true, 40],
    ['processor 8', 32, false, 8],
  ])('for %s', (arch, bits, isLittle, machine) => {
    const bytes = elf({ bits, isLittle, machine, interpreter: '/lib/ld.so' });
    const expected = { platform: 'linux', arch, size: bytes.length, whole: bytes.length, interpreter: '/lib/ld.so\0' };
    expect(readImage(file(bytes))).toEqual(expected);
    const cut = readImage(file(bytes.subarray(0, -1)));
    expect(cut.size).toBeLessThan(cut.whole);
  });

  test('the end of a header is not enough', () => {
    expect(readImage(file(elf({ bits: 64, isLittle: true, machine: 62, interpreter: '' }).subarray(0, 63)))).toMatchObject({
      platform: 'linux',
      whole: 64,
    });
  });
});

test('Mach-O', () => {
  const bytes = Buffer.alloc(32 + 72 + 100);
  const values = [0xfeedfacf, 0x0100000c, 0, 6, 1, 72, 0, 0, 0x19, 72];
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
  bytes.writeBigUInt64LE(104n, 32 + 40);
  bytes.writeBigUInt64LE(100n, 32 + 48);
  const expected = { platform: 'darwin', arch: 'arm64', size: 204, whole: 204, interpreter: null };
  expect(readImage(file(bytes))).toEqual(expected);
  expect(readImage(file(bytes.subarray(0, 150)))).toEqual({ ...expected, size: 150 });
  expect(readImage(file(bytes.subarray(0, 20)))).toMatchObject({ platform: 'darwin', size: 20, whole: 32 });
});

test.each([
  ['a library of several processors', 'cafebabe00000002', { platform: 'darwin', arch: process.arch }],
  ['a library of Windows', '4d5a9000', { platform: 'win32', arch: null }],
  ['text', '68656c6c6f', { platform: null, arch: null }],
  ['nothing', '', { platform: null, size: 0 }],
])('%s', (_what, hex, expected) => {
  expect(readImage(file(Buffer.from(hex, 'hex')))).toMatchObject(expected);
});

test('what can not be read is null', () => {
  expect(readImage('/nowhere')).toBeNull();
  expect(readImage(scratch())).toBeNull();
});

test('the binding is as long as it says', () => {
  const { platform, arch, size, whole } = readImage(BINDING);
  expect({ platform, arch }).toEqual({ platform: process.platform, arch: process.arch });
  expect(size).toBeGreaterThanOrEqual(whole);
});

test('the platforms are those that packages are made for', () => {
  expect(PUBLISHED).toEqual(Object.keys(PLATFORMS).sort());
});

describe('the name of the platform', () => {
  const name = (execPath, arch = process.arch) => execFileSync(process.execPath, ['-e', `
process.execPath = ${JSON.stringify(execPath)};
Object.defineProperty(process, 'arch', { value: '${arch}' });
process.stdout.write(require(${JSON.stringify(path.join(ROOT, 'lib', 'loading', 'platform'))}).platformName());`], {
    encoding: 'utf8',
  });
  const program = (interpreter) => file(elf({ bits: 64, isLittle: true, machine: 62, interpreter }));
  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux('is that of the loader that Node names', () => {
    expect(name(program('/lib/ld-musl-x86_64.so.1'), 'x64')).toBe('linux-x64-musl');
    expect(name(program('/lib64/ld-linux-x86-64.so.2'), 'x64')).toBe('linux-x64-gnu');
    expect(name(program('/nix/store/abc-glibc-2.40/lib/ld-linux-aarch64.so.1'), 'arm64')).toBe('linux-arm64-gnu');
    expect(name(program('/lib/ld-linux-armhf.so.3'), 'arm')).toBe('linux-arm-gnueabihf');
  });

  onLinux('is that of a report, where Node can not be read', () => {
    expect(name('/nowhere')).toBe(PLATFORM);
  });
});
