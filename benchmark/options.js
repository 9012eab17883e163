'use strict';

// What all commands of the benchmark can be asked for.

const { parseArgs } = require('util');
const { isOurs, isSide } = require('./processes');

/**
 * The options of the command line: those that `more` lists as for `parseArgs`, and `--rounds`, `--seconds`, `--ours`,
 * `--json` and `--help`; `--against` and `--svg`, too, unless `isAlone`. An error shows `usage`, as `--help` does,
 * which ends the process. `sides` are ours and the other.
 */
function readOptions(usage, { rounds, seconds, isAlone = false, ...more }) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: rounds },
      seconds: { type: 'string', default: seconds },
      ours: { type: 'string', default: 'rust-net' },
      json: { type: 'string' },
      ...(isAlone ? {} : { against: { type: 'string', default: 'node' }, svg: { type: 'string' } }),
      help: { type: 'boolean', short: 'h' },
      ...more,
    },
  });
  const options = { ...values, rounds: Number(values.rounds), seconds: Number(values.seconds) };
  const check = (isRight, words) => {
    if (!isRight) throw new Error(`${words}\n${usage}`);
  };
  check(Number.isInteger(options.rounds) && options.rounds > 0, '--rounds must be a count.');
  check(options.seconds > 0, '--seconds must be a time.');
  check(isOurs(options.ours), `"${options.ours}" is not ours.`);
  const isOther = isSide(options.against) && options.against !== options.ours;
  check(isAlone || isOther, `There is no "${options.against}" to compare with.`);
  if (options.help) {
    console.log(usage);
    process.exit();
  }
  return { ...options, sides: isAlone ? [options.ours] : [options.ours, options.against] };
}

/** The values of a repeated option, each of which must be one of `names`. */
function chosen(values, names, what, usage) {
  const unknown = values.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no ${what} "${unknown}".\n${usage}`);
  return values;
}

/** Runs `main`, and leaves nothing behind. */
function runMain(main, cleanUp) {
  process.on('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  main().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}

module.exports = { chosen, readOptions, runMain };
