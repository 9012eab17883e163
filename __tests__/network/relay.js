'use strict';

// A relay in user space that stands for a bad network between a client and a server. Each direction has faults of its
// own, all of them optional:
//
// `piece`       the most bytes that are passed on at once; cut at random places below it
// `delay`       milliseconds before a piece is passed on, and `jitter`, as much again at random
// `rate`        bytes a millisecond
// `stall`       { at, for }: nothing is passed on for so many milliseconds, once so many bytes have passed
// `cut`         { at, how }: the connection ends once so many bytes have passed:
//               'fin' ends what is passed on, and reads no more; 'reset' resets both sides; 'silence' passes on nothing
//               any more, in either direction, and ends nothing; 'vanish' resets the sender, and the receiver
//               is not informed

const { once } = require('events');
const net = require('net');
const { setTimeout } = require('timers/promises');
const { generator } = require('../random/plan');

class Relay {
  #sockets = new Set();
  #server;
  #silent = false;

  /** `progress.count` grows with whatever passes. */
  constructor(target, { up = {}, down = {}, seed = 1 }, progress = { count: 0 }) {
    Object.assign(this, { target, up, down, progress, next: generator(seed) });
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => this.#join(near));
  }

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.#server.address().port;
  }

  async close() {
    this.#silent = true;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near) {
    const far = net.connect({ ...this.target, noDelay: true, allowHalfOpen: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
    }
    // What breaks one side breaks the other.
    const broken = () => {
      if (!this.#silent) this.#reset(near, far);
    };
    this.#pass(near, far, this.up).catch(broken);
    this.#pass(far, near, this.down).catch(broken);
  }

  #reset(...sockets) {
    for (const socket of sockets) {
      // Of a socket that has ended, node:net fails with EINVAL, and the process spins when it is to exit.
      if (socket.connecting || socket.destroyed || socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  async #pass(from, to, faults) {
    const { piece = Infinity, stall, cut } = faults;
    let passed = 0;
    // Without the option, the end of what is read would close the other direction, too.
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      for (let at = 0; at < chunk.length;) {
        if (this.#silent) return;
        const most = Math.min(chunk.length - at, piece === Infinity ? piece : 1 + this.next(piece));
        // Faults happen at the very byte.
        const until = [stall?.at, cut?.at].filter((limit) => limit > passed).map((limit) => limit - passed);
        const part = chunk.subarray(at, at + Math.min(most, ...until));
        await this.#wait(part.length, faults);
        if (this.#silent) return;
        if (part.length > 0 && !to.write(part)) await once(to, 'drain');
        passed += part.length;
        at += part.length;
        this.progress.count++;
        if (passed === stall?.at) await setTimeout(stall.for);
        if (passed === cut?.at) {
          this.#cut(cut.how, from, to);
          return;
        }
      }
    }
    to.end();
  }

  async #wait(length, { piece = Infinity, delay = 0, jitter = 0, rate = Infinity }) {
    const milliseconds = delay + (jitter > 0 ? this.next(jitter) : 0) + length / rate;
    if (milliseconds > 0) await setTimeout(milliseconds);
    else if (piece < Infinity) await new Promise(setImmediate);
  }

  #cut(how, from, to) {
    if (how === 'reset') this.#reset(from, to);
    else if (how === 'fin') {
      to.end();
      // What still comes is not read.
      from.pause();
    } else {
      this.#silent = true;
      from.pause();
      to.pause();
      if (how === 'vanish') this.#reset(from);
    }
  }
}

module.exports = { Relay };
