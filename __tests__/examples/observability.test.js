'use strict';

// The guide "Observability": each of its commands, as it is written but for ports and the number of the process.

const { execFile, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { find } = require('../../scripts/peers');
const { atEnd, scratch } = require('../helpers');
const { blocksOf, nameOf } = require('./pages');

const ROOT = path.join(__dirname, '..', '..');
const PAGE = path.join('docs', 'guides', 'observability.md');

const COMMANDS = blocksOf(PAGE).filter(([, , language]) => language === 'sh').flatMap(([, , , code]) => code.trim().split('\n'));

const APP = `
const net = require('rust-net');
const server = net.createServer((stream) => stream.pipe(stream)).listen(0, '127.0.0.1', () => {
  console.log('on 127.0.0.1:' + server.address().port);
});
`;

/** A folder in which the commands of the guide work: a project with rust-net and app.js, beside its examples. */
function project() {
  const folder = scratch();
  fs.mkdirSync(path.join(folder, 'node_modules', '.bin'), { recursive: true });
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
  fs.symlinkSync(path.join(ROOT, 'bin', 'rust-net.js'), path.join(folder, 'node_modules', '.bin', 'rust-net'));
  fs.symlinkSync(path.join(ROOT, 'examples'), path.join(folder, 'examples'));
  fs.writeFileSync(path.join(folder, 'app.js'), APP);
  fs.writeFileSync(path.join(folder, 'package.json'), '{}');
  return folder;
}

/** The command of the guide that has `part`, with what `changes` says instead of what it has. */
function command(part, changes = {}) {
  const found = COMMANDS.filter((line) => line.includes(part));
  if (found.length !== 1) throw new Error(`The guide has ${found.length} commands with "${part}".`);
  return Object.entries(changes).reduce((line, [from, to]) => {
    expect(line).toContain(from);
    return line.replace(from, to);
  }, found[0]);
}

const environment = (folder) => ({ ...process.env, TMPDIR: folder });

/** Starts `line` in a shell: the process, and the text that it has printed so far. */
function start(folder, line) {
  const running = spawn('sh', ['-c', line], { cwd: folder, env: environment(folder), detached: true });
  atEnd(() => {
    if (running.exitCode === null && running.signalCode === null) process.kill(-running.pid, 'SIGKILL');
  });
  let [output, errors] = ['', ''];
  running.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  running.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const end = once(running, 'close').then(() => {
    throw new Error(`${line} has ended: ${output}${errors}`);
  });
  end.catch(() => {});
  /** Waits for what `pattern` matches. */
  async function said(pattern) {
    while (!pattern.test(output)) await Promise.race([once(running.stdout, 'data'), end]);
    return pattern.exec(output);
  }
  return { running, said };
}

/** Runs `line` to its end: what it prints. */
function run(folder, line) {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], { cwd: folder, env: environment(folder) }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}

/** A client that says hello, and ends. */
async function visit(port) {
  const client = net.connect(Number(port), '127.0.0.1');
  client.resume().end('hello');
  await once(client, 'close');
}

async function metrics(folder) {
  const { said } = start(folder, command('examples/metrics.js', { 7000: '0', 9400: '0' }));
  const [, place] = await said(/on http:\/\/(\S+)\n/);
  return place;
}

test('the commands are those that are tested here', () => {
  expect(COMMANDS.length).toBe(8);
});

const hasAll = (...programs) => (programs.every((name) => find(name) !== null) ? test : test.skip);

hasAll('curl', 'promtool')('metrics', async () => {
  const folder = project();
  const place = await metrics(folder);
  // Says nothing, as there is nothing to object to.
  expect(await run(folder, command('promtool', { '127.0.0.1:9400': place }))).toBe('');
  const stats = JSON.parse(await run(folder, command('curl -s http://127.0.0.1:9400/stats', { '127.0.0.1:9400': place })));
  expect(stats.listeners).toBe(1);
});

hasAll('promtool')('the configuration of Prometheus', async () => {
  const folder = project();
  const [[, , , code]] = blocksOf(PAGE).filter(([, words]) => nameOf(words) === 'prometheus.yml');
  fs.writeFileSync(path.join(folder, 'prometheus.yml'), code);
  expect(await run(folder, 'promtool check config prometheus.yml')).toContain('SUCCESS');
});

test('top', async () => {
  const folder = project();
  const { said } = start(folder, command('RUST_NET_TOP', { 'node app.js': 'node app.js & echo "number $!"; wait' }));
  const [, pid] = await said(/number (\d+)\n/);
  await said(/on 127/);
  await run(folder, command('sockets.log', { 4711: pid }));
  expect(fs.readFileSync(path.join(folder, 'sockets.log'), 'utf8')).toContain(`rust-net top: process ${pid} `);
  const [endless] = COMMANDS.filter((line) => line === 'npx rust-net top 4711');
  await start(folder, endless.replace('4711', pid)).said(/open 0 [^]*open 0 /);
});

test('top of a URL', async () => {
  const folder = project();
  const place = await metrics(folder);
  const line = command('npx rust-net top http', { '127.0.0.1:9400': place, '--interval 5': '--interval 0.1' });
  await start(folder, line).said(new RegExp(`rust-net top: http://${place}/stats\nconnections  open 0 `));
});

test('debug lines', async () => {
  const folder = project();
  // The line of the app, to learn the port, and those of its only socket.
  const line = command('NODE_DEBUG', { 'grep \'#2:\'': 'grep --line-buffered -e \'#1:\' -e \'on 127\'' });
  const { said } = start(folder, line);
  const [, port] = await said(/on 127\.0\.0\.1:(\d+)\n/);
  await visit(port);
  const [, text] = await said(/^on 127.*\n([^]*#1: closed.*\n)/m);
  const lines = text.trim().split('\n').map((one) => one.replace(/^RUST-NET \d+: #1: /, ''));
  expect(lines.map((one) => one.replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS'))).toEqual([
    'accepted by ADDRESS, from ADDRESS',
    'ended by the peer',
    'closed, 5 bytes read, 5 written',
  ]);
});
