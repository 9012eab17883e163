'use strict';

// Writes down what can be observed of a stream or server: its events in order, with their arguments and what was true
// at each of them. How a stream of bytes is cut into 'data' events is up to the kernel: 'data' events that follow each
// other become one entry.

const { createHash } = require('crypto');

const STREAM_EVENTS = ['lookup', 'connect', 'ready', 'end', 'finish', 'drain', 'timeout', 'error', 'close'];

/** What is looked at when a stream has closed. */
const LAST_STATE = [
  'destroyed',
  'closed',
  'connecting',
  'pending',
  'readable',
  'writable',
  'readableEnded',
  'readableAborted',
  'writableEnded',
  'writableFinished',
  'bytesRead',
  'bytesWritten',
  'timeout',
  'errored',
];

/** What happened to one emitter, as lines of text. */
class Trace {
  /** `names`: what differs from run to run, and the words for it. */
  constructor(names) {
    this.lines = [];
    this.asides = [];
    this.names = names;
    this.stream = null;
    this.received = 0;
    this.stateAtData = null;
    this.hash = null;
  }

  /** Writes down what happens in a callback, or by a call. */
  note(...details) {
    this.endData();
    this.lines.push(details.map((detail) => this.show(detail)).join(' ') + this.state());
  }

  /** What is true of the stream at an event, for the end of its line. */
  state() {
    return this.stream ? ` [${this.stream.readyState}]` : '';
  }

  /** Writes down what `run` gives or throws. */
  outcome(what, run) {
    try {
      this.note(what, 'gives', run());
    } catch (error) {
      this.note(what, 'throws', error);
    }
  }

  /** A callback that writes down its arguments. */
  callback(what) {
    return (...details) => this.note(`callback of ${what}:`, ...details);
  }

  /** The same, for one whose place among the events is not promised. */
  aside(what) {
    return (...details) => {
      this.asides.push(`callback of ${what}: ${details.map((detail) => this.show(detail)).join(' ')}`);
    };
  }

  watch(emitter, events) {
    for (const event of events) emitter.on(event, (...details) => this.note(event, ...details));
  }

  watchStream(stream, { except, events = STREAM_EVENTS, reads }) {
    this.stream = stream;
    this.watch(stream, events.filter((event) => !except.includes(event)));
    if (reads) stream.on('data', (data) => this.data(data));
    this.over = new Promise((resolve) => stream.on('close', resolve));
  }

  data(data) {
    if (this.received === 0) {
      this.stateAtData = this.stream.readyState;
      this.hash = createHash('sha1');
    }
    this.received += data.length;
    this.hash.update(data);
  }

  /** The 'data' events before this moment, as one entry. */
  endData() {
    if (this.received === 0) return;
    this.lines.push(`data ${this.received} ${this.hash.digest('hex').slice(0, 8)} [${this.stateAtData}]`);
    this.received = 0;
  }

  finish(except) {
    this.endData();
    this.lines.push(...this.asides);
    if (!this.stream) return;
    for (const name of LAST_STATE) {
      if (!except.includes(name)) this.lines.push(`afterwards ${name}: ${this.show(this.stream[name])}`);
    }
  }

  show(value) {
    if (value && typeof value.message === 'string') {
      const { code, name, errno, syscall, address, port, path: file, message } = value;
      // D13: a path has no port; node:net says -1 of some.
      const details = { name, message, errno, syscall, address, port: port === -1 ? undefined : port, path: file };
      return this.anonymous(`${code} ${JSON.stringify(details)}`);
    }
    // What a method gives to be chained.
    if (value && value === this.stream) return 'the stream';
    if (typeof value === 'string') return this.anonymous(value);
    return value === undefined ? 'undefined' : JSON.stringify(value);
  }

  anonymous(text) {
    // A port is a number of its own: its digits may stand in hexadecimal, or in a longer number.
    for (const [value, name] of this.names) {
      text = /^\d+$/.test(value) ? text.replace(new RegExp(`\\b${value}\\b`, 'g'), name) : text.replaceAll(value, name);
    }
    return text;
  }
}

module.exports = { STREAM_EVENTS, Trace };
