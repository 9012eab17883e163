'use strict';

// `npx rust-net top`: of a process, of a path, of a URL, in a terminal and without one.

const { spawn } = require('child_process');
const { once } = require('events');
const http = require('http');
const nodeNet = require('net');
const path = require('path');
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
function top(args, { folder, terminal = false } = {}) {
  const words = [COMMAND, 'top', ...args];
  const inTerminal = `stty rows 12 cols 60; exec '${process.execPath}' ${words.map((word) => `'${word}'`).join(' ')}`;
  const [command, ...rest] = terminal ? ['script', '-qec', inTerminal, '/dev/null'] : [process.execPath, ...words];
  const env = { ...process.env, ...(folder && { TMPDIR: folder }) };
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
  expect([errors, status]).toEqual([expect.stringMatching(/^rust-net top: \d+ publishes nothing\./), 1]);
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

(find('script') ? test : test.skip)('in a terminal: one screen, of its size, until q', async () => {
  const { running, port, folder } = await echoServer();
  await echoed(port, 100);
  const shown = top([String(running.pid), '--interval', '0.05'], { folder, terminal: true });
  const output = await shown.has((text) => text.split(CLEAR).filter((screen) => screen.includes('open 1 ')).length > 2);
  expect(output.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true);
  for (const screen of output.split(CLEAR).slice(1, 3)) {
    const lines = screen.split('\r\n');
    expect(lines.length).toBeLessThanOrEqual(12);
    expect(Math.max(...lines.map(({ length }) => length))).toBe(60);
  }
  shown.running.stdin.write('q');
  const { output: all, status } = await shown.end;
  expect(all.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
  expect(status).toBe(0);
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

test.each([[[]], [['1', '2']], [['1', '--interval', 'often']], [['1', '--interval', '0']], [['1', '--twice']]])('wrong arguments: %j', async (args) => {
  const { output, errors, status } = await top(args).end;
  expect([output, status]).toEqual(['', 2]);
  expect(errors).toMatch(/^rust-net: .+\nusage: rust-net build /);
});
