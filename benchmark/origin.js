'use strict';

// Where results come from: the command, the machine, and the versions of all that took part.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { congestionControl } = require('./network');
const { commandOf, isOurs, isPinned } = require('./processes');

/** Options whose value is where results go, which makes no difference to them. */
const PLACES = ['--json', '--svg'];

/** `script` is what runs, as `npm run` names it, with the arguments it was given. */
function origin(script, sides) {
  const given = process.argv.slice(2);
  const telling = given.filter((one, i) => ![one.split('=', 1)[0], given[i - 1]].some((word) => PLACES.includes(word)));
  return {
    command: ['npm run', script, ...(telling.length > 0 ? ['--', ...telling] : [])].join(' '),
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    versions: Object.fromEntries(sides.map((side) => [side, versionOf(side)])),
  };
}

function machine() {
  return {
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    system: `${os.type()} ${os.release().split('-')[0]} ${os.arch()}`,
    pinned: isPinned,
    congestion: congestionControl(),
  };
}

/** The crates that a side in Rust is made of. */
const CRATES = { tokio: ['tokio', 'rustls'], io_uring: ['io-uring'] };

function versionOf(side) {
  if (CRATES[side]) {
    const lock = fs.readFileSync(path.join(__dirname, 'load', 'Cargo.lock'), 'utf8');
    return CRATES[side].map((name) => `${name} ${lock.match(`name = "${name}"\nversion = "(.*)"`)?.[1]}`).join(', ');
  }
  const { program } = commandOf(side);
  const [line] = execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n');
  if (isOurs(side)) return `rust-net ${require('../package.json').version}, Node ${line}`;
  if (side.startsWith('node')) return `Node ${line}`;
  // Bun says its version alone.
  const [name] = side.split('@');
  return /^\d/.test(line) ? `${name} ${line}` : line.replace(/ \(.*/, '');
}

/** The machine in one line. */
function describe({ congestion, cores, memory, pinned, processor, system }) {
  const places = pinned ? 'server and load on a core of their own' : 'not pinned';
  const network = congestion ? `, TCP ${congestion}` : '';
  return `${processor}, ${cores} cores, ${memory}, ${system}${network}; ${places}`;
}

module.exports = { describe, origin };
