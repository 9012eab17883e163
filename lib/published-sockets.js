'use strict';

// Where statistics are published: UNIX sockets in a folder that no other user can enter, `PID.sock` for the main thread
// of a process and `PID-THREAD.sock` for others. What is taken is never taken away: a second copy of the package in a
// thread, or a process that has the same number in another container, has `PID.2.sock`. What a killed process has left
// there is removed when another one publishes.

const { once } = require('events');
const fs = require('fs');
const os = require('os');
const { errno: ERRNO } = require('os').constants;
const path = require('path');
const { text } = require('stream/consumers');
const errors = require('./errors');
const nodesNet = require('./nodes-net');

/** How long a process may take to answer, or a reader to take the answer, in milliseconds. */
const PATIENCE = 5000;

/** The longest path of a UNIX socket, in bytes. Node 20 cuts a longer one to that of another file. */
const LONGEST = process.platform === 'linux' ? 107 : 103;

/** So many leftovers are looked at when a process publishes. */
const MAX_LEFTOVERS = 100;

/** The process, and the thread unless it is the main one. */
const NAME = /^(\d+)(?:-(\d+))?(?:\.\d+)?\.sock$/;

/** The folder of this user's sockets. */
function folder() {
  return path.join(os.tmpdir(), `rust-net-${process.getuid()}`);
}

/** Makes the folder, if there is none. */
function makeFolder() {
  try {
    fs.mkdirSync(folder(), { mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  expectPrivate(folder());
}

/** Throws unless `place` is a folder that only this user can enter. */
function expectPrivate(place) {
  const found = fs.lstatSync(place);
  const isPrivate = found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0;
  if (!isPrivate) throw errors.notPrivate(place);
}

const isTooLong = (place) => Buffer.byteLength(place) > LONGEST;

/** Which file is at `place`, as text; null if there is none. */
function identityOf(place) {
  const found = fs.lstatSync(place, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev} ${found.ino} ${found.mtimeNs}`;
}

/** Removes the file at `place`, unless it is another one by now. */
function removeIf(place, identity) {
  if (identityOf(place) === identity) fs.rmSync(place, { force: true });
}

/** Whether no process has the socket at `place` any more. */
function isAbandoned(place) {
  return new Promise((resolve) => {
    const socket = nodesNet.connect({ path: place }, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', ({ code }) => resolve(code === 'ECONNREFUSED'));
  });
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Removes what processes that are gone have left. */
async function removeLeftovers() {
  const gone = fs.readdirSync(folder()).filter((name) => NAME.test(name) && !isRunning(Number(NAME.exec(name)[1])));
  for (const name of gone.slice(0, MAX_LEFTOVERS)) {
    const place = path.join(folder(), name);
    const identity = identityOf(place);
    // The process may be that of another container, which numbers its processes itself.
    if (identity !== null && (await isAbandoned(place))) removeIf(place, identity);
  }
}

/** Listens at `place`, where there is no file: `{ path, close() }`. Each connection is for `answer`. */
async function listen(place, answer) {
  const readers = new Set();
  const server = nodesNet.createServer((socket) => {
    readers.add(socket);
    socket.on('close', () => readers.delete(socket)).on('error', () => {});
    socket.setTimeout(PATIENCE, () => socket.destroy()).unref();
    answer(socket);
  });
  server.on('error', () => {});
  // Exclusive: in a worker of a cluster, the primary would have the socket otherwise.
  server.listen({ path: place, exclusive: true });
  if (!server.listening) await once(server, 'listening');
  // The file is there: the process may exit before the event.
  const identity = identityOf(place);
  const remove = () => {
    try {
      removeIf(place, identity);
    } catch {
      // The process may have become another user's. The next one that publishes removes what is left.
    }
  };
  process.on('exit', remove);
  const close = async () => {
    process.removeListener('exit', remove);
    // What has been asked for before is answered, and the process waits for that.
    for (const reader of readers) reader.ref();
    await new Promise((resolve) => server.close(resolve));
  };
  server.unref();
  try {
    fs.chmodSync(place, 0o600);
  } catch (error) {
    await close();
    throw error;
  }
  return { path: place, close };
}

/** Opens the socket `name` of the folder, or the next one that is free: `{ path, close() }`. */
async function open(name, answer) {
  makeFolder();
  await removeLeftovers();
  for (let copy = 1; ; copy++) {
    const place = path.join(folder(), `${name}${copy === 1 ? '' : `.${copy}`}.sock`);
    if (isTooLong(place)) throw errors.listenError({ errno: -ERRNO.ENAMETOOLONG, syscall: 'listen' }, place, -1);
    const found = identityOf(place);
    if (found !== null && !(await isAbandoned(place))) continue;
    // From here on, nothing else of this thread runs until the socket is bound.
    if (found !== null) removeIf(place, found);
    try {
      return await listen(place, answer);
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
}

/** What the socket at `place` answers, which is JSON. */
async function ask(place, signal) {
  if (isTooLong(place)) throw errors.connectError({ errno: -ERRNO.ENAMETOOLONG, syscall: 'connect' }, place);
  const socket = nodesNet.connect({ path: place, signal });
  const isOver = () => socket.destroy(errors.connectError({ errno: -ERRNO.ETIMEDOUT, syscall: 'read' }, place));
  const timer = setTimeout(isOver, PATIENCE);
  try {
    return JSON.parse(await text(socket));
  } finally {
    clearTimeout(timer);
  }
}

/** The sockets of process `pid`: `{ place, thread }` of each; that of its main thread if there is none. */
function socketsOf(pid) {
  expectPrivate(folder());
  const found = fs.readdirSync(folder()).map((name) => NAME.exec(name)).filter((match) => Number(match?.[1]) === pid);
  const named = found.length > 0 ? found : [NAME.exec(`${pid}.sock`)];
  return named.map(([name, , thread = 0]) => ({ place: path.join(folder(), name), thread: Number(thread) }));
}

module.exports = { ask, open, socketsOf };
