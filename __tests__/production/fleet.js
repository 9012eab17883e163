'use strict';

// The supervisor of the soak's servers. It has the sockets of `front`, whose process is replaced again and again, and
// starts `back`, which lives from beginning to end. It kills their threads, and changes their certificates.
//
// It notes what clients may see of that: who was killed without warning and when, and which certificates were in use.

const { spawn } = require('child_process');
const { once } = require('events');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const net = require('../..');
const { writeKeyPair } = require('../tls/pki');

const SERVER = path.join(__dirname, 'server.js');

/** Becomes `node server.js`, on sockets that were passed to it (sd_listen_fds(3)). */
const ACTIVATE = 'LISTEN_PID=$$ exec "$0" "$1"';

/** The time that connections have when their thread or process ends gracefully, in milliseconds. */
const GRACE = 20_000;

/** How long anything may take that is asked of a server, in milliseconds: more than `GRACE`, and a slow machine. */
const PATIENCE = 60_000;

/** Ways to die: with 'drain', a thread finishes what it has. */
const DEATHS = ['exit', 'drain', 'throw', 'terminate'];

/** The certificates that take turns. */
const CERTIFICATES = ['p256', 'rsa2048', 'p384', 'ed25519'];

const HOST = '127.0.0.1';

/** The services of the process that is replaced. */
const FRONT = ['plain', 'secure', 'web'];

/** Sockets of one port, for a thread each. */
function socketsOf(name, count) {
  const sockets = [new net.BoundSocket({ host: HOST, port: 0, reusePort: true })];
  const { port } = sockets[0].address();
  while (sockets.length < count) sockets.push(new net.BoundSocket({ host: HOST, port, reusePort: true }));
  return sockets.map((socket) => ({ name, socket, port }));
}

/** A server process. */
class Server {
  pid;
  /** By thread that can serve TLS, as `pid.threadId`: the number of the certificate that it has. */
  certificates = new Map();
  #child;
  #exit;
  #replies = new Map();
  #onComplaint;
  #onCertificate;

  constructor(sockets, { onComplaint, onCertificate }) {
    this.#onComplaint = onComplaint;
    this.#onCertificate = onCertificate;
    const stdio = ['ignore', 'inherit', 'pipe', ...sockets.map(({ socket }) => socket.fd()), 'ipc'];
    const names = sockets.map(({ name }) => name).join(':');
    const env = { ...process.env, LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: names };
    this.#child = spawn('/bin/sh', ['-c', ACTIVATE, process.execPath, SERVER], { stdio, env });
    this.pid = this.#child.pid;
    this.#exit = once(this.#child, 'exit').then(([code, signal]) => signal ?? code);
    this.#child.stderr.setEncoding('utf8').on('data', (text) => onComplaint(`process ${this.pid}: ${text}`));
    this.#child.on('message', (message) => this.#note(message));
  }

  #note({ type, ...details }) {
    if (type === 'up' || type === 'certificate') {
      if (details.certificate === undefined) return;
      this.certificates.set(details.worker, details.certificate);
      this.#onCertificate();
    } else if (type === 'complaint') {
      this.#onComplaint(details.message);
    } else {
      this.#replies.get(type)?.(details);
    }
  }

  /** Gives an order, and waits for the message `reply`. Throws if the process ends instead, or does nothing. */
  async ask(order, reply, details = {}) {
    const answered = new Promise((resolve) => this.#replies.set(reply, resolve));
    this.#child.send({ order, ...details });
    const failed = this.#exit.then((how) => Promise.reject(new Error(`${order}: process ${this.pid} has ended: ${how}`)));
    const answer = await within(Promise.race([answered, failed]), `${order} of process ${this.pid}`);
    failed.catch(() => {});
    return answer;
  }

  /** Gives an order that has no reply. */
  send(order) {
    this.#child.send({ order });
  }

  /** Ends the process gracefully. Complains of what that destroys, and of a process that does not exit by itself. */
  async end() {
    const { destroyed } = await this.ask('shutDown', 'ended', { grace: GRACE });
    if (destroyed > 0) this.#onComplaint(`process ${this.pid} has destroyed ${destroyed} connections at its end`);
    const code = await within(this.#exit, `the exit of process ${this.pid}`);
    if (code !== 0) this.#onComplaint(`process ${this.pid} has exited: ${code}`);
  }

  kill() {
    this.#child.kill('SIGKILL');
  }
}

/** What `promise` resolves to, if that is soon enough. */
async function within(promise, what) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes longer than ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

class Fleet {
  /** `{ port }` or `{ path }`, whether it is `secure`, and whether it speaks HTTP (`isWeb`), by name of the service. */
  endpoints = {};
  /** Threads that have died: `{ worker, service, how, at, until }`. */
  deaths = [];
  /** Certificates in their order: `{ name, from, settled }`. No handshake from `settled` on has the one before. */
  certificates = [];
  complaints = [];
  replacements = 0;
  /** Processes that have been replaced: `{ pid, at, until }`. */
  ends = [];
  front = null;
  back = null;
  /** All that have not ended. */
  #servers = new Set();
  #threads;
  #folder;
  #sockets;
  #ticketKeys = crypto.randomBytes(48).toString('latin1');
  #generation = 0;
  #onCertificate = () => {};
  /** What happens to the process `front` does so one after the other. */
  #turn = Promise.resolve();

  constructor(folder, { threads }) {
    this.#folder = folder;
    this.#sockets = FRONT.flatMap((name) => socketsOf(name, threads));
    for (const name of FRONT) {
      const { port } = this.#sockets.find((socket) => socket.name === name);
      this.endpoints[name] = { port, secure: name === 'secure', isWeb: name === 'web' };
    }
    this.#threads = threads;
  }

  get #live() {
    return path.join(this.#folder, 'live');
  }

  async start() {
    this.#install(CERTIFICATES[0]);
    this.certificates[0].settled = 0;
    this.front = await this.#startFront();
    const listen = { port: 0, host: HOST };
    const unix = { path: path.join(this.#folder, 'socket') };
    const secured = { folder: this.#live, watches: false };
    const { server, addresses } = await this.#start([], [
      { name: 'steady', workers: 1, listen, ...secured },
      { name: 'unix', workers: 1, listen: unix },
      { name: 'unixSecure', workers: 1, listen: { path: `${unix.path}-secure` }, ...secured },
      { name: 'webSecure', workers: 1, listen, isWeb: true, ...secured },
    ]);
    this.back = server;
    this.endpoints.steady = { port: addresses.steady.port, secure: true, isWeb: false };
    this.endpoints.unix = { path: addresses.unix, secure: false, isWeb: false };
    this.endpoints.unixSecure = { path: addresses.unixSecure, secure: true, isWeb: false };
    this.endpoints.webSecure = { port: addresses.webSecure.port, secure: true, isWeb: true };
  }

  async #startFront() {
    const threads = this.#threads;
    const { server } = await this.#start(this.#sockets, [
      { name: 'plain', workers: threads },
      { name: 'secure', workers: threads, folder: this.#live, watches: true },
      { name: 'web', workers: threads, isWeb: true },
    ]);
    return server;
  }

  async #start(sockets, specifications) {
    const server = new Server(sockets, {
      onComplaint: (text) => this.complaints.push(text),
      onCertificate: () => this.#onCertificate(),
    });
    this.#servers.add(server);
    const generation = this.#generation++;
    const ticketKeys = this.#ticketKeys;
    const { addresses } = await server.ask('start', 'started', { generation, specifications, ticketKeys });
    return { server, addresses };
  }

  /** What has ended gracefully: threads by their name, processes by their id. */
  get gracefulEnds() {
    return [...this.deaths.filter(({ how }) => how === 'drain'), ...this.ends];
  }

  /** Replaces the process `front`: the new one listens before the old one ends. */
  replaceFront() {
    return this.#inTurn(async () => {
      const former = this.front;
      this.front = await this.#startFront();
      this.replacements++;
      const at = Date.now();
      await this.#end(former);
      this.ends.push({ pid: former.pid, at, until: Date.now() });
    });
  }

  async #end(server) {
    await server.end();
    this.#servers.delete(server);
    // Its threads are gone with it.
    this.#onCertificate();
  }

  /** Has the thread `index` of `service` die, in the way that is next. */
  killThread(service, index) {
    const isFront = FRONT.includes(service);
    const kill = async () => {
      const how = DEATHS[this.deaths.length % DEATHS.length];
      const server = isFront ? this.front : this.back;
      const { death } = await server.ask('kill', 'killed', { service, index, how });
      if (death === null) throw new Error(`thread ${service}.${index} is not there`);
      this.deaths.push(death);
      server.certificates.delete(death.worker);
      this.#onCertificate();
    };
    return this.#inTurn(kill);
  }

  #inTurn(action) {
    this.#turn = this.#turn.then(action);
    return this.#turn;
  }

  /** Puts the next certificate in place, and waits until all threads have it. */
  async changeCertificate() {
    const number = this.certificates.length;
    this.#install(CERTIFICATES[number % CERTIFICATES.length]);
    const settled = new Promise((resolve) => {
      this.#onCertificate = () => {
        const servers = [...this.#servers];
        const hasAll = servers.every(({ certificates }) => [...certificates.values()].every((own) => own >= number));
        if (hasAll) resolve();
      };
    });
    this.back.send('reload');
    this.#onCertificate();
    await within(settled, `certificate ${number}`);
    this.certificates[number].settled = Date.now();
  }

  /** As certbot does: new files in a folder of their own, and a symlink that is turned to it. */
  #install(name) {
    const number = this.certificates.length;
    const own = path.join(this.#folder, `archive-${number}`);
    fs.mkdirSync(own);
    writeKeyPair({ keyFile: path.join(own, 'key.pem'), certFile: path.join(own, 'cert.pem') }, name);
    fs.writeFileSync(path.join(own, 'number'), String(number));
    this.certificates.push({ name, from: Date.now(), settled: Infinity });
    const link = `${this.#live}-next`;
    fs.symlinkSync(own, link);
    fs.renameSync(link, this.#live);
    fs.rmSync(path.join(this.#folder, `archive-${number - 2}`), { recursive: true, force: true });
  }

  /** Ends all servers gracefully, and closes the sockets. */
  async end() {
    await this.#turn;
    await Promise.all([this.front, this.back].map((server) => this.#end(server)));
    this.close();
  }

  /** Ends what is left, at once. */
  close() {
    for (const server of this.#servers) server.kill();
    this.#servers.clear();
    for (const { socket } of this.#sockets.splice(0)) socket.close();
  }
}

module.exports = { DEATHS, Fleet };
