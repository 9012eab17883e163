'use strict';

// examples/open-files.js

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { FOLDER, example, nextLine } = require('./run');

const TEXT = 'some text\n'.repeat(10_000);

/** Starts the service for a folder with the file `text`. */
async function start() {
  const folder = scratch();
  fs.writeFileSync(path.join(folder, 'text'), TEXT);
  fs.symlinkSync('text', path.join(folder, 'link'));
  const socket = path.join(folder, 'socket');
  const running = example('open-files.js', 'serve', folder, socket);
  expect(await nextLine(running)).toBe(`open-files: listening on ${socket}`);
  return { running, folder, socket };
}

const print = (name, socket) => (
  spawnSync(process.execPath, [path.join(FOLDER, 'open-files.js'), 'print', name, socket], { encoding: 'utf8' })
);

test('a client prints a file that the service has opened', async () => {
  const { running, socket } = await start();
  expect(print('text', socket)).toMatchObject({ stdout: TEXT, stderr: '', status: 0 });
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test.each([
  ['none', 'ENOENT'],
  ['link', 'ELOOP'],
  ['../text', 'EINVAL'],
  ['..', 'EISDIR'],
  ['socket', 'ENXIO'],
])('the name %j: %s', async (name, code) => {
  const { socket } = await start();
  expect(print(name, socket)).toMatchObject({ stdout: '', stderr: `open-files: ${name}: ${code}\n`, status: 1 });
});

test('a client in another language has many, each with its answer', async () => {
  const { running, socket, folder } = await start();
  const script = `
import os, socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(b'text\\nnone\\n' * 200)
client.shutdown(socket.SHUT_WR)
answers = b''
sizes = []
while True:
    data, fds, _, _ = socket.recv_fds(client, 4096, 200)
    if not data: break
    answers += data
    for fd in fds:
        sizes.append(os.fstat(fd).st_size)
        os.close(fd)
print(answers.decode() == 'ok\\nENOENT\\n' * 200, sizes == [${TEXT.length}] * 200)`;
  const { stdout } = spawnSync('python3', ['-c', script, socket], { encoding: 'utf8' });
  expect(stdout).toBe('True True\n');
  const fds = fs.readlinkSync.bind(null);
  const held = fs.readdirSync(`/proc/${running.process.pid}/fd`).map((fd) => fds(`/proc/${running.process.pid}/fd/${fd}`));
  expect(held).not.toContain(path.join(folder, 'text'));
});

(process.getuid() === 0 ? test : test.skip)('a process of another user gets nothing', async () => {
  const { socket, folder } = await start();
  fs.chmodSync(folder, 0o755);
  fs.chmodSync(socket, 0o777);
  const script = `
import os, socket, sys
os.setuid(65534)
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(b'text\\n')
print(socket.recv_fds(client, 4096, 1)[:2])`;
  const { stdout } = spawnSync('python3', ['-c', script, socket], { encoding: 'utf8' });
  expect(stdout).toBe('(b\'EPERM\\n\', [])\n');
});

test('without a command, it says how it is used', async () => {
  const running = example('open-files.js');
  expect(await running.exit).toBe(2);
  expect(running.complaints()).toMatch(/^usage: /);
});
