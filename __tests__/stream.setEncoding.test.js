'use strict';

// Section "stream.setEncoding" of the `net` page, and D15.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { collect, pair, record, settled, thrown } = require('./helpers');

/** Characters of one to four bytes in UTF-8, some of them two units long. */
const TEXT = 'a é ß € 𝄞 日本 😀 z';

/** Sends `parts` one by one, each seen by the other end before the next is sent. */
async function sendSplit(client, accepted, parts) {
  let sent = 0;
  for (const part of parts) {
    sent += part.length;
    client.write(part);
    while (accepted.bytesRead < sent) await settled();
  }
}

/** All strings that an accepted stream with `encoding` receives, sent as `parts`. */
async function receiveSplit(encoding, parts) {
  const [client, accepted] = await pair({ client: nodeNet, accept: (stream) => stream.setEncoding(encoding) });
  const chunks = [];
  accepted.on('data', (chunk) => chunks.push(chunk));
  const end = once(accepted, 'end');
  await sendSplit(client, accepted, parts);
  client.end();
  await end;
  return chunks;
}

/** `bytes` in two parts, for each place where they can be parted. */
function splits(bytes) {
  return Array.from({ length: bytes.length - 1 }, (_, i) => [bytes.subarray(0, i + 1), bytes.subarray(i + 1)]);
}

describe('stream.setEncoding(encoding=null)', () => {
  test.each([
    ['ascii', Buffer.from([0x41, 0xe9, 0x7f]), 'Ai\x7f'],
    ['utf8', Buffer.from(TEXT), TEXT],
    ['base64', Buffer.from([0xff, 0xfe, 0x00, 0x01]), '//4AAQ=='],
  ])('"Sets the encoding (either \'ascii\', \'utf8\', or \'base64\') for data that is received." (%s)', async (encoding, bytes, text) => {
    const chunks = await receiveSplit(encoding, [bytes]);
    expect(chunks.every((chunk) => typeof chunk === 'string')).toBe(true);
    expect(chunks.join('')).toBe(text);
  });

  test('without an encoding, data are Buffers', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.end(TEXT);
    expect(await collect(accepted)).toEqual(Buffer.from(TEXT));
  });

  test('it gives the stream back', () => {
    const stream = new net.Stream();
    expect(stream.setEncoding('utf8')).toBe(stream);
    expect(stream.setEncoding(null)).toBe(stream);
    expect(stream.setEncoding()).toBe(stream);
  });

  test.each([
    ['hex', [0x00, 0xab], '00ab'],
    ['latin1', [0x41, 0xe9], 'Aé'],
    ['utf16le', [0x41, 0x00, 0xe9, 0x00], 'Aé'],
    ['ucs2', [0x41, 0x00], 'A'],
    ['base64url', [0xff, 0xfe, 0x00], '__4A'],
    ['utf-8', [0xc3, 0xa9], 'é'],
  ])('D15: every encoding of Buffer (%s)', async (encoding, bytes, text) => {
    expect((await receiveSplit(encoding, [Buffer.from(bytes)])).join('')).toBe(text);
  });

  test.each([
    ['UTF8', [0xc3, 0xa9], 'é'],
    ['ASCII', [0x41], 'A'],
    ['Base64', [0x00], 'AA=='],
    ['binary', [0xe9], 'é'],
  ])('D28: encodings in capitals and \'binary\' (%s)', async (encoding, bytes, text) => {
    expect((await receiveSplit(encoding, [Buffer.from(bytes)])).join('')).toBe(text);
  });

  test('on a client, before it connects', async () => {
    const [client, accepted] = await pair({ server: nodeNet });
    client.setEncoding('utf8');
    accepted.end(TEXT);
    expect(await collect(client)).toBe(TEXT);
  });
});

describe('D15: "multi-byte characters and base64 groups that are split between packets arrive whole"', () => {
  /** Sends `bytes` split at every offset, over one connection each; what arrives is `text`, whole. */
  async function expectWhole(encoding, bytes, text) {
    for (const parts of splits(bytes)) {
      const chunks = await receiveSplit(encoding, parts);
      expect([parts[0].length, chunks.join('')]).toEqual([parts[0].length, text]);
      expect(chunks.join('')).not.toContain('\ufffd');
    }
  }

  test('UTF-8, split at every offset', () => expectWhole('utf8', Buffer.from('aé€𝄞'), 'aé€𝄞'));

  test('UTF-16, split at every offset', () => expectWhole('utf16le', Buffer.from('a€𝄞', 'utf16le'), 'a€𝄞'));

  test('base64, split at every offset', () =>
    expectWhole('base64', Buffer.from('seven b'), Buffer.from('seven b').toString('base64')));

  test('base64url, split at every offset', () =>
    expectWhole('base64url', Buffer.from([251, 255, 191, 0]), Buffer.from([251, 255, 191, 0]).toString('base64url')));

  test.each(['utf8', 'utf16le', 'base64', 'hex'])('%s, byte by byte', async (encoding) => {
    const bytes = Buffer.from(TEXT, encoding === 'utf16le' ? 'utf16le' : 'utf8');
    const parts = Array.from(bytes, (byte) => Buffer.from([byte]));
    const chunks = await receiveSplit(encoding, parts);
    expect(chunks.join('')).toBe(bytes.toString(encoding));
    // No chunk is empty, and none ends in half a character.
    for (const chunk of chunks) {
      expect(chunk.length).toBeGreaterThan(0);
      expect(chunk).toBe(chunk.toWellFormed?.() ?? chunk);
    }
  });

  test('what is still incomplete at the end is told with the end', async () => {
    expect((await receiveSplit('utf8', [Buffer.from([0x41, 0xe2, 0x82])])).join('')).toBe('A\ufffd');
    expect((await receiveSplit('base64', [Buffer.from('abcd')])).join('')).toBe('YWJjZA==');
  });
});

describe('D15: "setEncoding(null) goes back to Buffers"', () => {
  test('what is received from then on is Buffers', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.setEncoding('utf8');
    client.write('text');
    expect(await once(accepted, 'data')).toEqual(['text']);
    accepted.setEncoding(null);
    client.write('bytes');
    expect(await once(accepted, 'data')).toEqual([Buffer.from('bytes')]);
    accepted.setEncoding('base64');
    client.write('abc');
    expect(await once(accepted, 'data')).toEqual(['YWJj']);
  });

  test('the default of the argument is null', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.setEncoding('utf8');
    accepted.setEncoding();
    client.write('bytes');
    expect(await once(accepted, 'data')).toEqual([Buffer.from('bytes')]);
  });

  test.each([
    ['utf8', Buffer.from('a€')],
    ['utf8', Buffer.from('a𝄞')],
    ['utf16le', Buffer.from('a𝄞', 'utf16le')],
    ['base64', Buffer.from('seven b')],
  ])('in mid-stream, with a partial character: every byte arrives once (%s, %j)', async (encoding, bytes) => {
    for (const [first, second] of splits(bytes)) {
      const [client, accepted] = await pair({ client: nodeNet, accept: (stream) => stream.setEncoding(encoding) });
      const received = [];
      accepted.on('data', (chunk) => {
        received.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      });
      const end = once(accepted, 'end');
      await sendSplit(client, accepted, [first]);
      accepted.setEncoding(null);
      await sendSplit(client, accepted, []);
      client.end(second);
      await end;
      expect([first.length, Buffer.concat(received)]).toEqual([first.length, bytes]);
    }
  });

  test.each(['utf8', 'ascii', 'utf16le', 'base64', 'hex'])('of data that wait to be read and are no text, not a byte is lost: %s', async (encoding) => {
    const bytes = Buffer.from('ff41c3a9f09f98d8e2820080fe62', 'hex');
    for (const taken of [0, 1, 2]) {
      const [client, accepted] = await pair({ client: nodeNet, accept: (stream) => stream.on('readable', () => {}) });
      accepted.setEncoding(encoding);
      let readable = once(accepted, 'readable');
      client.write(bytes.subarray(0, 5));
      await readable;
      const text = taken === 0 ? '' : accepted.read(taken);
      readable = once(accepted, 'readable');
      client.write(bytes.subarray(5));
      await readable;
      await settled();
      accepted.setEncoding(null);
      const rest = accepted.read();
      expect(bytes.subarray(bytes.length - rest.length).equals(rest)).toBe(true);
      const before = bytes.subarray(0, bytes.length - rest.length);
      // A group of base64 and a pair of UTF-16 count as delivered with their first character.
      expect(before.toString(encoding).startsWith(text)).toBe(true);
      expect(before.length).toBeLessThanOrEqual(3 * taken);
    }
  });

  test('of data that wait to be read: they become Buffers again', async () => {
    const [client, accepted] = await pair({
      client: nodeNet,
      accept: (stream) => {
        stream.setEncoding('utf8');
        stream.on('readable', () => {});
      },
    });
    client.write(Buffer.from('wait €').subarray(0, 7));
    while (accepted.bytesRead < 7) await settled();
    accepted.setEncoding(null);
    expect(accepted.read()).toEqual(Buffer.from('wait €').subarray(0, 7));
  });

  test('an encoding that is set while data wait to be read is theirs, too', async () => {
    const [client, accepted] = await pair({
      client: nodeNet,
      accept: (stream) => stream.on('readable', () => {}),
    });
    client.write(Buffer.from('€uro').subarray(0, 4));
    while (accepted.bytesRead < 4) await settled();
    accepted.setEncoding('utf8');
    expect(accepted.read()).toBe('€u');
  });
});

describe('D15: "An unknown one throws ERR_UNKNOWN_ENCODING"', () => {
  test.each([['nope'], ['utf9'], [5], [{}], [true]])('%p, and the encoding stays', async (encoding) => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.setEncoding('utf8');
    expect(thrown(() => accepted.setEncoding(encoding)).code).toBe('ERR_UNKNOWN_ENCODING');
    const events = record(accepted, 'error');
    client.write('é');
    expect(await once(accepted, 'data')).toEqual(['é']);
    expect(events).toEqual([]);
  });
});

test.each(['latin1', 'hex', 'utf8', null])(
  'D15: a base64 group that is incomplete when the encoding becomes %s is delivered in that one, in a later tick',
  async (encoding) => {
    const [client, accepted] = await pair();
    const received = [];
    let isWithin = false;
    client.setEncoding('base64');
    client.on('data', (data) => {
      expect(isWithin).toBe(false);
      const current = client.readableEncoding;
      received.push(typeof data === 'string' ? Buffer.from(data, current) : data);
      if (received.length > 1) return;
      isWithin = true;
      client.setEncoding(encoding);
      isWithin = false;
    });
    accepted.end('seven b');
    await once(client, 'end');
    expect(Buffer.concat(received).toString()).toBe('seven b');
  },
);
