'use strict';

// The processes of the benchmark: the servers and the load, each on a core of its own where there are two, and all gone
// when the runner is.

const { execFileSync, spawn, spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');

const LOAD = path.join(__dirname, 'load');
const LOAD_PROGRAM = path.join(LOAD, 'target', 'release', 'load');
const SERVER = path.join(__dirname, 'server.js');

/** Where other runtimes are installed, each in a folder of its own. */
const PEERS = path.join(__dirname, 'peers');

/** The cores of the server and of the load. */
const CORES = { server: 0, load: 1 };

const children = new Set();

/** The folders of UNIX sockets. */
const folders = new Set();

/** A server that has not ended this many milliseconds after it was asked to is killed. */
const PATIENCE = 5000;

/** Builds the load and gives the path of the program. */
function buildLoad() {
  const manifest = path.join(LOAD, 'Cargo.toml');
  execFileSync('cargo', ['build', '--release', '--locked', '--quiet', '--manifest-path', manifest], { stdio: 'inherit' });
  return LOAD_PROGRAM;
}

/** Runtimes that npm carries: the package, and the program in it. */
const RUNTIMES = {
  node: { package: 'node', program: 'node/bin/node' },
  bun: { package: 'bun', program: '.bin/bun' },
  deno: { package: 'deno', program: '.bin/deno', args: ['run', '--allow-all', '--quiet'] },
};

/** Our own entries. */
const OURS = ['rust-net', 'rust-net/node'];

/** Whether a side is a folder with another checkout of this package, which is built. */
function isCheckout(side) {
  return path.isAbsolute(side) || side.startsWith('.');
}

/**
 * What starts the server of a side: of `OURS`, one of these with a version of Node (`rust-net/node@26`), the folder of
 * another checkout, `node`, `node@24`, `bun`, `deno`, `tokio` or `io_uring`.
 */
function commandOf(side) {
  if (isCheckout(side)) return { program: process.execPath, args: [SERVER, path.resolve(side)] };
  if (isOurs(side)) {
    const [entry, version] = side.split('@');
    const program = version === undefined ? process.execPath : install(`node@${version}`);
    return { program, args: [SERVER, entry] };
  }
  if (side === 'node') return { program: process.execPath, args: [SERVER, 'net'] };
  if (side === 'tokio') return { program: LOAD_PROGRAM, args: ['serve'] };
  if (side === 'io_uring') return { program: LOAD_PROGRAM, args: ['serve-uring'] };
  const [name] = side.split('@');
  return { program: install(side), args: [...(RUNTIMES[name].args ?? []), SERVER, 'net'] };
}

/** Whether a side runs on Node: it can be asked for its memory and for the delay of its loop. */
function runsNode(side) {
  return isCheckout(side) || isOurs(side) || side.split('@')[0] === 'node';
}

/** The program of a runtime, such as `bun` or `node@24`, which is installed if it is not yet. */
function install(runtime) {
  const [name, version] = runtime.split('@');
  const { package: wanted, program } = RUNTIMES[name];
  const folder = path.join(PEERS, runtime);
  if (!fs.existsSync(path.join(folder, 'node_modules', program))) {
    fs.mkdirSync(folder, { recursive: true });
    const args = ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', folder, version ? `${wanted}@${version}` : wanted];
    execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return path.join(folder, 'node_modules', program);
}

/** Whether a side is an entry of ours, on the Node that runs or on another: `rust-net`, `rust-net/node@26`. */
function isOurs(side) {
  const [entry, version] = side.split('@');
  return OURS.includes(entry) && (version === undefined || /^\d+$/.test(version));
}

/** Whether there is such a side. */
function isSide(side) {
  if (isCheckout(side)) return fs.existsSync(path.join(side, 'package.json'));
  return isOurs(side) || ['node', 'tokio', 'io_uring', 'bun', 'deno'].includes(side) || /^node@\d+$/.test(side);
}

let certificates;

/** The path of a new key and certificate for a server, both in one file. `kind` is one of `load certificate`. */
function certificate(kind) {
  certificates ??= makeFolder();
  const file = path.join(certificates, `${kind}.pem`);
  if (!fs.existsSync(file)) fs.writeFileSync(file, execFileSync(LOAD_PROGRAM, ['certificate', kind]));
  return file;
}

function canPin() {
  if (process.platform !== 'linux' || os.availableParallelism() < 2) return false;
  return Object.values(CORES).every((core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0);
}

const isPinned = canPin();

/** Starts a program on the core of `role`, or on `cores`. `lines` gives its output, line by line. */
function start(role, command, args, stdio, cores = CORES[role]) {
  const pinned = isPinned ? ['taskset', '-c', String(cores), command] : [command];
  const child = spawn(pinned[0], [...pinned.slice(1), ...args], { stdio });
  children.add(child);
  const gone = once(child, 'exit').then(
    ([code, signal]) => children.delete(child) && { code, signal },
    (error) => children.delete(child) && { error },
  );
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, gone, lines };
}

async function nextLine(role, { gone, lines }) {
  const { value, done } = await lines.next();
  if (!done) return value;
  const { code, signal, error } = await gone;
  throw new Error(`The ${role} has ended early: ${error?.message ?? signal ?? `exit status ${code}`}`);
}

/** The server of a side for `workload`, and the one behind it if it is a proxy. */
class Server {
  static async start(side, workload) {
    const { program, args: first } = commandOf(side);
    const isNode = runsNode(side);
    const server = new Server();
    // Behind a proxy is the same for both sides, and out of what is measured.
    server.backend = workload.backend ? await Server.start('node', { server: workload.backend, tls: workload.backendTls, isBackend: true }) : null;
    server.folder = workload.unix ? makeFolder() : null;
    const args = [...(workload.memory && isNode ? ['--expose-gc'] : []), ...first, workload.server];
    if (workload.unix) args.push('--path', path.join(server.folder, 'socket'));
    if (workload.backend) args.push('--backend', server.backend.place);
    if (workload.replies) args.push('--replies', String(workload.replies));
    if (workload.tls) args.push('--identity', certificate(workload.tls));
    if (workload.port !== undefined) args.push('--port', String(workload.port));
    if (workload.workers) args.push('--workers', String(workload.workers));
    // Where the delay of the loop is measured, what is off the loop may be on the other core.
    const anywhere = workload.delay || workload.isShared;
    const cores = anywhere ? Object.values(CORES) : CORES[workload.isBackend ? 'load' : 'server'];
    server.isAsked = isNode;
    server.process = start('server', program, args, ['pipe', 'pipe', 'inherit', ...(isNode ? ['ipc'] : [])], cores);
    try {
      server.place = await nextLine('server', server.process);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid() {
    return this.process.child.pid;
  }

  /** What the server has had so far, in nanoseconds: CPU time, and time in which it could have run but for others. */
  async times() {
    if (process.platform !== 'linux') return { cpu: await this.ask('cpu'), waited: 0 };
    const tasks = `/proc/${this.pid}/task`;
    const times = { cpu: 0, waited: 0 };
    for (const task of fs.readdirSync(tasks)) {
      const [cpu, waited] = fs.readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ', 2);
      times.cpu += Number(cpu);
      times.waited += Number(waited);
    }
    return times;
  }

  /** Resident memory of the server, in bytes; where that can be asked for, after collecting garbage. */
  memory() {
    if (this.isAsked) return this.ask('memory');
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${this.pid}/status`, 'latin1'));
    return Number(kilobytes) * 1024;
  }

  /** The 99th percentile of the server's event-loop delay since the last time, in milliseconds. */
  delay() {
    return this.ask('delay');
  }

  async ask(question) {
    const { child } = this.process;
    child.send(question);
    const [answer] = await once(child, 'message', { signal: signalOfEnd(child) });
    return answer;
  }

  /** Ends the server, letting it write what a profiler has collected. */
  async stop() {
    const { child, gone } = this.process;
    if (child.connected) child.disconnect();
    child.stdin.end();
    if (!this.isAsked) child.kill();
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    await gone;
    clearTimeout(timer);
    if (this.folder !== null) removeFolder(this.folder);
    if (this.backend !== null) await this.backend.stop();
  }
}

function makeFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-bench-'));
  folders.add(folder);
  return folder;
}

function removeFolder(folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

function signalOfEnd(child) {
  const end = new AbortController();
  child.once('exit', () => end.abort());
  return end.signal;
}

/** The load on a server: `ready()`, then `measure()` any number of times, also after `prepare()`, then `stop()`. */
class Load {
  constructor(program, workload, server, { seconds, warmUp }) {
    const args = [workload.load, workload.unix ? '--unix' : '--tcp', workload.unix ? server.place : `127.0.0.1:${server.place}`];
    args.push('--connections', workload.connections, '--warm-up', warmUp, '--seconds', seconds);
    if (workload.size) args.push('--size', workload.size);
    if (workload.depth) args.push('--depth', workload.depth);
    if (workload.replies) args.push('--replies', workload.replies);
    if (workload.protocol) args.push('--protocol', workload.protocol);
    if (workload.rate) args.push('--rate', workload.rate);
    if (workload.most) args.push('--most', workload.most);
    if (workload.tls) args.push(workload.resumes ? '--tls-resumed' : '--tls');
    const cores = workload.isShared ? Object.values(CORES) : CORES.load;
    this.process = start('load', program, args.map(String), ['pipe', 'pipe', 'inherit'], cores);
    // The end of the load shows in its output.
    this.process.child.stdin.on('error', () => {});
  }

  /** The server is warm, and nothing is under way. */
  async ready() {
    await nextLine('load', this.process);
  }

  /** Makes ready what `measure()` will use up, such as sessions. */
  async prepare() {
    this.process.child.stdin.write('prepare\n');
    await nextLine('load', this.process);
  }

  /** Works for the time, and gives what it has measured. Nothing is under way afterwards; connections are open. */
  async measure() {
    this.process.child.stdin.write('go\n');
    return JSON.parse(await nextLine('load', this.process));
  }

  async stop() {
    this.process.child.stdin.end();
    await this.process.gone;
  }
}

/** Kills and removes whatever is still there. */
function cleanUp() {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) removeFolder(folder);
}

module.exports = { Load, Server, buildLoad, cleanUp, commandOf, isOurs, isPinned, isSide, runsNode };
