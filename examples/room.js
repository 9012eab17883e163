'use strict';

// The participants of a chat, and the messages between them: shared by chat.js, tls-chat.js and rooms.js.

const { onLine } = require('./lines');

/** A participant who has not read what waits by then is dropped, in milliseconds: the others wait meanwhile. */
const PATIENCE = 10_000;

class Room {
  /** The streams by name. */
  #participants = new Map();
  /** By stream that has not taken what was written: those whose lines were written, and which are not read from. */
  #waiting = new Map();

  /** Adds a participant, who chooses a name. `sign` turns it into the name that the others see. */
  ask(stream, sign = (name) => name) {
    let name = null;
    stream.write('Your name?\n');
    this.#hear(stream, (line) => {
      if (name !== null) {
        this.#tellAll(`${name}: ${line}`, stream);
      } else if (line === '' || this.#participants.has(sign(line))) {
        this.#write(stream, 'Another name?', stream);
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
    this.#write(stream, `Welcome, ${name}. Here with you: ${others}`, stream);
    this.#participants.set(name, stream);
    this.#tellAll(`* ${name} has come`, stream);
    stream.on('close', () => {
      this.#participants.delete(name);
      this.#tellAll(`* ${name} has left`);
    });
  }

  /** Writes to all but `speaker`. */
  #tellAll(text, speaker) {
    for (const stream of this.#participants.values()) {
      if (stream !== speaker && stream.writable) this.#write(stream, text, speaker);
    }
  }

  /** Writes a line. As long as `stream` does not take it, `speaker` says nothing more. */
  #write(stream, text, speaker) {
    // Names and texts are not always ASCII, the default of write().
    if (stream.write(`${text}\n`, 'utf8') || speaker === undefined) return;
    if (!this.#waiting.has(stream)) this.#await(stream);
    this.#waiting.get(stream).add(speaker);
    speaker.pause();
  }

  /** Has those who wait for `stream` go on when it has taken everything, or is gone. */
  #await(stream) {
    const speakers = new Set();
    this.#waiting.set(stream, speakers);
    const timer = setTimeout(() => stream.destroy(), PATIENCE);
    const goOn = () => {
      clearTimeout(timer);
      stream.removeListener('drain', goOn).removeListener('close', goOn);
      this.#waiting.delete(stream);
      const stillWaiting = [...this.#waiting.values()];
      for (const speaker of speakers) {
        if (!stillWaiting.some((others) => others.has(speaker))) speaker.resume();
      }
    };
    stream.on('drain', goOn).on('close', goOn);
  }
}

module.exports = { Room };
