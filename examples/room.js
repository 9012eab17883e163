'use strict';

// The participants of a chat, and the messages between them: shared by chat.js, tls-chat.js and rooms.js.

const { onLine } = require('./lines');

/** A participant with this many waiting bytes does not read, and is dropped before that fills our memory. */
const PATIENCE = 1024 * 1024;

class Room {
  /** The streams by name. */
  #participants = new Map();

  /** Adds a participant, who chooses a name. `sign` turns it into the name that the others see. */
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

  /** Adds a participant whose name is known. */
  welcome(stream, name) {
    if (this.#participants.has(name)) {
      stream.end('You are here already\n');
      return;
    }
    this.#hear(stream, (line) => this.#tellAll(`${name}: ${line}`, stream));
    this.#enter(stream, name);
  }

  get isEmpty() {
    return this.#participants.size === 0;
  }

  /** Says goodbye to all participants. */
  close() {
    for (const stream of this.#participants.values()) stream.end('* The chat is over\n');
  }

  #hear(stream, listener) {
    onLine(stream, listener);
    // A broken connection is just another way to leave: 'close' follows.
    stream.on('error', () => {});
  }

  #enter(stream, name) {
    const others = [...this.#participants.keys()].join(', ') || 'nobody';
    // Names and texts are not always ASCII, the default of write().
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
