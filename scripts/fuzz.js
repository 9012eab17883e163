'use strict';

// `node scripts/fuzz.js [target ...] [--seconds N] [--keep]`: runs the fuzzer on each target (all, without a name) for
// N seconds, 60 unless said. Prints a line per target, and exits with 1 if one of them found something.
//
// The Rust targets (fuzz/targets) run under libFuzzer and AddressSanitizer, on the project's own toolchain: only the
// flags are unstable. What libFuzzer learns stays in target/fuzz/corpus; `--keep` puts what of it reaches anything new
// into fuzz/corpus (corpus.js), which the tests replay. What breaks a promise is left in target/fuzz/findings.
// The targets in JavaScript (fuzz/js) run in this process, from a random seed, which reproduces a failure.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { setImmediate } = require('timers/promises');
const { parseArgs } = require('util');
const corpus = require('./corpus');
const { ROOT, run } = require('./ensure-built');

const TRIPLE = `${os.arch() === 'arm64' ? 'aarch64' : 'x86_64'}-${os.platform() === 'darwin' ? 'apple-darwin' : 'unknown-linux-gnu'}`;
const FUZZ = path.join(ROOT, 'fuzz');
const TARGET = path.join(ROOT, 'target', 'fuzz');
const PROGRAM = path.join(TARGET, TRIPLE, 'release', 'fuzz');

/** Longer inputs only make the fuzzer slower: none of the targets needs them. */
const MAX_LENGTH = 4096;

/** What `cargo fuzz` has rustc do, so that libFuzzer sees which code an input reaches. */
const FLAGS = [
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  '-Cforce-frame-pointers=yes',
  '-Zsanitizer=address',
];

const scriptTargets = () => fs.readdirSync(path.join(FUZZ, 'js')).map((file) => path.basename(file, '.js')).sort();

function build() {
  // The versions that are fuzzed are those that are shipped.
  fs.copyFileSync(path.join(ROOT, 'Cargo.lock'), path.join(FUZZ, 'Cargo.lock'));
  const env = { ...process.env, RUSTC_BOOTSTRAP: '1', RUSTFLAGS: FLAGS.join(' ') };
  const args = ['build', '--release', '--manifest-path', 'fuzz/Cargo.toml', '--target', TRIPLE, '--target-dir', TARGET];
  run('cargo', args, { env });
}

function libFuzzer(target, args) {
  const env = { ...process.env, RUST_NET_FUZZ_TARGET: target, ASAN_OPTIONS: 'detect_leaks=0' };
  const { status, stderr } = spawnSync(PROGRAM, [`-max_len=${MAX_LENGTH}`, ...args], {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { status, log: stderr };
}

/** Fuzzes a target in Rust; returns what there is to say of it, and whether nothing was found. */
function fuzzRust(target, seconds) {
  const [learned, findings] = [path.join(TARGET, 'corpus', target), path.join(TARGET, 'findings')];
  for (const folder of [learned, findings]) fs.mkdirSync(folder, { recursive: true });
  const kept = path.join(TARGET, 'kept', target);
  corpus.unpack(target, kept);
  const { status, log } = libFuzzer(target, [
    `-max_total_time=${seconds}`,
    '-timeout=20',
    '-rss_limit_mb=4096',
    '-print_final_stats=1',
    `-artifact_prefix=${path.join(findings, `${target}-`)}`,
    learned,
    kept,
  ]);
  const runs = /stat::number_of_executed_units: (\d+)/.exec(log)?.[1] ?? '?';
  const coverage = [...log.matchAll(/cov: (\d+)/g)].at(-1)?.[1] ?? '?';
  const said = `${runs} inputs, ${coverage} edges, ${fs.readdirSync(learned).length} in the corpus`;
  if (status === 0) return { said, ok: true };
  const [, file] = /Test unit written to (\S+)/.exec(log) ?? [];
  console.error(log.split('\n').filter((line) => !/^#\d+\s+(NEW|REDUCE|pulse)/.test(line)).slice(-60).join('\n'));
  return { said: `${said}; FOUND: RUST_NET_FUZZ_TARGET=${target} ${PROGRAM} ${file ?? ''}`, ok: false };
}

/** Replaces the kept corpus by the fewest inputs that reach as much, and those that have a name. */
function keep(target) {
  const [kept, next] = ['kept', 'next'].map((folder) => path.join(TARGET, folder, target));
  fs.rmSync(next, { recursive: true, force: true });
  fs.mkdirSync(next, { recursive: true });
  corpus.unpack(target, kept);
  const { status, log } = libFuzzer(target, ['-set_cover_merge=1', next, kept, path.join(TARGET, 'corpus', target)]);
  if (status !== 0) throw new Error(`the corpus of ${target} could not be merged:\n${log}`);
  corpus.write(target, [...corpus.read(target).filter(({ name }) => name !== undefined), ...corpus.pack(next)]);
}

async function fuzzScript(target, seconds) {
  const { play } = require(path.join(FUZZ, 'js', target));
  const end = Date.now() + seconds * 1000;
  let runs = 0;
  let seed = Math.floor(Math.random() * 2 ** 32);
  for (; Date.now() < end; runs++, seed = (seed + 1) >>> 0) {
    try {
      play(seed);
      // What it opened is closed in between.
      if (runs % 16 === 0) await setImmediate();
    } catch (error) {
      console.error(error);
      return { said: `${runs} seeds; FOUND: seed ${seed}`, ok: false };
    }
  }
  return { said: `${runs} seeds`, ok: true };
}

async function main() {
  const options = { seconds: { type: 'string', default: '60' }, keep: { type: 'boolean', default: false } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [rust, scripts] = [corpus.targets(), scriptTargets()];
  const known = [...rust, ...scripts];
  const unknown = positionals.filter((target) => !known.includes(target));
  const seconds = Number(values.seconds);
  if (unknown.length > 0 || !(seconds > 0)) {
    throw new Error(`usage: node scripts/fuzz.js [target ...] [--seconds N] [--keep]; targets: ${known.join(', ')}`);
  }
  const targets = positionals.length > 0 ? positionals : known;
  if (targets.some((target) => rust.includes(target))) build();
  let ok = true;
  for (const target of targets) {
    const outcome = rust.includes(target) ? fuzzRust(target, seconds) : await fuzzScript(target, seconds);
    console.log(`${target}: ${outcome.said}`);
    ok &&= outcome.ok;
    if (values.keep && outcome.ok && rust.includes(target)) keep(target);
  }
  process.exitCode = ok ? 0 : 1;
}

main().catch((error) => {
  console.error(`fuzz: ${error.message}`);
  process.exitCode = 1;
});
