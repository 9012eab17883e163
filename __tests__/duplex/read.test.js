'use strict';

// "net.Stream instance implement a duplex stream interface": the readable side.

const { once } = require('events');
const v8 = require('v8');
const { collect, listening, nextTick, pair, settled } = require('../helpers');
const net = require('../..');

/** What the kernel gives in one read. */
const ONE_READ = 64 * 1024;

test('\'readable\' and read(n) give exactly what is asked for', async () => {
  const [client, accepted] = await pair({ accept: (stream) => stream.on('readable', () => {}) });
  client.write('0123456789', 'latin1');
  await once(accepted, 'readable');
  expect(accepted.read(4).toString()).toBe('0123');
  expect(accepted.read(1).toString()).toBe('4');
  expect(accepted.read(100)).toBe(null);
  client.end('ab', 'latin1');
  let rest = '';
  accepted.on('readable', () => {
    for (let chunk; (chunk = accepted.read()) !== null;) rest += chunk;
  });
  rest += accepted.read() ?? '';
  await once(accepted, 'end');
  expect(rest).toBe('56789ab');
});

test('read(n) beyond the high-water mark waits until so much is there', async () => {
  const [client, accepted] = await pair({ accept: (stream) => stream.on('readable', () => {}) });
  client.write(Buffer.alloc(200_000, 'x'));
  let record = null;
  while (record === null) {
    record = accepted.read(150_000);
    if (record === null) await once(accepted, 'readable');
  }
  expect(record.length).toBe(150_000);
});

test('unshift() puts bytes back in front, in \'data\' too', async () => {
  const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
  accepted.once('data', (data) => {
    accepted.pause();
    accepted.unshift(data.subarray(3));
    accepted.unshift(Buffer.from('<'));
  });
  accepted.resume();
  client.end('abcdef', 'latin1');
  await once(accepted, 'data');
  await nextTick();
  accepted.resume();
  expect((await collect(accepted)).toString()).toBe('<def');
});

describe('for await', () => {
  test('gives every byte and ends with the stream', async () => {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    const sent = Buffer.alloc(1_000_000, 'for await ');
    client.end(sent);
    const chunks = [];
    for await (const chunk of accepted) {
      chunks.push(chunk);
      await null;
    }
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  test('D2: begun in the connection listener it misses nothing', async () => {
    const sent = 'said at once';
    const heard = new Promise((resolve) => {
      const server = net.createServer(async (stream) => {
        let text = '';
        for await (const chunk of stream) text += chunk;
        resolve(text);
      });
      listening(server).then(() => net.connect(server.address().port, '127.0.0.1').end(sent, 'latin1'));
    });
    expect(await heard).toBe(sent);
  });

  test('break destroys the stream', async () => {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    const ended = once(client.resume(), 'close');
    client.write('x', 'latin1');
    for await (const chunk of accepted) {
      expect(chunk.toString()).toBe('x');
      break;
    }
    expect(accepted.destroyed).toBe(true);
    await ended;
  });

  test('an exception in the body destroys the stream and comes out', async () => {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    accepted.on('error', () => {});
    client.write('x', 'latin1');
    await expect((async () => {
      for await (const chunk of accepted) throw new Error(`no ${chunk}`);
    })()).rejects.toThrow('no x');
    expect(accepted.destroyed).toBe(true);
  });

  test('a reset comes out as the error', async () => {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    client.resetAndDestroy();
    await expect((async () => {
      for await (const chunk of accepted) expect(chunk).toBeUndefined();
    })()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('setEncoding() gives whole characters, however they are split', async () => {
    const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
    accepted.setEncoding('utf8');
    const sent = '\u20ac\ud83d\ude00\u00e9'.repeat(50_000);
    const bytes = Buffer.from(sent);
    for (let at = 0; at < bytes.length; at += 7777) client.write(bytes.subarray(at, at + 7777));
    client.end();
    let heard = '';
    for await (const chunk of accepted) heard += chunk;
    expect(heard === sent).toBe(true);
  });
});

describe('highWaterMark', () => {
  const SMALL = 1000;

  test.each([
    ['an accepted stream has that of createServer()', { serverOptions: { highWaterMark: SMALL } }, 1],
    ['a client has its own', { clientOptions: { highWaterMark: SMALL } }, 0],
  ])('%s', async (name, options, end) => {
    const stream = (await pair(options))[end];
    expect([stream.readableHighWaterMark, stream.writableHighWaterMark]).toEqual([SMALL, SMALL]);
  });

  test('readableHighWaterMark and writableHighWaterMark of a client differ if told so', async () => {
    const [client] = await pair({ clientOptions: { readableHighWaterMark: 10, writableHighWaterMark: 20 } });
    expect([client.readableHighWaterMark, client.writableHighWaterMark]).toEqual([10, 20]);
  });

  test('a stream whose reader has stopped takes no more than the mark and one read', async () => {
    const options = { serverOptions: { highWaterMark: SMALL }, accept: (stream) => stream.on('readable', () => {}) };
    const [client, accepted] = await pair(options);
    client.write(Buffer.alloc(10_000_000));
    await once(accepted, 'readable');
    await settled();
    expect(accepted.readableLength).toBeGreaterThan(0);
    expect(accepted.readableLength).toBeLessThan(SMALL + ONE_READ);
    expect(accepted.bytesRead).toBe(accepted.readableLength);
  });
});

test('a Buffer that was received is the receiver\'s: changing it changes no other', async () => {
  const [client, accepted] = await pair();
  const chunks = [];
  accepted.on('data', (data) => {
    chunks.push(Buffer.from(data));
    data.fill(0xff);
    accepted.write('y', 'latin1');
  });
  client.once('data', () => client.end());
  client.write('x', 'latin1');
  await once(accepted, 'end');
  expect(Buffer.concat(chunks).toString()).toBe('x');
});

test('a received Buffer keeps its bytes while thousands more arrive', async () => {
  const [client, accepted] = await pair();
  const sent = Buffer.alloc(4_000_000);
  for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
  const chunks = [];
  accepted.on('data', (data) => chunks.push(data));
  client.end(sent);
  await once(accepted, 'end');
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
});

/** What can take the memory of a Buffer away, or be refused. */
const WAYS = [
  ['structuredClone()', (buffer) => structuredClone(buffer, { transfer: [buffer] })],
  ['postMessage()', (buffer) => {
    const { port1 } = new MessageChannel();
    try {
      port1.postMessage(buffer, [buffer]);
    } finally {
      port1.close();
    }
  }],
];

/** An echo in twenty messages, while `disturb` gets the memory of each that has come. */
async function echoWhile(disturb) {
  const [client, accepted] = await pair();
  accepted.pipe(accepted);
  const chunks = [];
  client.on('data', (data) => {
    chunks.push(data.toString());
    disturb(data.buffer);
    if (chunks.length < 20) client.write(`<${chunks.length}>`, 'latin1');
    else client.end();
  });
  client.write('<0>', 'latin1');
  await once(client, 'close');
  expect(chunks.join('')).toBe(Array.from({ length: 20 }, (_, i) => `<${i}>`).join(''));
}

describe.each(WAYS)('received data whose memory is given away by %s', (name, giveAway) => {
  /** It may be refused, as it is for the Buffers of Node's pool. */
  function attempt(buffer) {
    try {
      giveAway(buffer);
    } catch (error) {
      expect(error.code).toBe(25); // DataCloneError
    }
  }

  test('what streams receive afterwards is whole', async () => {
    await echoWhile(attempt);
  });

  test('what other streams have received, and will, is whole', async () => {
    const [first, atFirst] = await pair();
    const [second, atSecond] = await pair();
    const [third, atThird] = await pair({ accept: (stream) => stream.on('readable', () => {}) });
    const heard = collect(atSecond);
    atFirst.on('data', ({ buffer }) => attempt(buffer));
    for (let i = 0; i < 50; i++) {
      third.write('held ', 'latin1');
      second.write('keep ', 'latin1');
      first.write('spoil', 'latin1');
      await new Promise((resolve) => setImmediate(resolve));
    }
    second.end();
    expect((await heard).toString()).toBe('keep '.repeat(50));
    third.end();
    let held = '';
    for await (const chunk of atThird) held += chunk;
    expect(held).toBe('held '.repeat(50));
  });
});

// Node 20 has no transfer(), and Node 26 refuses it here; then the echo must be whole all the same.
test('what is received after ArrayBuffer.prototype.transfer() of what was received is whole', async () => {
  await echoWhile((buffer) => {
    try {
      buffer.transfer?.();
    } catch (error) {
      expect(error.name).toBe('TypeError');
    }
  });
});

/** Takes the memory of `buffer` away, on every Node. */
function detach(buffer) {
  v8.setFlagsFromString('--allow-natives-syntax');
  new Function('buffer', '%ArrayBufferDetach(buffer)')(buffer);
  v8.setFlagsFromString('--no-allow-natives-syntax');
}

test.each([
  ['an event', (then) => then()],
  ['its tick', process.nextTick],
])('D29: memory that is taken away in %s is that of one message, and of no other stream', async (_, when) => {
  const pairs = await Promise.all(Array.from({ length: 8 }, () => pair()));
  const heard = pairs.map(async ([, accepted]) => {
    let text = '';
    accepted.on('data', (data) => {
      text += data;
      when(() => detach(data.buffer));
    });
    await once(accepted, 'close');
    return text;
  });
  for (const [client] of pairs) client.write('first', 'latin1');
  await Promise.all(pairs.map(([, accepted]) => once(accepted, 'data')));
  for (const [client] of pairs) client.end('last', 'latin1');
  expect(await Promise.all(heard)).toEqual(pairs.map(() => 'firstlast'));
});
