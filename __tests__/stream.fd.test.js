'use strict';

// The option `fd` of net.Stream (D18): descriptors that somebody else has opened, handed to a child process.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { atEnd, child, collect, destroyAtEnd, listening, thrown } = require('./helpers');

/** Adopts descriptor 3, sends back what comes, and says what it is. */
const ECHO = `
  const stream = process.argv[2] === 'number' ? new net.Stream(3) : new net.Stream({ fd: 3, allowHalfOpen: true });
  console.log([stream.type, stream.readyState, stream.fd].join());
  stream.on('data', (data) => stream.write(data));
  stream.on('end', () => stream.end('.'));
  stream.on('close', (hadError) => console.log('close', hadError));
`;

async function lineOf(lines) {
  return (await lines.next()).value;
}

describe('new Stream({ fd })', () => {
  test.each(['options', 'number'])('a UNIX socket pair, both ways (%s)', async (form) => {
    // A 'pipe' of child_process is one.
    const { process: running, lines, exit } = child(ECHO, { descriptors: ['pipe'], args: [form] });
    const ours = running.stdio[3];
    expect(await lineOf(lines)).toBe('unix,open,3');
    ours.write('there');
    const [data] = await once(ours, 'data');
    expect(data.toString()).toBe('there');
    const rest = collect(ours);
    ours.end(' and back');
    expect((await rest).toString()).toBe(' and back.');
    expect(await lineOf(lines)).toBe('close false');
    expect(await exit).toBe(0);
  });

  test('a TCP connection', async () => {
    const server = await listening(nodeNet.createServer());
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    const [accepted] = await once(server, 'connection');
    const { lines, exit } = child(ECHO, { descriptors: [accepted._handle.fd] });
    expect(await lineOf(lines)).toBe('tcp4,open,3');
    // The child has its own.
    accepted.destroy();
    client.end('over TCP');
    expect((await collect(client)).toString()).toBe('over TCP.');
    expect(await lineOf(lines)).toBe('close false');
    expect(await exit).toBe(0);
  });

  test('the reading end of a pipe is only readable, the writing end only writable', async () => {
    const script = `
      const [input, output] = [new net.Stream({ fd: 0 }), new net.Stream({ fd: 1 })];
      console.error(JSON.stringify([input, output].map((one) => [one.type, one.readable, one.writable])));
      input.pipe(output);
    `;
    const source = `const net = require(process.argv[1]);${script}`;
    // The shell makes real pipes, where child_process makes sockets.
    const running = spawn('sh', ['-c', 'cat | "$0" -e "$1" "$2" | cat', process.execPath, source, path.dirname(__dirname)]);
    atEnd(() => running.kill('SIGKILL'));
    const [said, out] = [collect(running.stderr), collect(running.stdout)];
    running.stdin.end('through pipes');
    expect((await out).toString()).toBe('through pipes');
    expect(JSON.parse(await said)).toEqual([
      ['pipe', true, false],
      ['pipe', false, true],
    ]);
  });

  test('options `readable: false` and `writable: false`', async () => {
    const script = `
      const stream = new net.Stream({ fd: 3, readable: false });
      console.log([stream.readable, stream.writable].join());
      stream.end('write only');
    `;
    const { process: running, lines, exit } = child(script, { descriptors: ['pipe'] });
    expect(await lineOf(lines)).toBe('false,true');
    expect((await collect(running.stdio[3])).toString()).toBe('write only');
    running.stdio[3].destroy();
    expect(await exit).toBe(0);
  });

  test('D14: a file throws ERR_INVALID_FD_TYPE and stays open', () => {
    const fd = fs.openSync(__filename, 'r');
    atEnd(() => fs.closeSync(fd));
    expect(thrown(() => new net.Stream({ fd })).code).toBe('ERR_INVALID_FD_TYPE');
    expect(thrown(() => new net.Stream(fd)).code).toBe('ERR_INVALID_FD_TYPE');
    expect(fs.fstatSync(fd).isFile()).toBe(true);
  });
});
