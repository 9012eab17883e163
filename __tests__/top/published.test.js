'use strict';

// net.publishStats() and net.readStats(): who can read what, and what is left behind.

const { spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
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
  await expect(net.readStats(1, null)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  await expect(net.readStats(1, { signal: 5 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('it does not keep the process alive, and its socket goes with it', async () => {
  const folder = ownFolder();
  const { exit } = publishing('console.log(path)');
  expect(await exit).toBe(0);
  expect(fs.readdirSync(folder)).toEqual([]);
});

(process.getuid() === 0 ? test : test.skip)('a process that has become another user\'s ends as it would', async () => {
  const folder = ownFolder();
  const { lines, exit } = publishing('process.setuid(65534); console.log(path);');
  const { value: place } = await lines.next();
  expect(await exit).toBe(0);
  expect(fs.readdirSync(folder)).toEqual([path.basename(place)]);
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

test('what processes that are gone have left is removed when another one publishes', async () => {
  const folder = ownFolder();
  const STAYS = 'console.log(path); setInterval(() => {}, 1000);';
  const [gone, living] = [publishing(STAYS), publishing(STAYS)];
  const [{ value: left }, { value: used }] = [await gone.lines.next(), await living.lines.next()];
  gone.process.kill('SIGKILL');
  await gone.exit;
  // As of a process that another container has, which numbers its processes itself: here, there is none of its number.
  const elsewhere = path.join(folder, `${gone.process.pid}-7.sock`);
  fs.renameSync(used, elsewhere);
  fs.writeFileSync(path.join(folder, `${gone.process.pid}.txt`), '');
  const { path: own } = await published();
  expect(fs.readdirSync(folder).sort()).toEqual([elsewhere, own, `${left.slice(0, -5)}.txt`].map((one) => path.basename(one)).sort());
  living.process.kill('SIGKILL');
  await living.exit;
});

test('two copies of the package in a thread: neither takes the other\'s place', async () => {
  const folder = ownFolder();
  const { path: place, close } = await published();
  let publishing;
  jest.isolateModules(() => (publishing = require('../..').publishStats()));
  const second = await publishing;
  atEnd(() => second.close());
  expect(second.path).toBe(path.join(folder, `${process.pid}.2.sock`));
  expect((await net.readStats(process.pid)).map(({ thread }) => thread)).toEqual([0, 0]);
  await close();
  expect(fs.existsSync(place)).toBe(false);
  expect(await net.readStats(process.pid)).toHaveLength(1);
  // What is free again is used again.
  expect((await published()).path).toBe(place);
});

test('a path that is too long for a socket is refused, and not cut', async () => {
  const folder = scratch();
  const long = path.join(folder, 'x'.repeat(100));
  fs.mkdirSync(long);
  const spy = jest.spyOn(os, 'tmpdir').mockReturnValue(long);
  atEnd(() => spy.mockRestore());
  const tooLong = { code: 'ENAMETOOLONG', address: expect.stringContaining(`${process.pid}.sock`) };
  await expect(net.publishStats()).rejects.toMatchObject({ ...tooLong, syscall: 'listen' });
  await expect(net.readStats(process.pid)).rejects.toMatchObject({ ...tooLong, syscall: 'connect' });
  expect(fs.readdirSync(folder)).toEqual([path.basename(long)]);
});

test('the socket goes with a process that exits as soon as it is there', async () => {
  const folder = ownFolder();
  const { exit } = child(`
    process.env.TMPDIR = process.argv[2];
    const fs = require('fs');
    net.publishStats();
    (function look() {
      if (fs.readdirSync(process.argv[3]).length > 0) process.exit(7);
      queueMicrotask(look);
    })();
  `, { args: [os.tmpdir(), folder] });
  expect(await exit).toBe(7);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('in a worker of a cluster, the socket is the worker\'s own', async () => {
  const folder = ownFolder();
  const running = child(`
    process.env.TMPDIR = process.argv[2];
    const cluster = require('cluster');
    if (cluster.isPrimary) cluster.fork().on('message', (pid) => console.log(pid));
    else net.publishStats().then(() => process.send(process.pid));
  `, { args: [os.tmpdir()] });
  const worker = Number((await running.lines.next()).value);
  expect(fs.readdirSync(folder)).toEqual([`${worker}.sock`]);
  atEnd(() => process.kill(worker, 'SIGKILL'));
  // The primary could not pass a connection on.
  running.process.kill('SIGSTOP');
  expect((await net.readStats(worker)).map(({ pid }) => pid)).toEqual([worker]);
});

test('close() waits for those who have asked before, and the process for it', async () => {
  ownFolder();
  const { lines, exit } = publishing(`
    const socket = require('net').connect(path);
    socket.resume().once('connect', async () => {
      socket.unref();
      const { close } = await net.publishStats();
      await close();
      console.log(require('fs').existsSync(path));
    });
  `);
  expect((await lines.next()).value).toBe('false');
  expect(await exit).toBe(0);
});

describe('what does not answer', () => {
  /** A thread that runs, and one that waits for ever. */
  const HANGS = `
    const { Worker } = require('worker_threads');
    new Worker(\`
      require(\${JSON.stringify(process.argv[1])}).publishStats().then(() => {
        require('worker_threads').parentPort.postMessage(0);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });
    \`, { eval: true }).once('message', () => console.log('hangs'));
    setInterval(() => {}, 1000);
  `;

  test('a thread is named, and a process is an error', async () => {
    ownFolder();
    const running = publishing(HANGS);
    await running.lines.next();
    const threads = await net.readStats(running.process.pid);
    expect(threads.map(({ thread }) => thread)).toEqual([0]);
    expect(threads.silent).toEqual([1]);
    running.process.kill('SIGSTOP');
    await expect(net.readStats(running.process.pid)).rejects.toMatchObject({ code: 'ETIMEDOUT', syscall: 'read' });
  });

  /** The path of a socket whose peers get as much as `serve` sends them. */
  async function socketOf(serve) {
    const place = path.join(scratch(), 'socket');
    const server = nodeNet.createServer(serve).listen(place);
    atEnd(() => server.close());
    await once(server, 'listening');
    return place;
  }

  test('a bit from time to time is no answer', async () => {
    const place = await socketOf((socket) => {
      const timer = setInterval(() => socket.write(' '), 100);
      socket.on('error', () => {}).on('close', () => clearInterval(timer));
    });
    await expect(net.readStats(place)).rejects.toMatchObject({ code: 'ETIMEDOUT', address: place });
  });

  test('until the signal is aborted', async () => {
    const controller = new AbortController();
    const place = await socketOf((socket) => {
      socket.resume().on('error', () => {});
      controller.abort();
    });
    await expect(net.readStats(place, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await expect(net.readStats(place, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
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
