'use strict';

// Who takes part in a chat, and what they tell each other: what chat.js and tls-chat.js have in common.

const { onLine } = require('./lines');

/** Who lets this many bytes wait does not read, and is let go before that fills our memory. */
const PATIENCE = 1024 * 1024;

class Room {
  /** Stream by name. */
  #participants = new Map();

  /** Lets somebody in under the name that they give. `sign` makes of that what the others see. */
  ask(stream, sign = (name) => name) {
    let name = null;
    stream.write('Your name?\n');
    this.#hear(stream, (line) => {
      if (name !== null) {
        this.#tellAll(`${name}: ${line}`, stream);
      } else if (line === '' || this.#participants.has(sign(line))) {
        stream.write('Another name?\n');
      } else {
        name = sign(line);
        this.#enter(stream, name);
      }
    });
  }

  /** Lets somebody in whose name is known. */
  welcome(stream, name) {
    if (this.#participants.has(name)) {
      stream.end('You are here already\n');
      return;
    }
    this.#hear(stream, (line) => this.#tellAll(`${name}: ${line}`, stream));
    this.#enter(stream, name);
  }

  /** Says goodbye to everybody. */
  close() {
    for (const stream of this.#participants.values()) stream.end('* The chat is over\n');
  }

  #hear(stream, listener) {
    onLine(stream, listener);
    // A connection that breaks is one more way to leave: 'close' follows.
    stream.on('error', () => {});
  }

  #enter(stream, name) {
    const others = [...this.#participants.keys()].join(', ') || 'nobody';
    // Names and texts are not ASCII, which is what write() would take them for.
    stream.write(`Welcome, ${name}. Here with you: ${others}\n`, 'utf8');
    this.#participants.set(name, stream);
    this.#tellAll(`* ${name} has come`, stream);
    stream.on('close', () => {
      this.#participants.delete(name);
      this.#tellAll(`* ${name} has left`);
    });
  }

  #tellAll(text, except) {
    for (const stream of this.#participants.values()) {
      if (stream === except) continue;
      stream.write(`${text}\n`, 'utf8');
      if (stream.bufferSize > PATIENCE) stream.destroy();
    }
  }
}

module.exports = { Room };
