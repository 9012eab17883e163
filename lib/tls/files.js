'use strict';

// Options of credentials that are files, and what notices that these change.
//
// Files change by a rename, by a symlink that points elsewhere, or one after the other. So they are looked at again and
// again, by the name that the program has given, and read once nothing has changed from one look to the next: what
// belongs together is there by then. No descriptor is open in between, and the process is not kept alive.

const fs = require('fs');
const { validateInteger, validateObject } = require('../arguments');
const errors = require('../errors');
const { readOption } = require('../options');
const { clearTimeout, nextTick, setTimeout } = require('../timers');
const { items } = require('./values');

/** The option that each is the file of. */
const CONTENTS = { __proto__: null, caFile: 'ca', certFile: 'cert', crlFile: 'crl', keyFile: 'key', ocspFile: 'ocsp' };
const FILES = Object.keys(CONTENTS);

/** The code of the warning about files that can't be used, where there is no listener for it. */
const WARNING = 'RUST_NET_CREDENTIALS';

/** How often files are looked at by default, in milliseconds. */
const INTERVAL = 1000;

/** The paths in `options`, checked. */
function pathsOf(options) {
  return FILES.flatMap((name) => items(options[name]).map((path) => {
    if (typeof path !== 'string') throw errors.invalidArgumentType(`options.${name}`, ['string', 'Array'], path);
    return path;
  }));
}

/** `options` with the contents of the files that they name. Throws what reading them throws. */
function withContents(options) {
  const complete = Object.assign({ __proto__: null }, options);
  for (const [file, name] of Object.entries(CONTENTS)) {
    if (options[file] === undefined || options[file] === null) continue;
    if (options[name] !== undefined && options[name] !== null) {
      throw errors.invalidArgumentValue(`options.${file}`, options[file], `can not come with "options.${name}"`);
    }
    complete[name] = items(options[file]).map((path) => fs.readFileSync(path));
  }
  return complete;
}

/** How often to look at the files of `options`, in milliseconds; null if they are not watched. */
function intervalOf({ watch }) {
  if (watch === undefined || watch === null || watch === false) return null;
  if (watch === true) return INTERVAL;
  validateObject(watch, 'options.watch');
  const interval = readOption(watch, 'interval') ?? INTERVAL;
  validateInteger(interval, 'options.watch.interval', 1);
  return interval;
}

/** Looks at files without reading them. */
class Watch {
  #paths;
  #interval;
  #timer = null;
  #onChange = null;
  #isWanted = null;
  /** The state whose contents are in use, or have been found to be of no use. */
  #known;
  /** The state at the last look. */
  #last;

  /** The contents in use are those that the files at `paths` have now. */
  constructor(paths, interval) {
    this.#paths = paths;
    this.#interval = interval;
    this.#known = this.#last = this.#stateNow();
  }

  /**
   * Calls `onChange(isOfOne)` when the files have changed, as long as `isWanted()`. `isOfOne()` says, once they have
   * been read, whether all is from before or after another change.
   */
  start(onChange, isWanted) {
    this.#onChange = onChange;
    this.#isWanted = isWanted;
    this.#wait();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait() {
    this.#timer = setTimeout(() => this.#look(), this.#interval);
    this.#timer.unref();
  }

  #look() {
    if (!this.#isWanted()) return;
    const looks = this.#paths.map((path) => fs.promises.stat(path, { bigint: true }).then(describe, describeFailure));
    void Promise.all(looks).then((states) => {
      // It may have been stopped meanwhile.
      if (this.#timer === null) return;
      this.#wait();
      const state = states.join();
      const isStable = state === this.#last;
      this.#last = state;
      // What a listener throws is an uncaught exception, not a promise that nothing handles.
      if (isStable && state !== this.#known) nextTick(() => this.#change(state));
    });
  }

  #change(state) {
    if (this.#timer !== null) this.#onChange(() => this.#accept(state));
  }

  /** The files have been read, and were in this state before. Returns whether they still are. */
  #accept(state) {
    const isOfOne = this.#stateNow() === state;
    if (isOfOne) this.#known = state;
    return isOfOne;
  }

  #stateNow() {
    return this.#paths.map((path) => {
      try {
        return describe(fs.statSync(path, { bigint: true }));
      } catch (error) {
        return describeFailure(error);
      }
    }).join();
  }
}

function describe({ dev, ino, size, mtimeNs, ctimeNs }) {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

function describeFailure({ code }) {
  return code;
}

module.exports = { FILES, WARNING, Watch, intervalOf, pathsOf, withContents };
