'use strict';

// "net.Stream instance implement a duplex stream interface": the writable side. What is written arrives, once, whole
// and in order, whatever it is written with and wherever it is written from.

const { once } = require('events');
const path = require('path');
const net = require('../..');
const { collect, destroyAtEnd, listening, pair, scratch, settled } = require('../helpers');

/** More than the kernel takes at once. */
const HUGE = 30_000_000;

describe('cork() and uncork()', () => {
  test('gather all into one writev, in order', async () => {
    const calls = [];
    class Watched extends net.Stream {
      _write(chunk, encoding, callback) {
        calls.push(1);
        super._write(chunk, encoding, callback);
      }

      _writev(chunks, callback) {
        calls.push(chunks.length);
        super._writev(chunks, callback);
      }
    }
    const server = await listening(net.createServer());
    const heard = once(server, 'connection').then(([stream]) => collect(stream));
    const client = destroyAtEnd(new Watched());
    client.connect(server.address().port, '127.0.0.1');
    await once(client, 'connect');
    client.cork();
    client.cork();
    client.write('a\u00e9', 'utf8');
    client.write(Buffer.from('b'));
    client.write('Yw==', 'base64');
    client.write('', 'latin1');
    client.uncork();
    expect(calls).toEqual([]);
    expect(client.writableLength).toBeGreaterThan(0);
    client.write('d', 'latin1');
    client.uncork();
    expect(calls).toEqual([5]);
    client.end('e', 'latin1');
    expect((await heard).toString()).toBe('a\u00e9bcde');
  });

  test.each([1023, 1024, 1025, 2048, 5000])('%d Buffers arrive, and twice as well', async (count) => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    const parts = Array.from({ length: count }, (_, i) => Buffer.from(`${i},`.padStart(10)));
    for (let round = 0; round < 2; round++) {
      client.cork();
      for (const part of parts) client.write(part);
      client.uncork();
      await new Promise((resolve) => client.write('\n', 'latin1', resolve));
    }
    client.end();
    const expected = `${Buffer.concat(parts)}\n`;
    expect((await heard).toString()).toBe(expected + expected);
  });

  test('thousands of writes behind one that waits arrive when there is room, though nobody sends to us', async () => {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    const head = Buffer.alloc(HUGE, 'h');
    client.write(head);
    const parts = Array.from({ length: 3000 }, (_, i) => Buffer.from(`${i};`));
    for (const part of parts) client.write(part);
    client.end();
    const heard = await collect(accepted.resume());
    expect(heard.length).toBe(HUGE + Buffer.concat(parts).length);
    expect(heard.subarray(HUGE).toString()).toBe(Buffer.concat(parts).toString());
  });

  test('end() uncorks', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    client.cork();
    client.write('one ', 'latin1');
    client.end('two', 'latin1');
    expect((await heard).toString()).toBe('one two');
  });

  test('cork() before \'connect\'', async () => {
    const server = await listening(net.createServer());
    const heard = once(server, 'connection').then(([stream]) => collect(stream));
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    client.cork();
    client.write('', 'latin1');
    client.write(Buffer.from('one '));
    client.write(Buffer.alloc(0));
    client.write('two', 'latin1');
    client.uncork();
    client.end();
    expect((await heard).toString()).toBe('one two');
  });
});

/** What calls a function in another phase of the loop. */
const SCHEDULERS = {
  nextTick: process.nextTick,
  microtask: queueMicrotask,
  immediate: setImmediate,
  timer: setTimeout,
};

/** Phases of the first four turns, each by the schedulers that lead there: each is called in the one before. */
const PHASES = [0, 1, 2, 3].flatMap((turns) => {
  const turn = Array(turns).fill('immediate');
  const within = [[], ['nextTick'], ['microtask'], ['immediate'], ['immediate', 'nextTick'], ['timer'], ['timer', 'microtask']];
  return within.map((phase) => [...turn, ...phase]);
});

/** Calls `run` in `phase`, and resolves after that. */
function inPhase([scheduler, ...rest], run) {
  if (scheduler === undefined) return run();
  return new Promise((resolve) => SCHEDULERS[scheduler](() => resolve(inPhase(rest, run))));
}

describe('order', () => {
  test('small strings, large Buffers and all encodings in one tick', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    const expected = [];
    const write = (chunk, encoding) => {
      client.write(chunk, encoding);
      expected.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk));
    };
    for (let i = 0; i < 300; i++) {
      write(`${i} `, 'latin1');
      write(`\u20ac\ud83d\ude00 ${i}`, 'utf8');
      write(Buffer.from(`[${i}]`));
      if (i % 50 === 7) write(Buffer.alloc(200_000, i));
      if (i % 50 === 9) write('long '.repeat(3000), 'ascii');
      if (i % 50 === 11) write('\u00e9'.repeat(4096), 'utf8');
      write(Buffer.from(`base ${i}`).toString('base64'), 'base64');
      write(Buffer.from(`url ${i}`).toString('base64url'), 'base64url');
      write(Buffer.from(`hex ${i}`).toString('hex'), 'hex');
      write(`ucs ${i}`, 'utf16le');
      write('', 'utf8');
      write(new Uint8Array([i & 0xff]));
    }
    client.end();
    expect((await heard).equals(Buffer.concat(expected))).toBe(true);
  });

  test('from every phase of the loop', async () => {
    const server = await listening(net.createServer());
    const connection = once(server, 'connection');
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    client.allowHalfOpen = true;
    const written = [];
    const write = (from) => {
      const size = written.length % 7 === 3 ? 20_000 : 5;
      const text = `${written.length}: ${from} `.padEnd(size, '.');
      written.push(text);
      client.write(text, 'latin1');
    };
    const writing = [];
    const writeInEveryPhase = (from) => {
      for (const phase of PHASES) writing.push(inPhase(phase, () => write([from, ...phase].join(' '))));
    };
    writeInEveryPhase('before');
    client.on('connect', () => writeInEveryPhase('connect'));
    client.on('data', () => writeInEveryPhase('data'));
    client.on('end', () => {
      writeInEveryPhase('end');
      Promise.all(writing).then(() => client.end());
    });
    const [accepted] = await connection;
    accepted.allowHalfOpen = true;
    const received = collect(accepted);
    accepted.write('go', 'latin1');
    await once(client, 'data');
    accepted.end();
    const text = (await received).toString('latin1');
    expect(written.length).toBe(4 * PHASES.length);
    expect(text === written.join('')).toBe(true);
  });

  test('callbacks come in the order of the writes, each once, before \'finish\'', async () => {
    const [client, accepted] = await pair();
    accepted.resume();
    const calls = [];
    for (let i = 0; i < 50; i++) {
      const chunk = i % 10 === 5 ? Buffer.alloc(3_000_000) : `${i}`;
      client.write(chunk, 'latin1', (error) => calls.push([i, error ?? null]));
    }
    client.end(() => calls.push(['end']));
    client.on('finish', () => calls.push(['finish']));
    await once(client, 'finish');
    const writes = Array.from({ length: 50 }, (_, i) => [i, null]);
    expect(calls).toEqual([...writes, ['end'], ['finish']]);
  });

  test('a callback never comes within its write()', async () => {
    const [client, accepted] = await pair();
    accepted.resume();
    for (const chunk of ['small', '', Buffer.alloc(0), Buffer.alloc(100_000)]) {
      let returned = false;
      await new Promise((resolve, reject) => {
        client.write(chunk, 'latin1', () => (returned ? resolve() : reject(new Error('Too early.'))));
        returned = true;
      });
    }
  });
});

describe('strings', () => {
  test('setDefaultEncoding()', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    client.setDefaultEncoding('utf8');
    client.write('\u20ac');
    client.setDefaultEncoding('hex');
    client.write('2f');
    client.setDefaultEncoding('UCS2');
    client.end('\u20ac');
    expect((await heard).toString('hex')).toBe('e282ac2fac20');
  });

  test('lone surrogates and half a byte of hex become what Buffer.from() makes of them', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    const parts = [['\ud83d', 'utf8'], ['a\ude00b', 'utf8'], ['abc', 'hex'], ['zz', 'hex'], ['\u0161', 'latin1']];
    client.cork();
    for (const [text, encoding] of parts) client.write(text, encoding);
    client.uncork();
    for (const [text, encoding] of parts) client.write(text, encoding);
    client.end();
    const bytes = Buffer.concat(parts.map(([text, encoding]) => Buffer.from(text, encoding)));
    expect((await heard).toString('hex')).toBe(Buffer.concat([bytes, bytes]).toString('hex'));
  });

  test.each([1, 2, 3, 4])('of every length around the limit of gathering, characters of %d bytes', async (width) => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    const character = ['', 'a', '\u00e9', '\u20ac', '\ud83d\ude00'][width];
    const expected = [];
    for (let length = 4090; length <= 4100; length++) {
      for (const text of [character.repeat(length), 'x' + character.repeat(length / width)]) {
        client.write(text, 'utf8');
        expected.push(text);
      }
    }
    client.end();
    expect((await heard).toString() === expected.join('')).toBe(true);
  });

  test('made in odd ways: ropes, slices, numbers as text, external strings', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    const long = Buffer.alloc(2_000_000, 'external ').toString('latin1');
    let rope = '';
    for (let i = 0; i < 1000; i++) rope += String(i);
    const parts = [long, long.slice(100, 3000), rope, rope.slice(7, 2000), String(12.5), String(Symbol.iterator)];
    for (const part of parts) client.write(part, 'latin1');
    client.end();
    expect((await heard).toString('latin1') === parts.join('')).toBe(true);
  });
});

describe('backpressure', () => {
  test('a server that pauses holds the client back: write() false, then one \'drain\'', async () => {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    do sent += chunk.length; while (client.write(chunk));
    expect(client.writableLength).toBeGreaterThan(0);
    expect(client.writableNeedDrain).toBe(true);
    let drains = 0;
    client.on('drain', () => drains++);
    await settled();
    expect(drains).toBe(0);
    accepted.resume();
    await once(client, 'drain');
    expect(client.writableLength).toBe(0);
    client.end();
    await once(accepted, 'end');
    expect(drains).toBe(1);
    expect(accepted.bytesRead).toBe(sent);
  });

  test('D12: "reports false before it holds more than its high-water mark", small writes of one tick', async () => {
    const highWaterMark = 4000;
    const [client] = await pair({ accept: (stream) => stream.pause(), clientOptions: { highWaterMark } });
    let told = true;
    // Fill the kernel, a little in each turn, so that it is gathered writes that meet the full kernel.
    while (told) {
      for (let i = 0; i < 100 && told; i++) told = client.write('x'.repeat(500), 'latin1');
      await new Promise((resolve) => setImmediate(resolve));
      if (told) expect(client.bufferSize).toBeLessThanOrEqual(highWaterMark);
    }
    expect(client.bufferSize).toBeLessThanOrEqual(highWaterMark + 500);
  });

  test('a pipe through three streams, the last one slow, loses nothing', async () => {
    const [client, first] = await pair();
    const [second, last] = await pair({ clientOptions: { highWaterMark: 1000 }, accept: (stream) => stream.pause() });
    first.pipe(second);
    const sent = Buffer.alloc(HUGE, 'slow pipe ');
    client.end(sent);
    const chunks = [];
    last.on('data', (data) => {
      chunks.push(data);
      last.pause();
      setImmediate(() => last.resume());
    });
    last.resume();
    await once(last, 'end');
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });
});

describe('destroy() and end() right behind a write', () => {
  const places = [
    ['tcp', () => [0, '127.0.0.1']],
    ['unix', () => [path.join(scratch(), 's')]],
  ];

  describe.each(places)('%s', (transport, where) => {
    /** What the other end receives if the client does `act` in 'connect'. */
    async function received(act) {
      const server = await listening(net.createServer(), ...where());
      const heard = once(server, 'connection').then(([stream]) => collect(stream));
      const address = server.address();
      const client = destroyAtEnd(transport === 'unix' ? net.connect(address) : net.connect(address.port, '127.0.0.1'));
      client.on('connect', () => act(client));
      return (await heard).toString('latin1');
    }

    test('small writes', async () => {
      expect(await received((client) => {
        client.write('one ', 'latin1');
        client.write(Buffer.from('two '));
        client.write('three', 'utf8');
        client.destroy();
      })).toBe('one two three');
    });

    test('small writes behind a large one that the kernel takes', async () => {
      const text = await received((client) => {
        client.write('small ', 'latin1');
        client.write(Buffer.alloc(50_000, 'L'));
        client.write(' small', 'latin1');
        client.destroy();
      });
      expect(text).toBe(`small ${'L'.repeat(50_000)} small`);
    });

    test('in a later tick of the same turn, before the gathered has been sent', async () => {
      expect(await received((client) => {
        process.nextTick(() => client.write('tick', 'latin1'));
        process.nextTick(() => client.destroy());
      })).toBe('tick');
    });

    test('destroy(error)', async () => {
      expect(await received((client) => {
        client.on('error', () => {});
        client.write('last words', 'latin1');
        client.destroy(new Error('enough'));
      })).toBe('last words');
    });

    test('destroy() in the callback of end()', async () => {
      expect(await received((client) => {
        client.end('one', 'latin1', () => client.destroy());
      })).toBe('one');
    });
  });
});

test('the callback of a write that destroy() cuts short gets an error', async () => {
  const [client] = await pair({ accept: (stream) => stream.pause() });
  const outcomes = [Buffer.alloc(HUGE), 'behind'].map((chunk) => {
    return new Promise((resolve) => client.write(chunk, 'latin1', resolve));
  });
  client.destroy();
  const [cut, waiting] = await Promise.all(outcomes);
  expect(cut?.code).toMatch(/^(ERR_STREAM_DESTROYED|ECANCELED)$/);
  expect(waiting?.code).toMatch(/^(ERR_STREAM_DESTROYED|ECANCELED)$/);
});

describe('memory that is transferred away while its write waits', () => {
  /** A stream whose first write waits, because its peer does not read. */
  async function blocked() {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    return [client, accepted];
  }

  function transfer({ buffer }) {
    structuredClone(buffer, { transfer: [buffer] });
    expect(buffer.byteLength).toBe(0);
  }

  test('the write that is under way fails; nothing else is sent in its place', async () => {
    const [client, accepted] = await blocked();
    const chunk = new Uint8Array(HUGE).fill(1);
    const outcome = new Promise((resolve) => client.write(chunk, resolve));
    client.on('error', () => {});
    transfer(chunk);
    let other = 0;
    let total = 0;
    accepted.on('data', (data) => {
      total += data.length;
      for (const byte of data) if (byte !== 1) other++;
    });
    accepted.on('error', () => {});
    accepted.resume();
    expect(await outcome).toMatchObject({ code: 'ERR_INVALID_STATE' });
    expect(client.destroyed).toBe(true);
    await once(accepted, 'close');
    expect(other).toBe(0);
    expect(total).toBeLessThan(HUGE);
  });

  test('one in the middle of a writev: what is lost is not passed over in silence', async () => {
    const [client, accepted] = await blocked();
    const chunks = ['a', 'b', 'c'].map((letter) => new Uint8Array(HUGE).fill(letter.charCodeAt(0)));
    client.on('error', () => {});
    client.cork();
    const outcomes = chunks.map((chunk) => new Promise((resolve) => client.write(chunk, resolve)));
    client.uncork();
    transfer(chunks[1]);
    accepted.on('error', () => {});
    accepted.resume();
    const errors = await Promise.all(outcomes);
    expect(errors[1]).toMatchObject({ code: 'ERR_INVALID_STATE' });
    expect(client.destroyed).toBe(true);
  });

  test('before \'connect\'', async () => {
    const server = await listening(net.createServer((stream) => stream.resume()));
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    const chunk = new Uint8Array(100).fill(1);
    client.on('error', () => {});
    const outcome = new Promise((resolve) => client.write(chunk, resolve));
    transfer(chunk);
    expect(await outcome).toMatchObject({ code: 'ERR_INVALID_STATE' });
  });

  test('changing memory that a gathered write came from changes nothing', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    const chunk = Buffer.from('as it was');
    client.write(chunk);
    chunk.fill('!');
    client.end();
    expect((await heard).toString()).toBe('as it was');
  });
});
