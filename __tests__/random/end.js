'use strict';

// One side of a sequence: plays its steps and checks every rule that can be checked from one side.

const { Writable } = require('stream');
const { generator, sequence } = require('./plan');

/** Bytes at the end of a stream that an encoding does not show: an incomplete unit is no text. */
const HIDDEN = { utf16le: 1, ucs2: 1 };

class End {
  /**
   * `how`: `{ side, isText: [sent, received], encoding, reader, isOurs, isPage, isWrapped, isNodes, mayReset, isPaused,
   * isUsed, adopter }`.
   */
  constructor(stream, how, broken, progress) {
    Object.assign(this, how, { stream, broken, progress, sent: 0, received: 0, closed: 0, listeners: [] });
    Object.assign(this, { ended: false, finished: false, failed: false, aborted: false, owesDrain: false });
    Object.assign(this, { callbacks: [], called: 0, corked: 0, sink: null });
    this.isDetached = false;
    // Whether the stream was paused, by a step or by its server: then nothing may arrive.
    this.isHeld = how.isPaused ?? false;
    if (this.encoding !== null && this.reader !== 'onread') stream.setEncoding(this.encoding);
    this.observe();
    this.close = new Promise((resolve) => {
      this.on('close', () => {
        if (++this.closed > 1) this.rule("'close' twice");
        resolve();
      });
    });
    this.next = generator(this.side + 5);
    this[`startReader_${this.reader}`]?.();
  }

  rule(text) {
    if (this.broken.length < 10) this.broken.push(`side ${this.side}: ${text}`);
  }

  on(name, listener) {
    this.listeners.push([name, listener]);
    this.stream.on(name, listener);
  }

  /** Takes this end's listeners off the stream: it is to be used again. A pipe stays, as it would in a program. */
  detach() {
    this.isDetached = true;
    for (const [name, listener] of this.listeners) this.stream.removeListener(name, listener);
  }

  observe() {
    for (const name of ['end', 'drain', 'timeout', 'finish']) {
      this.on(name, () => {
        this.progress.count++;
        // node:tls over a stream of JavaScript finishes after 'close' when that is cut.
        if ((this.closed || this.failed) && !this.isWrapped) this.rule(`'${name}' after 'error' or 'close'`);
      });
    }
    this.on('drain', () => {
      // node:net emits the 'drain' of an earlier connection on a socket that is connected again.
      if (!this.owesDrain && !this.isNodes) this.rule("'drain' that no write() has announced");
      this.owesDrain = false;
    });
    this.on('end', () => {
      if (this.ended) this.rule("'end' twice");
      this.ended = true;
    });
    this.on('error', (error) => {
      if ((this.failed || this.closed) && !this.isWrapped) this.rule("'error' twice, or after 'close'");
      this.failed = error.code ?? error.message ?? true;
    });
  }

  /** Checks received data against what the other side sends. */
  take(data, from = this.received) {
    this.progress.count++;
    const bytes = typeof data === 'string' ? Buffer.from(data, this.stream.readableEncoding ?? this.encoding) : data;
    // A sink may be slower than the stream.
    if (this.ended && this.sink === null) this.rule("data after 'end'");
    if ((this.closed || this.failed) && this.sink === null) this.rule("data after 'error' or 'close'");
    if (this.isHeld && this.reader === 'data') this.rule('data after pause()');
    const expected = sequence(this.receives, this.isText[1], from, bytes.length);
    // Half a character at the very end becomes a replacement character.
    if (!bytes.equals(expected) && !this.endsInHalfCharacter(data, bytes, expected)) {
      this.rule(`wrong bytes at ${from}`);
    }
    this.received = from + bytes.length;
    return bytes.length;
  }

  endsInHalfCharacter(data, bytes, expected) {
    if (typeof data !== 'string' || !data.endsWith('\ufffd')) return false;
    const whole = Buffer.from(data.replace(/\ufffd+$/, ''));
    return bytes.length - whole.length <= 9 && whole.equals(expected.subarray(0, whole.length));
  }

  startReader_data() {
    this.on('data', (data) => this.take(data));
  }

  startReader_readable() {
    this.on('readable', () => this.readSome(Infinity));
  }

  /** Reads in pieces of random size, and puts some of what was read back. */
  readSome(times) {
    const { stream, next } = this;
    for (; times > 0; times--) {
      const data = next(3) ? stream.read(1 + next(5000)) : stream.read();
      if (data === null) return;
      const from = this.received;
      this.take(data);
      const back = next(4) === 0 && data.length > 1 ? 1 + next(data.length - 1) : 0;
      // Only whole characters and whole units of an encoding can be put back.
      const isWhole = typeof data !== 'string' || ['latin1', 'binary'].includes(stream.readableEncoding);
      if (back > 0 && isWhole && !stream.readableEnded && !stream.destroyed) {
        stream.unshift(data.slice(data.length - back), typeof data === 'string' ? stream.readableEncoding : undefined);
        this.received = from + data.length - back;
      }
    }
  }

  startReader_iterate() {
    const iterate = async () => {
      for await (const data of this.stream.iterator({ destroyOnReturn: false })) {
        this.take(data);
        if (this.next(4) === 0) await new Promise(setImmediate);
      }
    };
    iterate().catch(() => {});
  }

  startReader_sink() {
    this.sink = new Writable({
      decodeStrings: false,
      highWaterMark: 1 + this.next(30000),
      write: (data, encoding, callback) => {
        if (!this.isDetached) this.take(data);
        if (this.next(2)) setImmediate(callback);
        else callback();
      },
    });
    this.stream.pipe(this.sink);
    this.isPiped = true;
  }

  /** What the option `onread` calls. */
  onread(length, buffer) {
    this.take(Buffer.from(buffer.subarray(0, length)));
    return true;
  }

  /** Undoes what would keep the stream from reaching its end. */
  wake() {
    const { stream } = this;
    for (; this.corked > 0; this.corked--) stream.uncork();
    stream.ref?.();
    if (stream.destroyed) return;
    if (this.reader === 'sink' && !this.isPiped) stream.pipe(this.sink);
    this.isPiped = true;
    this.isHeld = false;
    if (this.reader !== 'iterate') stream.resume();
    if (this.reader === 'readable') this.readSome(Infinity);
  }

  /** A callback that has to be called exactly once, and in order for writes that succeed. */
  callback(name) {
    const entry = { name, times: 0 };
    const at = this.callbacks.push(entry) - 1;
    return (error) => {
      this.progress.count++;
      if (++entry.times > 1) this.rule(`callback of ${name} called twice`);
      if (!error && name === 'write') {
        const earlier = this.callbacks.findIndex((one, i) => i < at && one.name === 'write' && one.times === 0);
        if (earlier !== -1) this.rule('callback of a write called before that of an earlier one');
      }
    };
  }

  write(size, form) {
    const { stream } = this;
    const bytes = sequence(this.sends, this.isText[0], this.sent, size);
    this.sent += size;
    const forms = [
      () => [bytes.toString('latin1'), 'latin1'], () => [bytes], () => [new Uint8Array(bytes)],
      () => [bytes.toString('hex'), 'hex'], () => [bytes.toString('base64'), 'base64'],
    ];
    const args = forms[form % forms.length]();
    if (form % 7 === 0 || size === 0) args.push(this.callback('write'));
    const isHandedOn = stream.write(...args);
    if (!isHandedOn) this.owesDrain = true;
    // D12: true exactly if nothing waits.
    if (this.isPage && !stream.destroyed && isHandedOn !== (stream.writableLength === 0 && !stream.connecting)) {
      this.rule(`write() returned ${isHandedOn} with ${stream.writableLength} bytes waiting`);
    }
  }

  /** Resolves when what was piped has arrived. */
  async settle() {
    while (this.sink !== null && this.sink.writableLength > 0) await new Promise(setImmediate);
  }

  /** Where the stream has got, for a message. */
  state() {
    const { closed, ended, failed, received, sent, stream, reader } = this;
    const { readableFlowing, readableLength, writableLength, writableFinished } = stream;
    const outer = { readableFlowing, readableLength, writableLength, writableFinished };
    return JSON.stringify({ reader, closed, ended, failed, received, sent, ...outer });
  }

  /** Called when everything written has been received: then no 'drain' may be missing. */
  checkDrain() {
    if (this.owesDrain && !this.finished && !this.stream.destroyed && this.stream.writableLength === 0) {
      this.rule("no 'drain'");
    }
  }

  /** Called at the end of the sequence. */
  checkCallbacks() {
    for (const { name, times } of this.callbacks) {
      if (times !== 1) this.rule(`callback of ${name} called ${times} times`);
    }
  }

  /** Whether all of `sent` bytes have arrived. */
  hasAll(sent) {
    const hidden = sent - this.received;
    if (hidden === 0) return true;
    if (this.encoding === null || this.reader === 'onread') return false;
    if (HIDDEN[this.encoding]) return hidden > 0 && hidden <= HIDDEN[this.encoding];
    // Up to three bytes of half a character may have been replaced by one of three.
    return this.isText[1] && Math.abs(hidden) <= 9 && this.encoding.startsWith('utf');
  }

  step({ name, size, form }) {
    const { stream } = this;
    const mayRead = this.reader === 'data' || this.reader === 'onread' || (this.reader === 'sink' && this.isPiped);
    if (name === 'write' && !this.finished) this.write(size, form);
    else if (name === 'end') {
      // What is corked waits until all is uncorked, and end() does that.
      this.corked = 0;
      if (!this.finished && form % 3 === 0) stream.end(this.callback('end'));
      else stream.end();
      this.finished = true;
    } else if (name === 'destroy') stream.destroy();
    else if (name === 'destroySoon') stream.destroySoon();
    else if (name === 'resetAndDestroy') this.reset();
    else if (name === 'pause' || name === 'resume') {
      if (mayRead && (name === 'resume' || this.reader !== 'sink')) {
        this.isHeld = name === 'pause';
        stream[name]();
      }
    } else if (name === 'ref' || name === 'unref') stream[name]?.();
    else if (name === 'noDelay') stream.setNoDelay(form % 2 === 0);
    else if (name === 'keepAlive') stream.setKeepAlive(form % 2 === 0, 1000);
    else if (name === 'timeout') stream.setTimeout((form % 3) * 60000);
    else if (name === 'cork' && !this.finished) {
      this.corked++;
      stream.cork();
    } else if (name === 'uncork' && this.corked > 0) {
      this.corked--;
      stream.uncork();
    } else if (name === 'read' && this.reader === 'readable') this.readSome(1 + (form % 5));
    // A pipe of an earlier connection would take what comes meanwhile.
    else if (name === 'unpipe' && this.sink !== null && this.isPiped && !this.isUsed) {
      this.isPiped = false;
      stream.unpipe(this.sink);
    } else if (name === 'pipe' && this.sink !== null && !this.isPiped) {
      this.isPiped = true;
      stream.pipe(this.sink);
    } else if (name === 'encoding') this.switchEncoding(form);
    else if (name === 'adopt') this.adopt();
    else if (name === 'look') this.look();
  }

  /** Only TCP has resets; node:tls hides the socket that could, and node:net fails with EINVAL after end(). */
  reset() {
    const mayReset = !this.isWrapped && !(this.isNodes && this.finished);
    let code;
    try {
      this.stream[mayReset ? 'resetAndDestroy' : 'destroy']();
    } catch (error) {
      ({ code } = error);
      this.stream.destroy();
    }
    const expected = mayReset && this.mayReset === 'never' ? 'ERR_INVALID_HANDLE_TYPE' : undefined;
    if (code !== expected) this.rule(`resetAndDestroy() threw ${code}`);
  }

  /** Only the page's contract can go back from an encoding to Buffers. */
  switchEncoding(form) {
    // Text that waits to be read stays in the encoding it was decoded to: then the data doesn't say which one it is.
    if (!this.isPage || this.reader !== 'data' || this.isText[1] || this.stream.readableLength > 0) return;
    const encoding = [null, 'latin1', 'hex', 'binary'][form % 4];
    // Once the end has been read, 'end' or not, the encoding before has shown all it will ever show.
    if (!this.stream._readableState.ended) this.encoding = encoding;
    this.stream.setEncoding(encoding);
  }

  /** A descriptor has one owner: a second stream for it can't be made in any thread, and the first one keeps it. */
  adopt() {
    const { fd } = this.stream;
    if (!this.isOurs || typeof fd !== 'number' || fd < 0 || this.stream.connecting) return;
    if (this.adopter !== null && !this.adopter.isRefused(fd)) this.rule('another thread can adopt the descriptor');
    try {
      new this.stream.constructor({ fd }).destroy();
      this.rule('a descriptor with two owners');
    } catch (error) {
      if (error.code !== 'EEXIST') this.rule(`adopting an owned descriptor failed with ${error.code}`);
    }
  }

  /** Properties may be read at any time. */
  look() {
    const { stream } = this;
    const { bytesRead, bytesWritten } = stream;
    if (!(bytesRead >= 0 && bytesWritten >= 0)) this.rule(`counters ${bytesRead}, ${bytesWritten}`);
    void [stream.readyState, stream.address(), stream.remoteAddress, stream.localPort, stream.pending, stream.timeout];
  }
}

module.exports = { End };
