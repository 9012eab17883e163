'use strict';

// Why there is no binding: the one cause, and the one command or flag that mends it, in an error of ten lines at most.
//
// Nothing here runs where the binding loads.

const fs = require('fs');
const path = require('path');
const { debuglog } = require('util');
const { repository } = require('../../package.json');
const { readImage } = require('./image');
const { PUBLISHED, glibcVersion } = require('./platform');

/** Folders that an error names. */
const MAX_FOLDERS = 3;

/** Frames of the program that an error shows. */
const MAX_FRAMES = 3;

const REINSTALL = 'rm -rf node_modules && npm install';
const BUILD = 'npx rust-net build';

/** An error that says why there is no binding. `context`: what the loader has found; see `attempt` there. */
function describe(context) {
  const { folders, platform, error } = context;
  if (error) debuglog('rust-net')('the binding could not be loaded: %o', error);
  const { reason, cause, remedy } = causeOf(context);
  const lines = [
    `rust-net has no native binding for ${platform}${libcVersion()} that ${runtime()} can load.`,
    `Cause: ${cause}`,
    `Remedy: ${remedy}`,
    'Looked in:',
    ...shortened(folders).map((folder) => `  ${folder}`),
    `See ${page()}#binding-${reason}`,
  ];
  return codedError(lines.join('\n'), reason);
}

/** The one cause of a failure: `{ reason, cause, remedy }`, the first that applies. */
function causeOf(context) {
  const { file, binding, error } = context;
  if (file === null) return absent(context);
  if (context.isNamed && !fs.existsSync(file)) {
    const cause = `RUST_NET_BINDING names ${file}, which does not exist.`;
    return { reason: 'named', cause, remedy: 'unset RUST_NET_BINDING' };
  }
  if (binding !== undefined) return foreign(context);
  return disabled(error) ?? unloadable(file, context.platform) ?? refused(file, context);
}

/** The program may not load any binding. */
function disabled(error) {
  const [, access] = /Requires (\w+) access/.exec(error?.message) ?? [];
  if (access) return { reason: 'disabled', cause: `Deno has no ${access} access.`, remedy: `deno --allow-${access}` };
  if (error?.code !== 'ERR_DLOPEN_DISABLED') return null;
  if (process.permission) {
    const cause = "Node's permission model lets no addon be loaded.";
    return { reason: 'disabled', cause, remedy: 'add --allow-addons to the flags of node' };
  }
  const cause = 'node was started with --no-addons.';
  return { reason: 'disabled', cause, remedy: 'take --no-addons out of the command line or NODE_OPTIONS' };
}

/** No file has been found. */
function absent({ platform, root, dependency, folders, version, isBundled }) {
  if (!PUBLISHED.includes(platform)) {
    const cause = `rust-net does not support ${platform}.`;
    const remedy = process.platform === 'win32'
      ? "use rust-net/node, /tls, /http or /https, which fall back to Node's own modules"
      : `${BUILD} (with Rust), or use rust-net/node, which falls back to Node's own net`;
    return { reason: 'unsupported', cause, remedy };
  }
  if (isBundled) {
    const cause = 'the code of rust-net was bundled, and its binding was not.';
    return { reason: 'bundled', cause, remedy: "mark 'rust-net' as external (esbuild: --external:rust-net)" };
  }
  const scope = path.join(root, '..', '@rust-net');
  if (process.permission?.has('fs.read', scope) === false) {
    const cause = "Node's permission model does not let the binding be read.";
    return { reason: 'disabled', cause, remedy: `add --allow-fs-read=${scope} to the flags of node` };
  }
  const others = installed(root, folders);
  if (others.includes(platform)) {
    const cause = `the package ${dependency} is installed, but incomplete.`;
    return { reason: 'truncated', cause, remedy: REINSTALL };
  }
  const other = others.find((name) => systemOf(name) === systemOf(platform)) ?? others[0];
  if (other !== undefined) {
    const isLibc = systemOf(other) === systemOf(platform);
    const cause = `the binding that is installed is for ${other}: node_modules comes from another system.`;
    return { reason: isLibc ? 'libc' : 'architecture', cause, remedy: REINSTALL };
  }
  if (isCheckout(root)) {
    const cause = 'it has not been built.';
    return { reason: 'unbuilt', cause, remedy: 'npm run build' };
  }
  const cause = `the optional dependency ${dependency}@${version} is not installed.`;
  return { reason: 'missing', cause, remedy: 'npm install --include=optional' };
}

/** The platforms of the bindings that are where this one was looked for. */
function installed(root, folders) {
  const names = folders.flatMap((folder) => {
    const isRoot = folder === root;
    const pattern = isRoot ? /^rust-net\.(.+)\.node$/ : /^((?:linux|darwin)-.+)$/;
    return entries(folder).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  });
  return names.filter((name) => PUBLISHED.includes(name));
}

function entries(folder) {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

/** System and processor of a platform, without the C library. */
function systemOf(platform) {
  return platform.split('-').slice(0, 2).join('-');
}

/** Whether the package is a clone of the repository, and not installed. */
function isCheckout(root) {
  return !root.includes(`${path.sep}node_modules${path.sep}`) && fs.existsSync(path.join(root, 'src', 'lib.rs'));
}

/** What was loaded is not our binding, or not of this version. */
function foreign({ file, binding, version }) {
  if (typeof binding?.NativeEngine !== 'function') {
    return { reason: 'foreign', cause: `${file} is an addon, but not rust-net's.`, remedy: REINSTALL };
  }
  const its = binding.VERSION ? `rust-net ${binding.VERSION}` : 'another version of rust-net';
  return { reason: 'version', cause: `${file} belongs to ${its}, and this is ${version}.`, remedy: REINSTALL };
}

/** What the file itself shows. */
function unloadable(file, platform) {
  const image = readImage(file);
  if (image === null) return { reason: 'unreadable', cause: `${file} can't be read.`, remedy: `chmod a+r ${file}` };
  if (image.size === 0 || (image.platform !== null && image.size < image.whole)) {
    const cause = `${file} is truncated, at ${image.size} bytes.`;
    return { reason: 'truncated', cause, remedy: REINSTALL };
  }
  if (image.platform === null) {
    return { reason: 'foreign', cause: `${file} is no native library.`, remedy: REINSTALL };
  }
  if (image.platform !== process.platform || image.arch !== process.arch) {
    const its = `${image.platform}-${image.arch ?? 'unknown'}`;
    return { reason: 'architecture', cause: `${file} is for ${its}, and Node is for ${platform}.`, remedy: REINSTALL };
  }
  return null;
}

/** What the loader of the system says. */
function refused(file, { platform, error }) {
  const [said] = String(error?.message ?? error).split('\n');
  const [, needed] = /version [`']GLIBC_([\d.]+)' not found/.exec(said) ?? [];
  if (needed) return { reason: 'glibc', cause: `it needs glibc ${needed} or newer.`, remedy: `${BUILD} (with Rust)` };
  const mount = noexecMount(file);
  if (mount) {
    const cause = `${file} is on a file system that is mounted with noexec.`;
    return { reason: 'noexec', cause, remedy: `mount -o remount,exec ${mount}` };
  }
  if (/Module did not self-register|Module version mismatch/i.test(said)) {
    return { reason: 'foreign', cause: `${file} is a library, but not rust-net's binding.`, remedy: REINSTALL };
  }
  const its = libcOf(file);
  if (its !== null && !platform.includes(its)) {
    return { reason: 'libc', cause: `${file} is for ${its === 'gnu' ? 'glibc' : its}.`, remedy: REINSTALL };
  }
  return { reason: 'refused', cause: said, remedy: `${BUILD} (with Rust)` };
}

/** The C library that a library was linked to; null where there is no choice. */
function libcOf(file) {
  if (process.platform !== 'linux') return null;
  return fs.readFileSync(file).includes('GLIBC_2.') ? 'gnu' : 'musl';
}

/** Where the file system of `file` is mounted, if nothing may be executed there. */
function noexecMount(file) {
  let mounts;
  try {
    mounts = fs.readFileSync('/proc/self/mounts', 'utf8');
  } catch {
    return null;
  }
  const real = fs.realpathSync(file);
  const around = mounts.split('\n').flatMap((line) => {
    const [, place, , options] = line.split(' ');
    const isAround = place !== undefined && (place === '/' || real === place || real.startsWith(`${place}/`));
    return isAround ? [{ place, options: options.split(',') }] : [];
  });
  // Of two at one place, the later one counts.
  const innermost = around.reduce((a, b) => (b.place.length >= a.place.length ? b : a), { place: '', options: [] });
  return innermost.options.includes('noexec') ? innermost.place : null;
}

function libcVersion() {
  if (process.platform !== 'linux') return '';
  const version = glibcVersion();
  return version === null ? '' : ` (glibc ${version})`;
}

function runtime() {
  const { bun, deno, node } = process.versions;
  if (bun) return `Bun ${bun}`;
  return deno ? `Deno ${deno}` : `Node ${node}`;
}

function shortened(folders) {
  const shown = folders.slice(0, MAX_FOLDERS);
  return folders.length > shown.length ? [...shown, `and ${folders.length - shown.length} more`] : shown;
}

/** The page with all causes. */
function page() {
  const url = repository?.url?.replace(/^git\+/, '').replace(/\.git$/, '');
  return `${url ? `${url}/blob/main/` : ''}docs/troubleshooting.md`;
}

/** The error, with the frames of the program that has asked for rust-net: ours and the runtime's say nothing more. */
function codedError(message, reason) {
  const { stackTraceLimit } = Error;
  const here = {};
  Error.stackTraceLimit = Infinity;
  Error.captureStackTrace(here, codedError);
  Error.stackTraceLimit = 0;
  const error = new Error(message);
  Error.stackTraceLimit = stackTraceLimit;
  const root = path.join(__dirname, '..', '..') + path.sep;
  const frames = here.stack.split('\n').filter((line) =>
    /^ +at /.test(line) && !line.includes('node:') && !line.includes(root));
  error.stack = [`Error [ERR_RUST_NET_BINDING]: ${message}`, ...frames.slice(0, MAX_FRAMES)].join('\n');
  error.code = 'ERR_RUST_NET_BINDING';
  Object.defineProperty(error, 'reason', { value: reason, writable: true, configurable: true });
  return error;
}

module.exports = { describe };
