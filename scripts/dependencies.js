'use strict';

// `npm run dependencies` checks what the package depends on. The rules for crates are in deny.toml. cargo-deny checks
// them where it is installed (`cargo install --locked cargo-deny`); elsewhere, this script checks licences, duplicates,
// pre-releases and sources from the output of `cargo metadata`. Advisories are fetched from a network: where that
// fails, the output says so, and everything else is still checked.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT } = require('./ensure-built');

const CRATES_IO = 'registry+https://github.com/rust-lang/crates.io-index';

function capture(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
  return { status: error ? -1 : status, stdout: stdout ?? '', stderr: error ? error.message : (stderr ?? '') };
}

/** The list `name` of deny.toml. */
function listOf(rules, name) {
  const [, body] = new RegExp(`^${name} = \\[([^\\]]*)\\]`, 'm').exec(rules) ?? [];
  if (body === undefined) throw new Error(`deny.toml has no list ${name}`);
  return [...body.replace(/#.*/g, '').matchAll(/"([^"]*)"/g)].map(([, item]) => item);
}

/**
 * Whether the licences in `allowed` satisfy `expression` (SPDX). OR binds weaker than AND; an old-fashioned slash is
 * an OR.
 */
function isLicensed(expression, allowed) {
  const tokens = expression.replace(/\//g, ' OR ').match(/[()]|[^\s()]+(\s+WITH\s+[^\s()]+)?/g) ?? [];
  let at = 0;
  const term = () => {
    const token = tokens[at];
    at += 1;
    if (token !== '(') return allowed.includes(token);
    const inner = either();
    at += 1;
    return inner;
  };
  const both = () => {
    let all = term();
    while (tokens[at] === 'AND') {
      at += 1;
      all = term() && all;
    }
    return all;
  };
  const either = () => {
    let any = both();
    while (tokens[at] === 'OR') {
      at += 1;
      any = both() || any;
    }
    return any;
  };
  return tokens.length > 0 && either() && at === tokens.length;
}

/** What is wrong with `packages` of `cargo metadata` by the rules in the text of deny.toml. */
function offences(packages, rules) {
  const [allowed, skipped] = [listOf(rules, 'allow'), listOf(rules, 'skip')];
  const found = [];
  const versions = new Map();
  for (const { name, version, license, source } of packages) {
    const crate = `${name} ${version}`;
    if (source === null) continue;
    if (source !== CRATES_IO) found.push(`${crate} comes from ${source}`);
    if (!isLicensed(license ?? '', allowed)) found.push(`${crate} has the licence ${license}`);
    if (version.includes('-')) found.push(`${crate} is a pre-release`);
    if (skipped.some((skip) => `${name}@${version}.`.startsWith(`${skip}.`))) continue;
    versions.set(name, [...(versions.get(name) ?? []), version]);
  }
  for (const [name, all] of versions) if (all.length > 1) found.push(`${name} is there in several versions: ${all.join(', ')}`);
  return found;
}

function crates() {
  if (capture('cargo', ['deny', '--version']).status === 0) return withCargoDeny();
  const rules = fs.readFileSync(path.join(ROOT, 'deny.toml'), 'utf8');
  const packages = new Map();
  for (const target of listOf(rules, 'targets')) {
    const args = ['metadata', '--locked', '--format-version', '1', '--all-features', '--filter-platform', target];
    const { status, stdout, stderr } = capture('cargo', args);
    if (status !== 0) throw new Error(`cargo ${args.join(' ')}: ${stderr}`);
    const metadata = JSON.parse(stdout);
    const used = new Set(metadata.resolve.nodes.map(({ id }) => id));
    for (const each of metadata.packages) if (used.has(each.id)) packages.set(each.id, each);
  }
  const found = offences([...packages.values()], rules);
  if (found.length > 0) throw new Error(`crates that deny.toml does not allow:\n  ${found.join('\n  ')}`);
  console.log(`dependencies: ${packages.size} crates, licences, duplicates and sources as deny.toml allows`);
  console.log('dependencies: NOT CHECKED: advisories on crates, because cargo-deny is not installed');
}

function withCargoDeny() {
  const args = ['deny', '--locked', '--all-features', 'check'];
  const rest = capture('cargo', [...args, 'bans', 'licenses', 'sources']);
  if (rest.status !== 0) throw new Error(`cargo deny: ${rest.stderr}${rest.stdout}`);
  console.log('dependencies: crates as deny.toml allows');
  const advisories = capture('cargo', [...args, 'advisories']);
  if (advisories.status === 0) return console.log('dependencies: no advisory on crates');
  if (!/failed to fetch advisory database|unable to (load|fetch)/i.test(advisories.stderr)) {
    throw new Error(`cargo deny: ${advisories.stderr}${advisories.stdout}`);
  }
  console.log('dependencies: NOT CHECKED: advisories on crates, because their database could not be fetched');
}

function packages() {
  const { status, stdout } = capture('npm', ['audit', '--json']);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    report = {};
  }
  if (report.vulnerabilities === undefined) {
    console.log('dependencies: NOT CHECKED: advisories on npm packages, because the registry has no audit endpoint');
    return;
  }
  const severe = Object.values(report.vulnerabilities).filter(({ severity }) => /^(high|critical)$/.test(severity));
  if (severe.length > 0) throw new Error(`npm audit: ${severe.map(({ name, severity }) => `${name} (${severity})`).join(', ')}`);
  console.log(`dependencies: no severe advisory on npm packages (npm audit ended with ${status})`);
}

function main() {
  for (const check of [crates, packages]) {
    try {
      check();
    } catch (error) {
      console.error(`dependencies: ${error.message}`);
      process.exitCode = 1;
    }
  }
}

if (require.main === module) main();

module.exports = { isLicensed, offences };
