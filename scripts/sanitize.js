'use strict';

// `node scripts/sanitize.js [address|thread] [jest arguments]`: builds the addon under AddressSanitizer or
// ThreadSanitizer, runs tests of the suite against it in an ordinary Node, and reports what the sanitizer found.
// Linux only. Without arguments for jest: the lifecycle tests and the transfers over TLS.
//
// Node itself is not instrumented, so the sanitizer's runtime has to be preloaded. It sees the whole heap of the
// process, but checks only the accesses that the addon makes.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { ROOT, ensureBuilt, run } = require('./ensure-built');

const TARGET = `${os.arch() === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu`;

/** What the tests need of the project, beside the binding. */
const TREE = [
  ...['index', 'node', 'register', 'tls', 'http', 'https'].flatMap((name) => [`${name}.js`, `${name}.d.ts`]),
  ...['package.json', 'jest.config.js', 'README.md', 'lib', '__tests__', 'examples', 'scripts', 'docs'],
];

const SANITIZERS = {
  address: {
    flags: ['-Zsanitizer=address', '-Cforce-frame-pointers=yes'],
    args: [],
    preload: rustRuntime,
    // What V8 still holds when the process exits is no leak, and there is no telling it from ours.
    variable: 'ASAN_OPTIONS',
    options: 'detect_leaks=0:detect_stack_use_after_return=1',
    wrapper: [],
    tests: ['__tests__/lifecycle', '__tests__/tls/transfer', '__tests__/stream', '__tests__/server'],
  },
  thread: {
    flags: ['-Zsanitizer=thread', '-Cforce-frame-pointers=yes'],
    // The standard library has to be instrumented, too: what its locks order would be taken for races otherwise.
    args: ['-Zbuild-std'],
    preload: gccRuntime,
    variable: 'TSAN_OPTIONS',
    options: `suppressions=${path.join(__dirname, 'tsan.supp')}:ignore_noninstrumented_modules=1:exitcode=0`,
    // ThreadSanitizer needs the usual layout of memory.
    wrapper: ['setarch', '-R'],
    tests: ['__tests__/lifecycle/workers', '__tests__/lifecycle/tls', '__tests__/tls/transfer'],
  },
};

function output(command, args) {
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return stdout.trim();
}

/** rustc's own runtime of AddressSanitizer, which comes as a static library, as one that can be preloaded. */
function rustRuntime(folder) {
  const libraries = path.join(output('rustc', ['--print', 'target-libdir']));
  const archive = fs.readdirSync(libraries).find((name) => /^librustc.*_rt\.asan\.a$/.test(name));
  const copy = path.join(folder, 'runtime.a');
  fs.copyFileSync(path.join(libraries, archive), copy);
  // Its start before all constructors is for programs only.
  run('ar', ['d', copy, 'asan_preinit.cpp.o']);
  // Not `libasan.so`: the runtime would take itself for another one of that name.
  const library = path.join(folder, 'sanitizer-runtime.so');
  const whole = ['-Wl,--whole-archive', copy, '-Wl,--no-whole-archive'];
  run('gcc', ['-shared', '-o', library, ...whole, '-lpthread', '-ldl', '-lm', '-lrt', '-lresolv']);
  return library;
}

/** GCC's runtime of ThreadSanitizer (rustc's can't be made a shared library), and the three functions it lacks. */
function gccRuntime(folder) {
  const source = path.join(folder, 'memory.c');
  const copies = ['memcpy', 'memmove'].map((name) => `void *__tsan_${name}(void *to, const void *from, size_t count)`
    + ` { return ${name}(to, from, count); }\n`);
  const fill = 'void *__tsan_memset(void *to, int byte, size_t count) { return memset(to, byte, count); }\n';
  fs.writeFileSync(source, `#include <string.h>\n${copies.join('')}${fill}`);
  const library = path.join(folder, 'memory.so');
  run('gcc', ['-shared', '-fPIC', '-fno-builtin', '-o', library, source]);
  return `${fs.realpathSync(output('gcc', ['-print-file-name=libtsan.so']))}:${library}`;
}

/** Builds the addon; returns its path. The toolchain is the project's: only the flags are unstable. */
function build({ flags, args }, folder) {
  const env = { ...process.env, RUSTC_BOOTSTRAP: '1', RUSTFLAGS: flags.join(' ') };
  run('cargo', ['build', '--locked', '--lib', '--target', TARGET, '--target-dir', folder, ...args], { env });
  return path.join(folder, TARGET, 'debug', 'librust_net.so');
}

/** A copy of the project whose binding is `addon`. */
function copyTree(addon, folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  for (const name of TREE) fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  for (const name of fs.readdirSync(ROOT).filter((file) => /^rust-net\.linux-.*\.node$/.test(file))) {
    fs.copyFileSync(addon, path.join(folder, name));
  }
}

function main([name = 'address', ...jest]) {
  const sanitizer = SANITIZERS[name];
  if (!sanitizer || process.platform !== 'linux') {
    throw new Error('usage, on Linux: node scripts/sanitize.js [address|thread] [jest arguments]');
  }
  // Of the ordinary build, only the name is needed, however old it is.
  if (!fs.readdirSync(ROOT).some((file) => file.endsWith('.node'))) ensureBuilt();
  const folder = path.join(ROOT, 'target', `sanitize-${name}`);
  const addon = build(sanitizer, folder);
  const preload = sanitizer.preload(folder);
  const tree = path.join(folder, 'tree');
  copyTree(addon, tree);

  const reports = path.join(folder, 'reports');
  fs.rmSync(reports, { recursive: true, force: true });
  fs.mkdirSync(reports);
  const env = {
    ...process.env,
    LD_PRELOAD: preload,
    [sanitizer.variable]: `${sanitizer.options}:log_path=${path.join(reports, 'report')}`,
  };
  // Churn measures memory, and the sanitizers keep what was freed.
  const tests = jest.length > 0 ? jest : sanitizer.tests;
  const [command, ...args] = [...sanitizer.wrapper, process.execPath];
  const { status } = spawnSync(command, [...args, path.join(ROOT, 'node_modules/jest/bin/jest.js'), '-w', '1', '--testTimeout=120000', ...tests], {
    cwd: tree,
    env,
    stdio: 'inherit',
  });

  const found = fs.readdirSync(reports);
  for (const file of found) console.log(`\n=== ${file}\n${fs.readFileSync(path.join(reports, file), 'utf8')}`);
  console.log(`${name} sanitizer: ${found.length} reports, jest ended with ${status}`);
  process.exitCode = found.length === 0 && status === 0 ? 0 : 1;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`sanitize: ${error.message}`);
  process.exitCode = 1;
}
