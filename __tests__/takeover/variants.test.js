'use strict';

// The forms of the flag, each with where it counts: the program itself, its workers, processes that it forks, and those
// that it spawns.

const { MAJORS, nodes } = require('../package/nodes');
const { DEADLINE, project, run } = require('../node/project');

jest.setTimeout(20 * DEADLINE);

const REGISTER = 'rust-net/register';

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

const FILES = {
  // Says whether everything that opens sockets is ours.
  'says.js': `
const http = require('http');
const https = require('https');
const net = require('net');
const ours = require('rust-net/node');
const oursTls = require('rust-net/tls');
const tls = require('tls');
const servers = [http.createServer() instanceof ours.Server, https.createServer() instanceof oursTls.Server];
module.exports = net.connect === ours.connect && tls.connect === oursTls.connect && servers.every(Boolean);
`,
  'worker.js': "require('worker_threads').parentPort.postMessage(require('./says.js'));",
  'child.js': "process.send(require('./says.js'), () => process.disconnect());",
  'app.js': `
const { fork, spawn } = require('child_process');
const { once } = require('events');
const { Worker } = require('worker_threads');
const answer = async (emitter) => (await once(emitter, 'message'))[0];
async function main() {
  const main = require('./says.js');
  const worker = await answer(new Worker('./worker.js'));
  const forked = await answer(fork('./child.js'));
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
  const spawned = await answer(spawn(process.execPath, ['./child.js'], { stdio }));
  process.stdout.write(JSON.stringify({ main, worker, forked, spawned }));
}
main();
`,
  'app.mjs': "import './app.js';",
  'first.mjs': `
import 'rust-net/register';
import './app.js';
`,
  'workers.js': `
const { once } = require('events');
const { Worker } = require('worker_threads');
async function main() {
  const answers = [];
  for (const execArgv of JSON.parse(process.argv[2])) {
    answers.push((await once(new Worker('./worker.js', { execArgv }), 'message'))[0]);
  }
  process.stdout.write(JSON.stringify(answers));
}
main();
`,
};

const INHERITED = { main: true, worker: true, forked: true, spawned: false };
const EVERYWHERE = { ...INHERITED, spawned: true };
const HERE = { main: true, worker: false, forked: false, spawned: false };
const NOWHERE = { ...HERE, main: false };

const VARIANTS = [
  ['--import', ['--import', REGISTER, 'app.js'], '', INHERITED],
  ['--import, for a module', ['--import', REGISTER, 'app.mjs'], '', INHERITED],
  ['--import=', [`--import=${REGISTER}`, 'app.js'], '', INHERITED],
  ['--require', ['--require', REGISTER, 'app.js'], '', INHERITED],
  ['--require, for a module', ['--require', REGISTER, 'app.mjs'], '', INHERITED],
  ['-r', ['-r', REGISTER, 'app.js'], '', INHERITED],
  ['both', ['--require', REGISTER, '--import', REGISTER, 'app.js'], '', INHERITED],
  ['NODE_OPTIONS=--import', ['app.js'], `--import ${REGISTER}`, EVERYWHERE],
  ['NODE_OPTIONS=--require', ['app.js'], `--require ${REGISTER}`, EVERYWHERE],
  ['NODE_OPTIONS, and the flag', ['--import', REGISTER, 'app.mjs'], `--require ${REGISTER}`, EVERYWHERE],
  ['the first import of the program', ['first.mjs'], '', HERE],
  ['nothing', ['app.js'], '', NOWHERE],
];

describe.each(MAJORS)('on Node %i', (major) => {
  const play = async (args, env) => JSON.parse(await run(project(FILES), args, { node: binaries.get(major), env }));

  test.each(VARIANTS)('%s', async (_, args, options, expected) => {
    expect(await play(args, { NODE_OPTIONS: options })).toEqual(expected);
  });

  test('execArgv of a worker', async () => {
    const lists = [['--import', REGISTER], ['--require', REGISTER], ['-r', REGISTER], []];
    expect(await play(['workers.js', JSON.stringify(lists)], { NODE_OPTIONS: '' })).toEqual([true, true, true, false]);
  });
});
