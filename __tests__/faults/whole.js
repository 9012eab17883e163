'use strict';

// System calls fail in a whole process, with the binding as it is published: `strace` injects the failures, so that the
// calls of all crates are among them and the kernel's state is what it would be. Only calls that Node itself does not
// need in the scenario.

const { execFile, execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { leaveBehind } = require('./scenario');

/** What fails, with what. */
const FAILURES = {
  __proto__: null,
  accept4: ['EMFILE', 'EPERM', 'ECONNABORTED', 'ENOMEM'],
  bind: ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'],
  connect: ['ECONNREFUSED', 'ENETUNREACH', 'EAGAIN'],
  flock: ['EAGAIN'],
  getpeername: ['ENOBUFS'],
  getsockname: ['ENOBUFS'],
  getsockopt: ['ENOBUFS'],
  listen: ['EADDRINUSE'],
  recvfrom: ['ECONNRESET', 'EINTR', 'ETIMEDOUT'],
  recvmsg: ['ECONNRESET', 'EINTR'],
  sendmsg: ['EPIPE', 'EINTR', 'ETOOMANYREFS'],
  sendto: ['EPIPE', 'EINTR', 'ENOBUFS'],
  setsockopt: ['ENOMEM'],
  shutdown: ['ENOBUFS'],
  socket: ['EMFILE', 'ENOMEM'],
  unlink: ['EACCES'],
};

/** Whether failures can be injected here. */
function canInject() {
  const { status } = spawnSync('strace', ['-f', '-o', '/dev/null', '-e', 'inject=flock:error=EINTR', 'true']);
  return status === 0;
}

/** What is wrong when the scenario of `entry` is played and the call number `when` of `call` fails with `code`. */
async function play(folder, { entry, call, code, when }) {
  const where = fs.mkdtempSync(path.join(folder, 'whole-'));
  execFileSync('mkfifo', [path.join(where, 'fifo')]);
  await leaveBehind(path.join(where, 'leftover'));
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${code}:when=${when}`];
  const node = [process.execPath, path.join(__dirname, 'play.js'), entry, where];
  return new Promise((resolve) => {
    execFile('strace', ['-f', '-qq', '-o', '/dev/null', ...inject, ...node], (error, stdout, stderr) => {
      resolve(error === null && stdout === 'fine\n' ? '' : `${error?.message}\n${stdout}${stderr}`);
    });
  });
}

module.exports = { FAILURES, canInject, play };
