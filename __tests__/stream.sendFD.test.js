'use strict';

// Descriptors over UNIX sockets, `stream.sendFD()` and 'fd': not on the page. The other end is Python's
// `socket.send_fds()` and `recv_fds()`, or a stream of ours.

const { execFile, spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const { promisify } = require('util');
const today = require('../node');
const net = require('..');
const { atEnd, child, collect, destroyAtEnd, listening, pair, scratch, thrown } = require('./helpers');
const { identity } = require('./tls/pki');

const hasPython = spawnSync('python3', ['-c', 'import socket; socket.send_fds']).status === 0;
const withPython = hasPython ? test : test.skip;
const onLinux = process.platform === 'linux' ? test : test.skip;

/** Both ends of a connection over a UNIX socket, of `module`: `[client, accepted]`. */
async function unixPair(module, options = {}) {
  const server = await listening(module.createServer(options), path.join(scratch(), 'socket'));
  const connected = once(server, 'connection');
  const client = destroyAtEnd(module.connect({ path: server.address(), ...options }));
  const [accepted] = await connected;
  if (client.connecting) await once(client, 'connect');
  return [client, destroyAtEnd(accepted)];
}

/** A descriptor of a new file with `text` in it, for the caller to close. */
function fileWith(text) {
  const file = path.join(scratch(), 'file');
  fs.writeFileSync(file, text);
  return fs.openSync(file);
}

function closeAtEnd(fd) {
  atEnd(() => {
    try {
      fs.closeSync(fd);
    } catch {
      // The test has closed it.
    }
  });
  return fd;
}

function readAndClose(fd) {
  const text = fs.readFileSync(fd, 'latin1');
  fs.closeSync(fd);
  return text;
}

/** What `stream` receives from now on until its end: chunks as strings, and `[text]` for a file that has come. */
async function received(stream) {
  const seen = [];
  stream.on('fd', (fd) => seen.push([readAndClose(fd)]));
  stream.on('data', (data) => seen.push(data.toString()));
  await once(stream, 'end');
  return seen;
}

/** How many descriptors of files or sockets this process has. */
function descriptors() {
  return fs.readdirSync('/proc/self/fd').length;
}

/** Runs Python with `s`, a socket that is connected to `server`, and the packages that are needed. */
async function python(server, script) {
  const source = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
${script}`;
  const { stdout } = await promisify(execFile)('python3', ['-c', source, server.address()]);
  return stdout;
}

describe.each([['rust-net', net], ['rust-net/node', today]])('%s', (_name, module) => {
  test('a descriptor comes in its place, before the byte that it was sent with', async () => {
    const [client, accepted] = await unixPair(module);
    const seen = received(accepted);
    client.write('one');
    await once(accepted, 'data');
    const fd = fileWith('the file');
    const sent = new Promise((resolve) => {
      expect(client.sendFD(fd, 'two', resolve)).toBe(true);
    });
    fs.closeSync(fd);
    expect(await sent).toBeFalsy();
    await once(accepted, 'data');
    client.end('three');
    expect(await seen).toEqual(['one', ['the file'], 'two', 'three']);
  });

  test('without data, one byte goes with it', async () => {
    const [client, accepted] = await unixPair(module);
    const seen = received(accepted);
    const fds = [fileWith('a'), fileWith('b')];
    for (const fd of fds) client.sendFD(closeAtEnd(fd), () => {});
    client.end();
    // Each read ends after what has come with descriptors.
    expect(await seen).toEqual([['a'], '\0', ['b'], '\0']);
  });

  test('written before there is a connection', async () => {
    const server = await listening(module.createServer(), path.join(scratch(), 'socket'));
    const client = destroyAtEnd(new module.Stream());
    client.connect(server.address());
    client.write('first ');
    const fd = fileWith('early');
    client.sendFD(fd, 'second');
    client.end();
    fs.closeSync(fd);
    const [accepted] = await once(server, 'connection');
    const seen = await received(destroyAtEnd(accepted));
    expect(seen.filter((one) => Array.isArray(one))).toEqual([['early']]);
    expect(seen.filter((one) => !Array.isArray(one)).join('')).toBe('first second');
  });

  test('many, with much data between them, wait for room and come in order', async () => {
    const [client, accepted] = await unixPair(module);
    accepted.pause();
    const [count, size] = [50, 40_000];
    const taken = [];
    accepted.on('fd', (fd) => taken.push(readAndClose(fd)));
    for (let i = 0; i < count; i++) {
      const fd = fileWith(String(i));
      client.sendFD(fd, Buffer.alloc(size, i));
      client.write(Buffer.alloc(size, i));
      fs.closeSync(fd);
    }
    expect(client.writableLength).toBeGreaterThan(0);
    client.end();
    const data = await collect(accepted.resume());
    expect(taken).toEqual(Array.from({ length: count }, (_, i) => String(i)));
    expect(data.length).toBe(2 * count * size);
    for (let i = 0; i < count; i++) {
      const part = data.subarray(2 * i * size, 2 * (i + 1) * size);
      expect(part.equals(Buffer.alloc(2 * size, i))).toBe(true);
    }
  });

  test('a piped stream emits it, too', async () => {
    const [client, accepted] = await unixPair(module);
    const [target, end] = await unixPair(module);
    accepted.pipe(target);
    const whole = collect(end);
    const came = new Promise((resolve) => {
      accepted.on('fd', (fd) => resolve(readAndClose(fd)));
    });
    client.sendFD(closeAtEnd(fileWith('through')), 'abc');
    client.end('def');
    expect(await came).toBe('through');
    expect((await whole).toString()).toBe('abcdef');
  });

  test('a stream of its own goes on in the other end', async () => {
    const [client, accepted] = await unixPair(module);
    const [outside, inside] = await pair({ server: module, client: module, serverOptions: { pauseOnConnect: true } });
    const passed = Promise.all([once(accepted, 'fd'), once(inside, 'close')]);
    client.sendFD(inside, 'x', () => inside.destroy());
    const [[fd]] = await passed;
    destroyAtEnd(new module.Stream({ fd })).end('still there');
    expect((await collect(outside)).toString()).toBe('still there');
  });

  test('a listener that detaches the stream takes its data along', async () => {
    const [client, accepted] = await unixPair(module);
    const moved = new Promise((resolve) => {
      accepted.once('fd', (fd) => {
        fs.closeSync(fd);
        resolve(accepted.detach());
      });
    });
    client.sendFD(closeAtEnd(fileWith('x')), 'with it');
    const stream = destroyAtEnd(module.Stream.attach(await moved));
    client.end(', and later');
    expect((await collect(stream)).toString()).toBe('with it, and later');
  });

  test('a listener that pauses the stream gets its data later', async () => {
    const [client, accepted] = await unixPair(module);
    const seen = [];
    accepted.on('data', (data) => seen.push(data.toString()));
    const paused = new Promise((resolve) => {
      accepted.once('fd', (fd) => {
        fs.closeSync(fd);
        accepted.pause();
        setImmediate(resolve);
      });
    });
    client.sendFD(closeAtEnd(fileWith('x')), 'with it');
    await paused;
    expect(seen).toEqual([]);
    client.end();
    accepted.resume();
    await once(accepted, 'end');
    expect(seen).toEqual(['with it']);
  });

  test('a listener that destroys the stream sees nothing of its data', async () => {
    const [client, accepted] = await unixPair(module);
    accepted.on('data', fail).on('fd', (fd) => {
      fs.closeSync(fd);
      accepted.destroy();
    });
    client.sendFD(closeAtEnd(fileWith('x')), 'with it');
    await once(accepted, 'close');
    expect(accepted.bytesRead).toBe(0);
  });
});

test('a listener that calls setSecure() has the data begin the handshake', async () => {
  const [passing, accepted] = await unixPair(net);
  accepted.once('fd', (fd) => {
    fs.closeSync(fd);
    accepted.setSecure(net.createCredentials(identity('p256')));
    accepted.end('secret');
  });
  // The ClientHello comes with a descriptor.
  const relay = await listening(net.createServer((stream) => {
    destroyAtEnd(stream).once('data', (hello) => {
      passing.sendFD(closeAtEnd(fileWith('x')), hello);
      stream.pipe(passing).pipe(stream);
    });
  }), path.join(scratch(), 'socket'));
  const client = destroyAtEnd(net.connect(relay.address()));
  client.setSecure();
  expect((await collect(client)).toString()).toBe('secret');
});

withPython('from Python: with data, several at once', async () => {
  const server = await listening(net.createServer(), path.join(scratch(), 'socket'));
  const connected = once(server, 'connection');
  const done = python(server, `
files = [os.open(sys.executable, os.O_RDONLY) for _ in range(253)]
socket.send_fds(s, [b'all of them'], files)
s.sendall(b' and more')`);
  const [stream] = await connected;
  const fds = [];
  destroyAtEnd(stream).on('fd', (fd) => fds.push(closeAtEnd(fd)));
  expect((await collect(stream)).toString()).toBe('all of them and more');
  expect(new Set(fds).size).toBe(253);
  const { ino } = fs.statSync((await promisify(execFile)('python3', ['-c', 'import sys; print(sys.executable)'])).stdout.trim());
  expect(fds.every((fd) => fs.fstatSync(fd).ino === ino)).toBe(true);
  await done;
});

withPython('to Python, which reads from it', async () => {
  const server = await listening(net.createServer(), path.join(scratch(), 'socket'));
  server.on('connection', (stream) => {
    destroyAtEnd(stream).sendFD(closeAtEnd(fileWith('for Python')), 'with it');
    stream.end();
  });
  const printed = await python(server, `
data, files, flags, _ = socket.recv_fds(s, 100, 9)
print(data.decode(), len(files), os.read(files[0], 100).decode())`);
  expect(printed).toBe('with it 1 for Python\n');
});

/** Python sends the writing end of a pipe, closes its own, and prints whether the reading end ends: all are closed. */
const SEND_PIPE = `
reader, writer = os.pipe()
socket.send_fds(s, [b'x'], [writer])
os.close(writer)
s.recv(1)
print(os.read(reader, 1) == b'')`;

withPython.each([['no listener', () => {}], ['one that has gone', (stream) => stream.on('fd', fail).off('fd', fail)]])(
  'with %s, a descriptor is closed',
  async (_name, prepare) => {
    const server = await listening(net.createServer(), path.join(scratch(), 'socket'));
    server.on('connection', (stream) => {
      prepare(destroyAtEnd(stream));
      stream.on('data', () => stream.end('y'));
    });
    expect(await python(server, SEND_PIPE)).toBe('True\n');
  },
);

function fail() {
  throw new Error('It is not to be called.');
}

withPython('what has come and was not taken is closed with the stream', async () => {
  const server = await listening(net.createServer(), path.join(scratch(), 'socket'));
  server.on('connection', (stream) => {
    stream.on('fd', (fd) => {
      fs.closeSync(fd);
      stream.destroy();
    });
  });
  const printed = await python(server, `
reader, writer = os.pipe()
socket.send_fds(s, [b'x'], [writer, writer, writer])
os.close(writer)
print(os.read(reader, 1) == b'')`);
  expect(printed).toBe('True\n');
});

onLinux('what is never sent is closed', async () => {
  const [client, accepted] = await unixPair(net);
  accepted.pause();
  const fd = closeAtEnd(fileWith('x'));
  client.on('error', () => {});
  const before = descriptors();
  const callbacks = Promise.all(Array.from({ length: 40 }, () => new Promise((resolve) => {
    client.sendFD(fd, Buffer.alloc(100_000), resolve);
  })));
  expect(descriptors()).toBeGreaterThan(before);
  client.destroy();
  const outcomes = await callbacks;
  expect(outcomes.at(-1)).toBeInstanceOf(Error);
  // The client's own is closed, too.
  expect(descriptors()).toBe(before - 1);
});

onLinux('without descriptors for all that come, the stream fails, and has none of them', async () => {
  const server = await listening(nodeNet.createServer(), path.join(scratch(), 'socket'));
  const connected = once(server, 'connection');
  const running = child(`
    const fs = require('fs');
    const stream = net.connect(process.argv[2]);
    stream.on('fd', () => console.log('one'));
    stream.on('error', ({ code, syscall }) => console.log(code, syscall));
    stream.on('close', () => process.exit());
    stream.on('connect', () => {
      const open = [];
      try {
        for (;;) open.push(fs.openSync(process.execPath));
      } catch {}
      for (const fd of open.splice(0, 2)) fs.closeSync(fd);
      stream.write('ready');
    });`, { args: [server.address()] });
  const [stream] = await connected;
  await once(destroyAtEnd(stream), 'data');
  const fd = closeAtEnd(fileWith('x'));
  // Node's own can't send any: one of ours over the same connection does, three with one message.
  const script = `
import socket, sys
s = socket.socket(fileno=0)
socket.send_fds(s, [b'x'], [3, 3, 3])`;
  const handle = stream._handle.fd;
  spawnSync('python3', ['-c', script], { stdio: [handle, 'inherit', 'inherit', fd] });
  expect((await running.lines.next()).value).toBe('EMFILE read');
  expect(await running.exit).toBe(0);
});

onLinux('more on their way than the process may have open: the stream fails', async () => {
  const folder = scratch();
  fs.chmodSync(folder, 0o777);
  const script = `
    const { once } = require('events');
    const net = require(process.argv[1]);
    // For a process with root's capabilities, there is no such limit.
    if (process.getuid() === 0) process.setuid(65534);
    const server = net.createServer({ pauseOnConnect: true }).listen(process.argv[2]);
    server.on('connection', async (accepted) => {
      client.write('abc');
      for (let i = 0; i < 1000 && !client.destroyed; i++) {
        client.sendFD(0, 'x');
        await new Promise(setImmediate);
      }
      console.log(client.errored.code, client.errored.syscall);
      let seen = '';
      accepted.on('fd', require('fs').closeSync).on('data', (data) => { seen += data; }).resume();
      await once(accepted, 'end');
      console.log(/^abcx{50,}$/.test(seen));
      process.exit();
    });
    const client = net.connect(process.argv[2]).on('error', () => {});`;
  const args = ['-c', 'ulimit -n 100; exec "$@"', 'sh', process.execPath, '-e', script, path.join(__dirname, '..')];
  const { stdout } = await promisify(execFile)('sh', [...args, path.join(folder, 'socket')]);
  expect(stdout).toBe('ETOOMANYREFS write\ntrue\n');
});

test('a listener that throws does not keep the others from theirs, nor the data', async () => {
  const script = `
    const server = net.createServer((stream) => {
      let seen = [];
      process.on('uncaughtException', ({ message }) => seen.push(message));
      stream.on('fd', (fd) => { require('fs').closeSync(fd); throw new Error('thrown'); });
      stream.on('data', (data) => seen.push(String(data)));
      stream.on('end', () => { console.log(seen.sort().join()); server.close(); });
    });
    server.listen(process.argv[2], () => {
      const client = net.connect(process.argv[2]);
      client.sendFD(0, 'a');
      client.end('b');
    });`;
  const running = child(script, { args: [path.join(scratch(), 'socket')] });
  const { value } = await running.lines.next();
  expect(value.replace('a,b', 'ab')).toBe('ab,thrown');
  expect(await running.exit).toBe(0);
});

test('a listening server and a connection pass to another process of ours', async () => {
  const channel = await listening(net.createServer(), path.join(scratch(), 'socket'));
  const running = child(`
    const stream = net.connect(process.argv[2]);
    stream.once('fd', (fd) => {
      new net.Stream({ fd }).end('from a connection');
      stream.once('fd', (fd) => {
        const server = net.createServer((client) => { client.end('from a server'); server.close(); });
        server.listenFD(fd);
        server.on('listening', () => stream.end('listening'));
      });
    });`, { args: [channel.address()] });
  const [stream] = await once(channel, 'connection');
  const [outside, inside] = await pair({ serverOptions: { pauseOnConnect: true } });
  stream.sendFD(inside, () => inside.destroy());
  expect((await collect(outside)).toString()).toBe('from a connection');
  const server = await listening(net.createServer(fail));
  const { port } = server.address();
  stream.sendFD(server, () => server.close());
  await Promise.all([once(server, 'close'), once(stream, 'data')]);
  expect((await collect(destroyAtEnd(net.connect(port, '127.0.0.1')))).toString()).toBe('from a server');
  stream.end();
  expect(await running.exit).toBe(0);
});

test('what Node has open can be sent', async () => {
  const [client, accepted] = await unixPair(net);
  const seen = received(accepted);
  const file = await fs.promises.open(__filename);
  client.sendFD(file, 'a', () => file.close());
  await once(accepted, 'fd');
  const server = await listening(nodeNet.createServer());
  accepted.removeAllListeners('fd');
  const passed = once(accepted, 'fd');
  client.sendFD(server, 'b');
  client.end();
  const copy = new net.Server().listenFD((await passed)[0]);
  await once(copy, 'listening');
  expect(copy.address()).toEqual(server.address());
  copy.close();
  expect((await seen)[0][0]).toContain("'use strict'");
});

test('moving waits until all is sent', async () => {
  const [client, accepted] = await unixPair(net);
  accepted.pause();
  const fd = closeAtEnd(fileWith('x'));
  client.sendFD(fd, Buffer.alloc(10_000_000));
  expect(thrown(() => client.detach())).toMatchObject({ code: 'ERR_INVALID_STATE' });
  accepted.on('fd', (one) => fs.closeSync(one));
  accepted.resume();
  await once(client, 'drain');
  const moved = net.Stream.attach(client.detach());
  destroyAtEnd(moved).sendFD(fd, 'later');
  moved.end();
  await once(accepted, 'fd');
});

describe('what can\'t be', () => {
  const code = (run) => thrown(run).code;

  test.each([
    ['a number that is none', [1.5], 'ERR_OUT_OF_RANGE'],
    ['a negative number', [-1], 'ERR_OUT_OF_RANGE'],
    ['something else', [{}], 'ERR_INVALID_ARG_TYPE'],
    ['nothing', [], 'ERR_INVALID_ARG_TYPE'],
    ['a stream that is closed', [new net.Stream()], 'ERR_INVALID_ARG_TYPE'],
    ['a number that is not open', [1_000_000], 'EBADF'],
    ['data of the wrong type', [0, 5], 'ERR_INVALID_ARG_TYPE'],
    ['no byte', [0, ''], 'ERR_INVALID_ARG_VALUE'],
    ['a callback of the wrong type', [0, 'x', 5], 'ERR_INVALID_ARG_TYPE'],
  ])('%s', async (_name, args, expected) => {
    const [client] = await unixPair(net);
    expect(code(() => client.sendFD(...args))).toBe(expected);
  });

  test('over TCP, TLS, or nothing', async () => {
    const [client] = await pair();
    expect(code(() => client.sendFD(0))).toBe('ERR_INVALID_HANDLE_TYPE');
    expect(code(() => new net.Stream().sendFD(0))).toBe('ERR_SOCKET_CLOSED');
    expect(code(() => destroyAtEnd(net.connect(1, '127.0.0.1')).on('error', () => {}).sendFD(0))).toBe('ERR_INVALID_HANDLE_TYPE');
    const [secure, accepted] = await unixPair(net);
    accepted.setSecure(net.createCredentials(identity('p256')));
    secure.setSecure();
    expect(code(() => secure.sendFD(0))).toBe('ERR_INVALID_HANDLE_TYPE');
    await once(secure, 'secure');
    expect(code(() => accepted.sendFD(0))).toBe('ERR_INVALID_HANDLE_TYPE');
  });
});
