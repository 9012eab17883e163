'use strict';

// `npx rust-net top`: of a process, of a path, of a URL, in a terminal and without one.

const { execFile, execFileSync, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const http = require('http');
const nodeNet = require('net');
const path = require('path');
const { promisify } = require('util');
const { find } = require('../../scripts/peers');
const { atEnd, scratch } = require('../helpers');

const ROOT = path.join(__dirname, '..', '..');
/** Before each screen. */
const CLEAR = '\x1b[H\x1b[J';

const COMMAND = path.join(ROOT, 'bin', 'rust-net.js');

/** An echo server that publishes: its process, its port, and the folder of its socket. */
async function echoServer() {
  const folder = scratch();
  const script = `
    const server = require(process.argv[1]).createServer((stream) => stream.pipe(stream));
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const env = { ...process.env, RUST_NET_TOP: '1', TMPDIR: folder };
  const running = spawn(process.execPath, ['-e', script, ROOT], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => running.kill('SIGKILL'));
  const [line] = await once(running.stdout, 'data');
  return { running, port: Number(line), folder };
}

/** Runs `top`: `end` is `{ output, errors, status }`, and `has(condition)` waits for an output, which it returns. */
function top(args, { folder, terminal = false, env: added = {} } = {}) {
  const words = [COMMAND, 'top', ...args];
  const inTerminal = `stty rows 12 cols 60; exec '${process.execPath}' ${words.map((word) => `'${word}'`).join(' ')}`;
  const [command, ...rest] = terminal ? ['script', '-qec', inTerminal, '/dev/null'] : [process.execPath, ...words];
  const env = { ...process.env, ...(folder && { TMPDIR: folder }), ...added };
  const running = spawn(command, rest, { env });
  atEnd(() => running.kill('SIGKILL'));
  let [output, errors] = ['', ''];
  running.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  running.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const end = once(running, 'close').then(([status]) => ({ output, errors, status }));
  return {
    running,
    end,
    async has(condition) {
      while (!condition(output)) await once(running.stdout, 'data');
      return output;
    },
  };
}

/** A client that has had `length` bytes echoed. */
async function echoed(port, length) {
  const client = nodeNet.connect(port, '127.0.0.1');
  atEnd(() => client.destroy());
  client.write(Buffer.alloc(length));
  for (let received = 0; received < length;) received += (await once(client, 'data'))[0].length;
  return client;
}

test('--once into a pipe whose other end is closed ends without a word', async () => {
  const { running, folder } = await echoServer();
  const command = [process.execPath, COMMAND, 'top', running.pid, '--once', '--interval', '0.05'].join(' ');
  // The only reader of the pipe has ended.
  const script = `mkfifo pipe; { read -r line < pipe; } & exec 3> pipe; echo > pipe; wait $!; ${command} >&3; echo $? >&2`;
  const { stderr } = await promisify(execFile)('sh', ['-c', script], { cwd: scratch(), env: { ...process.env, TMPDIR: folder } });
  expect(stderr).toBe('0\n');
});

test('--once: one table, with what the process has done', async () => {
  const { running, port, folder } = await echoServer();
  await echoed(port, 1000);
  const { output, errors, status } = await top([String(running.pid), '--once', '--interval', '0.05'], { folder }).end;
  expect([errors, status]).toEqual(['', 0]);
  const lines = output.split('\n');
  expect(lines[0]).toMatch(new RegExp(`^rust-net top: process ${running.pid}   Node ${process.version}   up 0 min \\d+ s`));
  expect(output).toMatch(/^connections {2}open 1 {3}accepted 0\.0\/s/m);
  expect(output).toMatch(/^memory {7}table [\d.]+ K?B /m);
  expect(output).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port} +1 +0\\.0 +0\\.0 +0 B +0 B$`, 'm'));
  expect(output).toMatch(new RegExp(`^#\\d+ 127\\.0\\.0\\.1:${port} < 127\\.0\\.0\\.1:\\d+ +- +0 B +0 B +0 B`, 'm'));
});

test('by the path of the socket; one table after the other, until a signal', async () => {
  const { running, port, folder } = await echoServer();
  const place = path.join(folder, `rust-net-${process.getuid()}`, `${running.pid}.sock`);
  const shown = top([place, '--interval', '0.05']);
  await shown.has((output) => output.split('open 0 ').length > 2);
  const client = await echoed(port, 100);
  const output = await shown.has((output) => output.includes('open 1 '));
  expect(output).toContain(`rust-net top: ${place}`);
  client.destroy();
  shown.running.kill('SIGINT');
  expect(await shown.end).toMatchObject({ errors: '', status: 0 });
});

test('a process that ends while it is shown', async () => {
  const { running, folder } = await echoServer();
  const shown = top([String(running.pid), '--interval', '0.05'], { folder });
  await shown.has((output) => output.includes('open 0 '));
  running.kill();
  const { errors, status } = await shown.end;
  // Its socket is still there.
  expect([errors, status]).toEqual([expect.stringMatching(/^rust-net top: \d+ publishes nothing: it is gone, /), 1]);
});

test('a process that does not answer', async () => {
  const { running, folder } = await echoServer();
  const shown = top([String(running.pid), '--interval', '0.05'], { folder });
  await shown.has((output) => output.includes('open 0 '));
  running.kill('SIGSTOP');
  const { errors, status } = await shown.end;
  expect([errors, status]).toEqual([expect.stringMatching(/^rust-net top: \d+ does not answer: it is stopped, /), 1]);
});

describe('what comes from elsewhere does not reach the terminal as it is', () => {
  /** What `top` prints of a UNIX socket that answers with `text`. */
  async function printed(text) {
    const place = path.join(scratch(), 'socket');
    const server = nodeNet.createServer((socket) => socket.end(text)).listen(place);
    atEnd(() => server.close());
    await once(server, 'listening');
    return top([place, '--once', '--interval', '0.05']).end;
  }
  const EVIL = '\x1b[2J\x9b1m\u202e\r\n';

  test('names and addresses', async () => {
    const stats = { connections: { dropped: { [EVIL]: 1 } }, [EVIL]: 2 };
    const process = { version: EVIL, uptime: 1, rss: 1, cpu: {} };
    const servers = [{ id: EVIL, address: EVIL, stats }];
    const streams = [{ id: EVIL, local: EVIL, peer: EVIL, protocol: EVIL, stats }];
    const { output, status } = await printed(JSON.stringify({ pid: 1, thread: 0, process, stats, servers, streams }));
    expect(status).toBe(0);
    expect(output).toMatch(/^[\x20-\x7e\n]*$/);
    expect(output.split('?[2J').length).toBeGreaterThan(6);
  });

  test.each([['no JSON', EVIL], ['other JSON', '{}'], ['null', 'null'], ['nothing', '']])('%s', async (_what, text) => {
    const { output, errors, status } = await printed(text);
    expect([output, status]).toEqual(['', 1]);
    expect(errors).toMatch(/^rust-net top: [\x20-\x7e]+ (?:can't be read: [\x20-\x7e]+|serves no net\.stats\(\))\n$/);
  });
});

test('the reader of the tables goes', async () => {
  const { running, folder } = await echoServer();
  const line = `'${process.execPath}' '${COMMAND}' top ${running.pid} --interval 0.02 | head -1`;
  const shell = spawn('sh', ['-c', line], { env: { ...process.env, TMPDIR: folder } });
  atEnd(() => shell.kill('SIGKILL'));
  const [output, errors] = await Promise.all([shell.stdout, shell.stderr].map(async (stream) =>
    (await stream.setEncoding('utf8').toArray()).join('')));
  expect([output.split('   ')[0], errors]).toEqual([`rust-net top: process ${running.pid}`, '']);
});

/** The other screen, without a cursor; and back. */
const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l'];

(find('script') ? describe : describe.skip)('in a terminal', () => {
  const screensIn = (output) => output.split(CLEAR).slice(1);

  test.each([['q', 'q'], ['Ctrl-C', '\x03']])('one screen, of its size, until %s', async (_name, key) => {
    const { running, port, folder } = await echoServer();
    await echoed(port, 100);
    const shown = top([String(running.pid), '--interval', '0.05'], { folder, terminal: true });
    const output = await shown.has((text) => screensIn(text).filter((screen) => screen.includes('open 1 ')).length > 1);
    expect(output.startsWith(ENTER)).toBe(true);
    for (const screen of screensIn(output).slice(0, 2)) {
      const lines = screen.split('\r\n');
      expect(lines.length).toBe(12);
      expect(lines[10]).toMatch(/^\.\.\. and \d+ more /);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
    }
    shown.running.stdin.write(key);
    const { output: all, status } = await shown.end;
    expect(all.endsWith(LEAVE)).toBe(true);
    expect(status).toBe(0);
  });

  /** Changes the size of the terminal that `shown` draws on. */
  function resize(shown) {
    const [pid] = fs.readFileSync(`/proc/${shown.running.pid}/task/${shown.running.pid}/children`, 'utf8').split(' ');
    execFileSync('stty', ['-F', fs.readlinkSync(`/proc/${pid}/fd/1`), 'rows', '8', 'cols', '40']);
  }
  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux('another size is heeded at once', async () => {
    const { running, folder } = await echoServer();
    const shown = top([String(running.pid), '--interval', '86400'], { folder, terminal: true });
    await shown.has((text) => screensIn(text).length > 0);
    resize(shown);
    // `stty` changes one after the other, and each is a screen.
    const isSmall = (screen) => {
      const lines = screen.split('\r\n');
      return lines.length === 8 && lines[6].endsWith(' more lines') && lines.every(({ length }) => length <= 40);
    };
    await shown.has((text) => screensIn(text).some(isSmall));
    shown.running.stdin.write('q');
    expect(await shown.end).toMatchObject({ status: 0 });
  });

  onLinux('it is as before, however the command ends', async () => {
    const { running, folder } = await echoServer();
    const fault = path.join(folder, 'fault.js');
    fs.writeFileSync(fault, 'process.stdout.on("resize", () => { throw new Error("an unforeseen fault"); });');
    const args = [String(running.pid), '--interval', '86400'];
    const shown = top(args, { folder, terminal: true, env: { NODE_OPTIONS: `--require=${fault}` } });
    await shown.has((text) => screensIn(text).length > 0);
    resize(shown);
    const { output, status } = await shown.end;
    // The reason is on the screen from before, where it stays.
    expect(output.split(LEAVE)[1]).toContain('an unforeseen fault');
    expect(status).not.toBe(0);
  });
});

describe('by a URL', () => {
  async function served(answer) {
    const server = http.createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(() => server.close().closeAllConnections());
    return `http://127.0.0.1:${server.address().port}/stats`;
  }

  test('net.stats() as JSON', async () => {
    let accepted = 0;
    const url = await served((_request, response) => {
      accepted += 10;
      response.end(JSON.stringify({ connections: { open: 7, accepted }, bytesRead: 0 }));
    });
    const { output, status } = await top([url, '--once', '--interval', '0.05']).end;
    expect(output.split('\n')[0]).toBe(`rust-net top: ${url}`);
    expect(output).toMatch(/^connections {2}open 7 {3}accepted \d{2,}\.\d\/s {3}connected 0\.0\/s/m);
    expect(status).toBe(0);
  });

  test.each([
    ['another status', (_request, response) => response.writeHead(404).end(), 'answers 404'],
    ['no JSON', (_request, response) => response.end('<html>'), 'can\'t be read'],
    ['escape sequences', (_request, response) => response.end('\x1b[2J'), 'can\'t be read: Unexpected token \'?\''],
    ['other JSON', (_request, response) => response.end('null'), 'serves no net.stats()'],
  ])('%s', async (_what, answer, reason) => {
    const { errors, status } = await top([await served(answer), '--once']).end;
    expect([status, errors]).toEqual([1, expect.stringContaining(reason)]);
  });

  test('no server', async () => {
    const server = nodeNet.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    await once(server.close(), 'close');
    const { errors, status } = await top([`http://127.0.0.1:${port}/`, '--once']).end;
    expect([status, errors]).toEqual([1, expect.stringContaining('ECONNREFUSED')]);
  });
});

test('a process that publishes nothing', async () => {
  const { errors, status } = await top([String(process.pid)], { folder: scratch() }).end;
  expect(errors).toBe(`rust-net top: ${process.pid} publishes nothing. ` +
    'Is it running, by the same user, with RUST_NET_TOP=1 or net.publishStats()?\n');
  expect(status).toBe(1);
});

const intervals = ['often', '0', '', '1s', '-1', '0x10', 'Infinity', '1e9', '86401', '0.001'];

test.each([
  [[]],
  [['1', '2']],
  [['1', '--twice']],
  ...intervals.map((interval) => [['1', `--interval=${interval}`]]),
])('wrong arguments: %j', async (args) => {
  const { output, errors, status } = await top(args).end;
  expect([output, status]).toEqual(['', 2]);
  expect(errors).toMatch(/^rust-net: .+\nusage: rust-net build /);
});
