'use strict';

// The connections besides that of the sequence: what the server's limits let in is served, and nothing else is.

const nodeNet = require('net');

/** An address of this host that a server refuses, if it has a list. */
const BLOCKED = '127.0.0.2';

const WELCOME = 'welcome';

/** The longest pause of a server, in milliseconds. */
const LONGEST_PAUSE = 20;

class Visitors {
  /** Streams that the server has accepted. */
  #accepted = [];
  #visits = [];
  #drops = 0;
  #wasClosed = false;

  /** `how`: the server's `gate`, whether it is `isNodes`, and `isUnix`. */
  constructor(server, how, broken, progress) {
    Object.assign(this, how, { server, broken, progress });
    if (this.gate === 'maxConnections') server.maxConnections = 1;
    server.on('connection', (stream) => this.#arrive(stream));
    server.on('drop', () => this.#drops++);
  }

  /** The options of a server with `gate`. */
  static optionsFor(gate) {
    if (gate === 'pauseOnConnect') return { pauseOnConnect: true };
    if (gate !== 'blockList') return {};
    const blockList = new nodeNet.BlockList();
    blockList.addAddress(BLOCKED);
    return { blockList };
  }

  /** Every stream but the first, which is the sequence's, is a visitor's. */
  #arrive(stream) {
    this.progress.count++;
    this.#accepted.push(stream);
    const open = this.#accepted.filter(({ destroyed }) => !destroyed).length;
    if (this.gate === 'maxConnections' && open > 1) this.rule(`${open} connections`);
    if (this.blocks && stream.remoteAddress === BLOCKED) this.rule('a connection of a blocked address');
    if (this.#accepted.length === 1) return;
    stream.on('error', () => {});
    stream.end(WELCOME);
    stream.resume();
  }

  /** Node 20 takes no list. */
  get blocks() {
    return this.gate === 'blockList' && !this.isUnix && !this.isNodes;
  }

  rule(text) {
    if (this.broken.length < 10) this.broken.push(`server: ${text}`);
  }

  /** A client connects, from a blocked address if there is a list. */
  visit(address, form) {
    const isBlocked = this.blocks && form % 2 === 0;
    const visit = { text: '', code: null, isBlocked };
    const client = nodeNet.connect(isBlocked ? { ...address, localAddress: BLOCKED } : address);
    client.setEncoding('latin1');
    client.on('data', (text) => (visit.text += text));
    client.on('error', ({ code }) => (visit.code = code));
    visit.closed = new Promise((resolve) => {
      client.on('close', () => {
        this.progress.count++;
        resolve();
      });
    });
    this.#visits.push(visit);
  }

  /** The server accepts nothing for a while, if it can be asked to. */
  hold(form) {
    this.server.pause?.(form % LONGEST_PAUSE);
  }

  /** The server is being closed: who waits is not served any more. */
  closed() {
    this.#wasClosed = true;
  }

  /** Resolves when every visitor has been served or sent away. */
  async settle() {
    await Promise.all(this.#visits.map(({ closed }) => closed));
  }

  check() {
    for (const { text, code, isBlocked } of this.#visits) {
      const isServed = text === WELCOME;
      if (text !== '' && !isServed) this.rule(`a visitor got ${JSON.stringify(text)}`);
      if (isServed && isBlocked) this.rule('a blocked visitor was served');
      const mayBeSentAway = isBlocked || this.#wasClosed || this.gate === 'maxConnections';
      if (!isServed && !mayBeSentAway) this.rule(`a visitor was sent away (${code})`);
    }
    const unserved = this.#visits.filter(({ text }) => text !== WELCOME).length;
    const expected = this.gate === 'maxConnections' ? unserved : 0;
    // Those that a closing server leaves are not dropped, and a client may be gone by then.
    if (this.#drops > expected || (this.#drops < expected && !this.#wasClosed)) {
      this.rule(`${this.#drops} of ${unserved} unserved visitors were dropped`);
    }
  }
}

module.exports = { Visitors };
