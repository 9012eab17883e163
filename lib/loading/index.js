'use strict';

// Finds the native binding, and loads it when asked to. Throws nothing: `failure` says why there is no `binding`.
//
// The first of these that exists is taken: what RUST_NET_BINDING names, a binding that was built in this package, and
// the package of this platform, one of the optional dependencies.

const fs = require('fs');
const { createRequire } = require('module');
const path = require('path');
const { version } = require('../../package.json');
const { readImage } = require('./image');
const { platformName } = require('./platform');

/** Where this file is in the repository, and what it is part of in the package; a bundler puts it elsewhere. */
const PLACE = /[\\/]lib[\\/](?:loading[\\/]index|packed[\\/]start)\.js$/;

/** The folder of the package. */
const ROOT = path.dirname(path.dirname(__dirname));

/** Bundlers leave it alone, and it resolves names from where this file is, bundled or not. */
const load = createRequire(__filename);

/** An environment variable. Deno may not let it be read (without --allow-env): there, it counts as not set. */
function variable(name) {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

/** Where the binding is, `{ file, folders }`: `file` is null if it is in none of the `folders`. */
function find(platform) {
  const named = variable('RUST_NET_BINDING');
  if (named) return { file: path.resolve(named), folders: [path.dirname(path.resolve(named))], isNamed: true };
  const dependency = `@rust-net/${platform}`;
  const local = `${ROOT}${path.sep}rust-net.${platform}.node`;
  if (exists(local)) return { file: local, folders: [ROOT] };
  try {
    const file = load.resolve(dependency);
    return { file, folders: [path.dirname(file)] };
  } catch {
    return { file: null, root: ROOT, dependency, folders: [ROOT, ...scopes(dependency)] };
  }
}

/** Whether there is such a file. Where Node's permission model does not let it be seen, there is none. */
function exists(file) {
  try {
    return fs.existsSync(file);
  } catch {
    return false;
  }
}

/** The folders that the package of a platform may be in. */
function scopes(dependency) {
  const folders = load.resolve.paths(dependency) ?? [];
  return folders.filter(exists).map((folder) => path.join(folder, '@rust-net'));
}

/** Whether `file` can be loaded at all. What is cut off would not throw, but kill the process. */
function isWhole(file) {
  const image = readImage(file);
  // What can't be read here, in the file system of a single executable for one, the runtime's own loader may read.
  if (image === null) return true;
  return image.platform === process.platform && image.arch === process.arch && image.size >= image.whole;
}

/** Whether what was loaded is our binding, of this version. */
function isOurs(binding) {
  return typeof binding?.NativeEngine === 'function' && binding.VERSION === version;
}

/** What there is to load: `found` by `find`, on this `platform`. */
function look() {
  const platform = platformName();
  return { ...find(platform), platform, version, isBundled: !PLACE.test(__filename) };
}

/** Whether there is a file to load. Says so without loading it, which takes memory and some milliseconds. */
function isThere() {
  const { file } = look();
  return file !== null && isWhole(file);
}

function attempt() {
  const found = look();
  if (found.file === null || !isWhole(found.file)) return failed(found);
  try {
    const binding = load(found.file);
    return isOurs(binding) ? { binding, failure: null } : failed({ ...found, binding });
  } catch (error) {
    return failed({ ...found, error });
  }
}

function failed(context) {
  // Loaded only now: starting takes the less time, the fewer files there are.
  const { describe } = require('./diagnosis');
  return { binding: null, failure: describe(context) };
}

let loaded = null;

/** Loads the binding, once: `{ binding, failure }`, one of which is null. */
function loadBinding() {
  loaded ??= attempt();
  return loaded;
}

module.exports = { isThere, loadBinding, variable };
