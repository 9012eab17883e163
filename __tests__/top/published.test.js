'use strict';

// net.publishStats() and net.readStats(): who can read what, and what is left behind.

const { spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const net = require('../..');
const { atEnd, child, destroyAtEnd, listening, pair, scratch } = require('../helpers');
const { certificate, identity } = require('../tls/pki');

const ROOT = path.join(__dirname, '..', '..');

/** Sockets are in a folder of the test. */
function ownFolder() {
  const folder = scratch();
  const spy = jest.spyOn(os, 'tmpdir').mockReturnValue(folder);
  atEnd(() => spy.mockRestore());
  return path.join(folder, `rust-net-${process.getuid()}`);
}

async function published() {
  const publication = await net.publishStats();
  atEnd(() => publication.close());
  return publication;
}

const modeOf = (file) => fs.statSync(file).mode & 0o777;

/** A process that publishes, and then runs `script`. */
const publishing = (script) => child(`
  process.env.TMPDIR = process.argv[2];
  net.publishStats().then(({ path }) => {
    ${script}
  });
`, { args: [os.tmpdir()] });

test('a socket that only this user can reach, and what it has', async () => {
  const folder = ownFolder();
  const { path: place } = await published();
  expect(place).toBe(path.join(folder, `${process.pid}.sock`));
  expect([modeOf(folder), modeOf(place)]).toEqual([0o700, 0o600]);
  const before = net.stats();
  const [client, accepted, server] = await pair();
  accepted.once('data', (data) => accepted.write(data));
  client.write('hello');
  await once(client, 'data');
  const [thread, ...others] = await net.readStats(process.pid);
  expect(others).toEqual([]);
  expect(thread).toMatchObject({ pid: process.pid, thread: 0, process: { version: process.version } });
  // Those who read are not among what is counted.
  expect(thread.stats.connections).toEqual(net.stats().connections);
  expect(thread.stats.connections.accepted - before.connections.accepted).toBe(1);
  const { port } = server.address();
  const shown = thread.servers.find(({ address }) => address === `127.0.0.1:${port}`);
  expect(shown.stats).toMatchObject({ bytesRead: 5, bytesWritten: 5, connections: { open: 1, accepted: 1 } });
  const ends = { local: `127.0.0.1:${port}`, peer: `127.0.0.1:${client.localPort}` };
  const streams = thread.streams.filter((one) => one.local === ends.local || one.peer === ends.local);
  expect(streams).toEqual(expect.arrayContaining([
    expect.objectContaining({ ...ends, isServer: true, protocol: null }),
    expect.objectContaining({ local: ends.peer, peer: ends.local, isServer: false }),
  ]));
  expect(streams[0].stats).toMatchObject({ bytesRead: 5, bytesWritten: 5 });
  expect(await net.readStats(place)).toHaveLength(1);
});

test('the busiest streams come first, of TLS with its version', async () => {
  ownFolder();
  await published();
  const credentials = net.createCredentials(identity('localhost'));
  const server = await listening(net.createServer((stream) => {
    stream.on('error', () => {}).setSecure(credentials).pipe(stream);
  }));
  const options = { port: server.address().port, host: '127.0.0.1' };
  const trust = net.createCredentials({ ca: certificate('localhost') });
  const clients = Array.from({ length: 25 }, () => destroyAtEnd(net.connect(options)).setSecure(trust));
  await Promise.all(clients.map((client) => once(client, 'secure')));
  await net.readStats(process.pid);
  const busy = clients[21];
  busy.write(Buffer.alloc(1000));
  for (let received = 0; received < 1000;) received += (await once(busy, 'data'))[0].length;
  const [{ streams }] = await net.readStats(process.pid);
  expect(streams.length).toBe(20);
  const port = `127.0.0.1:${busy.localPort}`;
  expect(streams.slice(0, 2).map(({ local, peer }) => local === port || peer === port)).toEqual([true, true]);
  expect(streams[0].protocol).toBe('TLSv1.3');
});

test('a second call returns the same; close() ends it, and it can begin again', async () => {
  ownFolder();
  const first = await published();
  expect(await net.publishStats()).toBe(first);
  await first.close();
  expect(fs.existsSync(first.path)).toBe(false);
  await expect(net.readStats(process.pid)).rejects.toMatchObject({ code: 'ENOENT' });
  const second = await published();
  expect(second).not.toBe(first);
  await first.close();
  expect(await net.publishStats()).toBe(second);
  expect(await net.readStats(process.pid)).toHaveLength(1);
});

describe('a folder that others can enter', () => {
  const rejection = { code: 'ERR_RUST_NET_NOT_PRIVATE' };

  test.each([
    ['by its permissions', (folder) => {
      fs.mkdirSync(folder);
      fs.chmodSync(folder, 0o711);
    }],
    ['by a link to a folder of another', (folder) => fs.symlinkSync(path.dirname(folder), folder)],
    ['is no folder', (folder) => fs.writeFileSync(folder, '')],
  ])('%s', async (_how, prepare) => {
    const folder = ownFolder();
    prepare(folder);
    await expect(net.readStats(process.pid)).rejects.toMatchObject(rejection);
    await expect(net.publishStats()).rejects.toMatchObject(rejection);
    expect(fs.readdirSync(path.dirname(folder))).toEqual([path.basename(folder)]);
    // What is mended works.
    fs.rmSync(folder, { recursive: true });
    await published();
  });

  const isRoot = process.getuid() === 0;
  (isRoot ? test : test.skip)('belongs to another user', async () => {
    const folder = ownFolder();
    fs.mkdirSync(folder, { mode: 0o700 });
    fs.chownSync(folder, 65_534, 65_534);
    await expect(net.publishStats()).rejects.toMatchObject(rejection);
    await expect(net.readStats(process.pid)).rejects.toMatchObject(rejection);
  });
});

test('what the program has done to its sockets does not matter', async () => {
  ownFolder();
  await published();
  const [client, accepted, server] = await pair();
  const circular = {};
  circular.itself = circular;
  for (const one of [client, accepted, server]) one.stats = circular;
  const [{ servers, streams }] = await net.readStats(process.pid);
  expect(servers.some(({ stats }) => stats.connections.accepted === 1)).toBe(true);
  expect(streams.every(({ stats }) => stats.bytesRead >= 0)).toBe(true);
  server.address = () => {
    throw new Error('not here');
  };
  await expect(net.readStats(process.pid)).rejects.toThrow('JSON');
});

test('wrong arguments', async () => {
  await expect(net.readStats()).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  await expect(net.readStats(0)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

test('it does not keep the process alive, and its socket goes with it', async () => {
  const folder = ownFolder();
  const { exit } = publishing('console.log(path)');
  expect(await exit).toBe(0);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('what a killed process of the same number has left is replaced', async () => {
  const folder = ownFolder();
  const running = publishing('console.log(path); setInterval(() => {}, 1000);');
  const { value: place } = await running.lines.next();
  running.process.kill('SIGKILL');
  await running.exit;
  expect(fs.existsSync(place)).toBe(true);
  await expect(net.readStats(running.process.pid)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  fs.renameSync(place, path.join(folder, `${process.pid}.sock`));
  await published();
  expect(await net.readStats(process.pid)).toHaveLength(1);
});

test('each thread of a process, and not those that are gone', async () => {
  ownFolder();
  const running = publishing(`
    const { Worker } = require('worker_threads');
    const code = \`require(\${JSON.stringify(process.argv[1])}).publishStats()
      .then(() => require('worker_threads').parentPort.postMessage(0)); setInterval(() => {}, 1000);\`;
    const start = () => new Promise((resolve) => {
      const worker = new Worker(code, { eval: true });
      worker.once('message', () => resolve(worker));
    });
    Promise.all([start(), start()]).then(([worker]) => {
      console.log('all');
      process.stdin.once('data', () => worker.terminate().then(() => console.log('one less')));
    });
  `);
  await running.lines.next();
  const threads = async () => (await net.readStats(running.process.pid)).map(({ thread }) => thread);
  expect(await threads()).toEqual([0, 1, 2]);
  running.process.stdin.write('\n');
  await running.lines.next();
  expect(await threads()).toHaveLength(2);
  running.process.kill('SIGKILL');
  await running.exit;
});

describe('RUST_NET_TOP', () => {
  const run = (value, script, folder, args = []) =>
    spawnSync(process.execPath, [...args, '-e', script, ROOT], {
      encoding: 'utf8',
      env: { ...process.env, RUST_NET_TOP: value, TMPDIR: folder },
    });
  const LOADS = 'require(process.argv[1]);';
  /** Prints how many threads publish, as soon as one does; what it fails with, if none does in many rounds. */
  const READS = `(function read(rounds) {
    require(process.argv[1]).readStats(process.pid).then(
      ({ length }) => console.log(length),
      ({ code }) => (rounds > 0 ? setImmediate(read, rounds - 1) : console.log(code)),
    );
  })(200)`;

  test('publishes as soon as rust-net is loaded', () => {
    const { stdout, stderr } = run('1', LOADS + READS, scratch());
    expect([stdout, stderr]).toEqual(['1\n', '']);
  });

  test('under the flag', () => {
    expect(run('1', `require('net'); ${READS}`, scratch(), ['--require', path.join(ROOT, 'register.js')]).stdout).toBe('1\n');
  });

  test.each(['', '0'])('not with "%s"', (value) => {
    const folder = scratch();
    expect(run(value, LOADS + READS, folder).stdout).toBe('ENOENT\n');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('a warning where that can not be', () => {
    const folder = scratch();
    fs.writeFileSync(path.join(folder, `rust-net-${process.getuid()}`), '');
    const { status, stderr } = run('1', LOADS, folder);
    expect(status).toBe(0);
    expect(stderr).toMatch(/\[RUST_NET_STATS\] Warning: The statistics can't be published: /);
  });
});
