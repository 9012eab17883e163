'use strict';

// A server of https that is replaced by a new process, on the same port, without refusing or losing a request.
//
//   KEY=key.pem CERT=cert.pem PID=server.pid node examples/restart.js 8443
//   kill -HUP $(cat server.pid)                                  a new process takes its place
//
// The file `PID` has the id of the process that has begun to listen last.
//
// The listening socket is the same all the time: the new process gets its descriptor in the way of systemd
// (LISTEN_FDS). The keys of session tickets go with it, so that clients resume their sessions there.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync, writeFileSync } = require('node:fs');
const net = require('..'); // require('rust-net') in a project of your own
const https = require('../https'); // require('rust-net/https')

/** The time that requests of the old process have, in milliseconds. */
const GRACE = 10_000;

/** Sets LISTEN_PID, which only the new process knows, and becomes `"$0" "$1"`. */
const ACTIVATE = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=https exec "$0" "$1"';

/** Whether a new process is about to listen, or has begun to. */
let isReplacing = false;

/** Starts a process on the socket of `server`. Resolves once it listens. */
async function start(server) {
  const stdio = ['ignore', 'inherit', 'inherit', server.fd, 'ipc'];
  const child = spawn('/bin/sh', ['-c', ACTIVATE, process.execPath, __filename], { stdio });
  child.send({ ticketKeys: server.getTicketKeys().toString('hex') });
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('it has exited')));
  await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {});
  child.unref();
}

/** Has a new process take the place of this one, which finishes what it has. One that ends has no socket to pass on. */
async function replace(server) {
  if (isReplacing || !server.listening) return console.error(`restart: ${process.pid} is ending already`);
  isReplacing = true;
  try {
    await start(server);
  } catch (error) {
    isReplacing = false;
    return console.error('restart: the new process does not listen, so this one goes on:', error.message);
  }
  const { ended, destroyed } = await server.shutdown({ grace: GRACE });
  return console.log(`restart: ${process.pid} has ended ${ended} connections and destroyed ${destroyed}`);
}

async function main() {
  const [inherited] = net.listenFDs({ unset: true });
  const given = inherited === undefined ? {} : (await once(process, 'message'))[0];
  const server = https.createServer(
    {
      key: readFileSync(process.env.KEY ?? 'key.pem'),
      cert: readFileSync(process.env.CERT ?? 'cert.pem'),
      ticketKeys: given.ticketKeys && Buffer.from(given.ticketKeys, 'hex'),
    },
    (request, response) => response.end(`${process.pid}\n`),
  );
  const place = { port: Number(process.argv[2] ?? 0), host: '127.0.0.1' };
  server.listen(inherited === undefined ? place : { fd: inherited.fd }, () => {
    console.log(`restart: ${process.pid} listens on port ${server.address().port}`);
    if (process.env.PID !== undefined) writeFileSync(process.env.PID, String(process.pid));
    if (inherited !== undefined) process.send('listening', () => process.disconnect());
  });
  process.on('SIGHUP', () => replace(server));
  process.once('SIGTERM', () => server.shutdown({ grace: GRACE }));
}

main();
