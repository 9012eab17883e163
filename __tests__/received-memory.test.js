'use strict';

// D29: a received Buffer owns its memory and nothing else's, and keeping it pins no more than twice its size. Written
// views may share their memory with other threads, or with each other.

const { execFileSync } = require('child_process');
const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const v8 = require('v8');
const vm = require('vm');
const { Random } = require('../fuzz/random');
const today = require('../node');
const { collect, destroyAtEnd, listening, pair } = require('./helpers');
const { securePair } = require('./tls/ends');

const MIB = 1 << 20;

/** Byte number n of what is sent is n modulo 251. */
function pattern(length) {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));
}

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

/** Bytes outside of the heap that are in use, after what is garbage. */
async function usedMemory() {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { arrayBuffers, external } = process.memoryUsage();
  return Math.max(arrayBuffers, external);
}

/** The next `count` bytes of `stream`, in the Buffers that come. */
async function receive(stream, count) {
  const chunks = [];
  let left = count;
  for await (const [chunk] of require('events').on(stream, 'data')) {
    chunks.push(chunk);
    left -= chunk.length;
    if (left <= 0) return chunks;
  }
}

/** A connection that `how` makes: `[client, accepted]`, both ours. */
const CONNECTIONS = [
  ['rust-net over TCP', () => pair()],
  ['rust-net/node over TCP', () => pair({ server: today, client: today })],
  ['rust-net over TLS', () => securePair()],
];

describe.each(CONNECTIONS)('D29: a received Buffer owns its memory and nothing else\'s: %s', (_, connected) => {
  test.each([1, 63, 64, 65, 300, 4096, 16 << 10, 100_000, 3 * MIB])('of a message of %d bytes', async (size) => {
    const [client, accepted] = await connected();
    const sent = pattern(size);
    const received = receive(accepted, size);
    client.write(sent);
    const chunks = await received;
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    const strays = chunks.filter(({ byteOffset, buffer, length }) => byteOffset !== 0 || buffer.byteLength !== length);
    expect(strays).toEqual([]);
    expect(structuredClone(chunks[0]).buffer.byteLength).toBe(chunks[0].length);
  });

  test('that is kept: 400 messages of a byte, and a peer that streams meanwhile', async () => {
    const [client, accepted] = await connected();
    const [loud, listener] = await connected();
    accepted.on('data', (data) => {
      kept.push(data);
      accepted.emit('kept');
    });
    listener.on('data', () => listener.emit('heard'));
    const kept = [];
    const block = Buffer.alloc(64 << 10);
    const round = async () => {
      const both = Promise.all([once(accepted, 'kept'), once(listener, 'heard')]);
      client.write('x', 'latin1');
      loud.write(block);
      await both;
    };
    for (let i = 0; i < 20; i++) await round();
    const before = await usedMemory();
    for (let i = 0; i < 400; i++) await round();
    const grown = (await usedMemory()) - before;
    expect(Buffer.concat(kept).toString()).toBe('x'.repeat(kept.length));
    expect(grown).toBeLessThan(MIB);
  });
});

test('D29: what Duplex keeps of idle peers is what they have sent, beside a peer that streams', async () => {
  const server = await listening(today.createServer());
  const accepted = [];
  server.on('connection', (stream) => accepted.push(destroyAtEnd(stream)));
  const clients = Array.from({ length: 300 }, () => destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1')));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  while (accepted.length < clients.length) await once(server, 'connection');
  const [loud, listener] = await pair({ server: today, client: nodeNet });
  listener.resume();
  const before = await usedMemory();
  for (const [i, client] of clients.entries()) {
    const readable = once(accepted[i], 'readable');
    client.write('x');
    const streamed = once(listener, 'data');
    loud.write(Buffer.alloc(64 << 10));
    await Promise.all([readable, streamed]);
  }
  expect((await usedMemory()) - before).toBeLessThan(MIB);
  expect(accepted.map((stream) => stream.readableLength)).toEqual(accepted.map(() => 1));
});

describe.each(['utf8', 'utf16le', 'base64', 'latin1', 'hex'])('D15: setEncoding(%j) and a reader that always leaves something', (encoding) => {
  test('keep the bytes of the text that waits, and setEncoding(null) turns these back', async () => {
    const [client, accepted] = await pair({ client: nodeNet, accept: (stream) => stream.on('readable', () => {}) });
    accepted.setEncoding(encoding);
    // Two, three and four bytes a character, and some that are no UTF-8.
    const piece = Buffer.concat([Buffer.from('aé€𝄞', 'utf8'), Buffer.from([0xff, 0xfe]), pattern(4084)]);
    const pieces = 2048;
    let text = '';
    const before = await usedMemory();
    const read = (async () => {
      for (let got = 0; ; ) {
        const { readableLength } = accepted;
        if (readableLength > 7) {
          const part = accepted.read(readableLength - 7);
          got += part.length;
          text = (text + part).slice(-64);
        } else if (accepted.bytesRead === piece.length * pieces) {
          return got;
        } else {
          await once(accepted, 'readable');
        }
      }
    })();
    for (let i = 0; i < pieces; i++) {
      if (!client.write(piece)) await once(client, 'drain');
    }
    await read;
    expect((await usedMemory()) - before).toBeLessThan(MIB);
    const waiting = accepted.readableLength;
    accepted.setEncoding(null);
    const rest = accepted.read();
    expect(rest.length).toBeLessThan(3 * waiting + 4);
    expect(rest.equals(piece.subarray(piece.length - rest.length))).toBe(true);
  });
});

test('D15: random reads, unshifts and encodings lose no byte of text that is turned back', async () => {
  const seed = Number(process.env.RUST_NET_SEED ?? 20101);
  const choices = new Random(seed);
  const random = (below) => choices.below(below);
  const accept = (stream) => stream.on('readable', () => {});
  const [client, accepted] = await pair({ server: today, client: nodeNet, accept });
  const characters = ['a', 'é', '€', '𝄞', '\n', 'ß'];
  let taken = Buffer.alloc(0);
  let sent = Buffer.alloc(0);
  for (let i = 0; i < 300; i++) {
    const message = Buffer.from(Array.from({ length: 1 + random(40) }, () => characters[random(characters.length)]).join(''));
    sent = Buffer.concat([sent, message]);
    const cut = random(message.length + 1);
    for (const part of [message.subarray(0, cut), message.subarray(cut)]) {
      if (part.length === 0) continue;
      client.write(part);
      const due = accepted.bytesRead + part.length;
      while (accepted.bytesRead < due) await new Promise((resolve) => setImmediate(resolve));
    }
    const action = random(4);
    if (action === 0) accepted.setEncoding('utf8');
    if (action === 1) accepted.setEncoding(null);
    // Bytes that end within a character are not text from there on.
    if (accepted.readableEncoding === null || accepted.readableLength === 0) continue;
    const part = accepted.read(1 + random(accepted.readableLength));
    // Half a surrogate pair can't be written down: whole characters only.
    const last = part.at(-1);
    const isSplit = last >= '\ud800' && last <= '\udbff';
    if (isSplit || action === 2) accepted.unshift(part);
    else taken = Buffer.concat([taken, Buffer.from(part)]);
  }
  accepted.setEncoding(null);
  const rest = accepted.read() ?? Buffer.alloc(0);
  expect({ seed, bytes: Buffer.concat([taken, rest]).equals(sent) }).toEqual({ seed, bytes: true });
});

test('D29: a decoder of the user\'s, who may keep what it decodes, gets memory of its own', async () => {
  const [client, accepted] = await pair();
  const kept = [];
  accepted.setEncoding('utf8');
  accepted._readableState.decoder = {
    write(chunk) {
      kept.push(chunk);
      return chunk.toString();
    },
    end: () => '',
  };
  const text = collect(accepted);
  for (const word of ['one', 'two', 'three']) {
    client.write(word, 'latin1');
    await once(accepted, 'data');
  }
  client.end();
  await text;
  expect(kept.join(' ')).toBe('one two three');
  expect(kept.map(({ buffer }) => buffer.byteLength)).toEqual([3, 3, 5]);
});

describe.each([['small', 100], ['large', 300_000]])('writes of views that are %s', (_, length) => {
  test('on a SharedArrayBuffer send what it holds', async () => {
    const [client, accepted] = await pair();
    const shared = new Uint8Array(new SharedArrayBuffer(length));
    shared.set(pattern(length));
    const received = collect(accepted);
    client.write(shared);
    client.end(Buffer.from(shared.buffer, 3, length - 3));
    expect((await received).equals(Buffer.concat([shared, shared.subarray(3)]))).toBe(true);
  });

  test('and the same one several times in one writev()', async () => {
    const [client, accepted] = await pair();
    const chunk = pattern(length);
    const received = collect(accepted);
    client.cork();
    for (let i = 0; i < 5; i++) client.write(chunk);
    client.uncork();
    client.end();
    expect((await received).equals(Buffer.concat(Array(5).fill(chunk)))).toBe(true);
  });
});

test('onread: what the callback has not taken is kept while others receive', async () => {
  const parts = [];
  const [client, accepted] = await pair({
    server: nodeNet,
    client: today,
    clientOptions: { onread: { buffer: Buffer.alloc(7), callback: (count, buffer) => {
      parts.push(Buffer.from(buffer.subarray(0, count)));
      client.pause();
      return false;
    } } },
  });
  const [loud, listener] = await pair({ server: today, client: nodeNet });
  listener.resume();
  const sent = pattern(5000);
  accepted.write(sent);
  while (Buffer.concat(parts).length < sent.length) {
    const heard = once(listener, 'data');
    loud.write(Buffer.alloc(50_000, 0xee));
    await heard;
    client.resume();
  }
  expect(Buffer.concat(parts).equals(sent)).toBe(true);
});

describe('what user code can replace shows none of the memory that the engine uses again', () => {
  test('a view that lies about its length sends what it holds', async () => {
    const [client, accepted] = await pair();
    const [other] = await pair();
    other.write('a secret of another connection', 'latin1');
    const chunk = Buffer.from('x');
    Object.defineProperty(chunk, 'byteLength', { value: 100 });
    const received = collect(accepted);
    client.write(chunk);
    client.end();
    expect((await received).toString()).toBe('x');
  });

  test('the global Uint8Array', async () => {
    const [client, accepted] = await pair();
    const sizes = [];
    const { Uint8Array: Original } = globalThis;
    globalThis.Uint8Array = class extends Original {
      constructor(...args) {
        super(...args);
        sizes.push(this.buffer.byteLength);
      }
    };
    try {
      client.write('hello', 'latin1');
      await once(accepted, 'data');
    } finally {
      globalThis.Uint8Array = Original;
    }
    expect(sizes.filter((size) => size > 8192)).toEqual([]);
  });

  test('a decoder that extends Node\'s', async () => {
    const [client, accepted] = await pair();
    const kept = [];
    accepted.setEncoding('utf8');
    const { write } = accepted._readableState.decoder;
    accepted._readableState.decoder.write = function (chunk) {
      kept.push(chunk.buffer.byteLength);
      return write.call(this, chunk);
    };
    client.write('hello', 'latin1');
    await once(accepted, 'data');
    expect(kept).toEqual([5]);
  });

  test('a push() of the user\'s gets Buffers, also with an encoding', async () => {
    const [client, accepted] = await pair();
    const pushed = [];
    accepted.setEncoding('utf8');
    accepted.push = function (chunk, encoding) {
      pushed.push(chunk);
      return today.Socket.prototype.push.call(this, chunk, encoding);
    };
    client.end('hello', 'latin1');
    await once(accepted, 'end');
    expect(pushed.map((chunk) => chunk?.buffer.byteLength)).toEqual([5, undefined]);
  });
});

test('D15: text that a listener puts back is what it has put back', async () => {
  const [client, accepted] = await pair({ server: today, client: nodeNet });
  accepted.setEncoding('utf8');
  const read = new Promise((resolve) => {
    accepted.once('data', () => {
      accepted.pause();
      accepted.unshift('XYZ');
      setImmediate(() => resolve(accepted.setEncoding(null).read()));
    });
  });
  client.write('hello world');
  expect((await read).toString()).toBe('XYZ');
});

/** Prints what an `onread` callback that throws once has received, in a process of its own. */
const THROWS_ONCE = `
  process.on('uncaughtException', ({ message }) => console.log(message));
  const server = require('net').createServer((stream) => stream.end('abcdefghijkl')).listen(0, '127.0.0.1', () => {
    let text = '';
    const callback = (count, buffer) => {
      text += buffer.latin1Slice(0, count);
      if (text === 'abcd') throw new Error('on purpose');
      return true;
    };
    const options = { port: server.address().port, host: '127.0.0.1', onread: { buffer: Buffer.alloc(4), callback } };
    require(process.argv[1]).connect(options).on('close', () => {
      server.close();
      console.log(text);
    });
  });
`;

test.each(['net', path.join(__dirname, '..', 'node.js')])('onread: what is behind an exception is delivered: %s', (module) => {
  const printed = execFileSync(process.execPath, ['-e', THROWS_ONCE, module], { encoding: 'utf8' });
  expect(printed).toBe('on purpose\nabcdefghijkl\n');
});
