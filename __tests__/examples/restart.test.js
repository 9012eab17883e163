'use strict';

// examples/restart.js, and the program of the guide "Zero downtime": processes are replaced under load, repeatedly.

const { execFile } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const tls = require('tls');
const { promisify } = require('util');
const { atEnd, destroyAtEnd, scratch } = require('../helpers');
const { describeWith } = require('../peers/program');
const { files } = require('../tls/pki');
const { blocksOf } = require('./pages');
const { FOLDER, nextLine, start } = require('./run');

const RESTARTS = 3;

const LISTENS = /^restart: (\d+) listens on port (\d+)$/;

/** The example, listening: `{ running, pid, port }`. */
async function begin() {
  const { key, cert } = files('p256', scratch());
  const running = start(process.execPath, [path.join(FOLDER, 'restart.js')], { env: { KEY: key, CERT: cert } });
  return { running, ...(await listening(running)) };
}

async function listening(running) {
  const [, pid, port] = LISTENS.exec(await nextLine(running)).map(Number);
  atEnd(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return { pid, port };
}

/** Replaces process `pid`: the id of the new one, once the old one has ended. */
async function replace(running, pid) {
  process.kill(pid, 'SIGHUP');
  const next = await listening(running);
  expect(await nextLine(running)).toMatch(new RegExp(`^restart: ${pid} has ended \\d+ connections and destroyed 0$`));
  return next.pid;
}

describeWith(['wrk'], 'under load', () => {
  test('no connection is refused or reset, and no request is without an answer', async () => {
    const { running, port, ...first } = await begin();
    const load = promisify(execFile)('wrk', ['-t1', '-c20', '-d4s', `https://127.0.0.1:${port}/`]);
    let { pid } = first;
    for (let i = 0; i < RESTARTS; i++) pid = await replace(running, pid);
    const { stdout } = await load;
    expect(stdout).toMatch(/\d+ requests in/);
    expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
    process.kill(pid, 'SIGTERM');
    expect(running.complaints()).toBe('');
  });
});

test('a client resumes its session with the new process', async () => {
  const { running, port, pid } = await begin();
  const ask = async (session) => {
    const client = destroyAtEnd(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, session }));
    const given = once(client, 'session');
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let answer = '';
    client.on('data', (data) => (answer += data));
    const [ticket] = await given;
    const isReused = client.isSessionReused();
    await once(client, 'close');
    return { ticket, isReused, pid: Number(/(\d+)\n/.exec(answer.split('\r\n\r\n')[1])[1]) };
  };
  const before = await ask();
  const next = await replace(running, pid);
  expect([before.pid, before.isReused]).toEqual([pid, false]);
  expect(await ask(before.ticket)).toMatchObject({ pid: next, isReused: true });
  process.kill(next, 'SIGTERM');
});

test('a new process that can\'t start leaves the old one as it is', async () => {
  const { key, cert } = files('p256', scratch());
  const running = start(process.execPath, [path.join(FOLDER, 'restart.js')], { env: { KEY: key, CERT: cert } });
  const { pid, port } = await listening(running);
  fs.rmSync(key);
  process.kill(pid, 'SIGHUP');
  await running.complained(/so this one goes on/);
  const client = destroyAtEnd(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }));
  await once(client, 'secureConnect');
  client.end();
  process.kill(pid, 'SIGTERM');
  expect(await running.exit).toBe(0);
});

test('a second SIGHUP does not disturb what the old process finishes, and the file has the id of the new one', async () => {
  const { key, cert } = files('p256', scratch());
  const file = path.join(scratch(), 'pid');
  const running = start(process.execPath, [path.join(FOLDER, 'restart.js')], { env: { KEY: key, CERT: cert, PID: file } });
  const { pid, port } = await listening(running);
  const client = destroyAtEnd(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }));
  await once(client, 'secureConnect');
  client.write('GET / HTTP/1.1\r\n');
  let answer = '';
  client.on('data', (data) => (answer += data));
  process.kill(pid, 'SIGHUP');
  const next = await listening(running);
  process.kill(pid, 'SIGHUP');
  await running.complained(/is ending already/);
  client.write('Host: localhost\r\nConnection: close\r\n\r\n');
  await once(client, 'close');
  expect(answer).toMatch(new RegExp(`\\b${pid}\\n`));
  expect(await nextLine(running)).toMatch(/destroyed 0$/);
  expect(fs.readFileSync(file, 'utf8')).toBe(String(next.pid));
  process.kill(next.pid, 'SIGTERM');
});

test('so it is with the threads of the program in the guide', async () => {
  const folder = scratch();
  const [, , , code] = blocksOf(path.join('docs', 'guides', 'zero-downtime.md'))
    .find(([, , , text]) => text.includes('function replace(service)'));
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(path.join(__dirname, '..', '..'), path.join(folder, 'node_modules', 'rust-net'));
  const program = path.join(folder, 'server.js');
  // The port is the system's choice, and is printed; a client's connection lasts until it says something.
  fs.writeFileSync(program, code
    .replace('port: 8080', 'port: 0')
    .replace('} listens`', '} listens on port ${service.address().port}`')
    .replace('stream.end(', "stream.on('shutdown', () => {}).once('data', () => stream.end(")
    .replace(/\\n`\);\s*$/, '\\n`));\n'));
  const running = start('/bin/sh', ['-c', 'cd "$0" && exec "$1" server.js', folder, process.execPath]);
  const LISTENING = /^(\d+) listens on port (\d+)$/;
  const begun = async () => LISTENING.exec(await nextLine(running)).slice(1).map(Number);
  const [pid, port] = await begun();
  const client = destroyAtEnd(nodeNet.connect(port, '127.0.0.1'));
  await once(client, 'connect');
  let answer = '';
  client.on('data', (data) => (answer += data));
  process.kill(pid, 'SIGHUP');
  const [next] = await begun();
  atEnd(() => process.kill(next, 'SIGKILL'));
  process.kill(pid, 'SIGHUP');
  await running.complained(/is ending already/);
  client.write('?');
  await once(client, 'close');
  expect(answer).toBe(`served by ${pid}\n`);
  expect(fs.readFileSync(path.join(folder, 'server.pid'), 'utf8')).toBe(String(next));
});
