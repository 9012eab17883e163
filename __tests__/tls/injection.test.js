'use strict';

// D22: "no byte that arrived in the clear is ever delivered after `setSecure`". Somebody on the way puts clear text
// before, into and after the switch, with the bytes cut at every place.

const { once } = require('events');
const nodeNet = require('net');
const tls = require('tls');
const net = require('../..');
const { destroyAtEnd, failure, listening, pair, record, settled } = require('../helpers');
const { CLIENT, SERVER, allSecure, meet, securePair, secureServer } = require('./ends');
const { clientHello, isAllRecords, records, tap, until } = require('./wire');

const INJECTED = 'RCPT TO:<victim>\n';

const TLS12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };

/** Both ends, ours and one of node:net, which sends what it is told without delay. */
async function againstRaw(role) {
  if (role === 'server') {
    const [raw, ours] = await pair({ client: nodeNet, clientOptions: { noDelay: true } });
    return [ours, raw];
  }
  return pair({ server: nodeNet, serverOptions: { noDelay: true } });
}

/** What `stream` has delivered so far, as one string. */
function delivery(stream) {
  const chunks = [];
  stream.on('data', (data) => chunks.push(data.toString('latin1')));
  return () => chunks.join('');
}

/** All cuts of `length` bytes into two. */
function cuts(length) {
  return Array.from({ length: length + 1 }, (_, i) => i);
}

/** Runs `attempt` for each of `all`, some at once. */
async function each(all, attempt) {
  for (let i = 0; i < all.length; i += 16) await Promise.all(all.slice(i, i + 16).map(attempt));
}

describe('D22: clear text behind the switch is never delivered', () => {
  const command = 'STARTTLS\n';

  /**
   * `ours` is asked for TLS and does it as soon as it has seen the whole line; the peer, or somebody on the way, sends
   * more, cut at `offset`. Resolves to what was delivered after the switch, and the error.
   */
  async function injected(role, offset, behind) {
    const [ours, raw] = await againstRaw(role);
    raw.on('error', () => {}).resume();
    let before = '';
    let after = '';
    ours.on('data', (data) => {
      if (ours.encrypted) {
        after += data.toString('latin1');
        return;
      }
      before += data.toString('latin1');
      if (before.includes(command)) ours.setSecure(role === 'server' ? SERVER : CLIENT);
    });
    const secured = record(ours, 'secure');
    const failing = failure(ours);
    const bytes = Buffer.concat([Buffer.from(command), behind]);
    raw.write(bytes.subarray(0, offset));
    await settled();
    raw.write(bytes.subarray(offset));
    if (offset < command.length || offset === bytes.length) {
      // The rest came along with the line and was delivered before the switch: that is for the application to see.
      await settled();
      raw.end();
    }
    const error = await failing;
    return { before, after, secured: secured.length, code: error.code };
  }

  test.each(['server', 'client'])('at every offset, %s', async (role) => {
    const behind = Buffer.from(INJECTED);
    await each(cuts(command.length + behind.length), async (offset) => {
      const { before, after, secured, code } = await injected(role, offset, behind);
      expect([after, secured]).toEqual(['', 0]);
      expect(before.startsWith(command)).toBe(true);
      expect(code).toMatch(/^ERR_SSL_|^ECONNRESET$/);
      // What came later than the line belongs to the handshake, which can't make anything of it.
      if (offset === command.length) expect([before, code]).toEqual([command, 'ERR_SSL_WRONG_VERSION_NUMBER']);
    });
  });

  // The buffer has room for the line and no more: what came with it waits.
  test.each([
    ['in the callback of `onread`', (ours) => ours.setSecure(SERVER), true],
    ['behind it, when that has said to stop', (ours) => void process.nextTick(() => ours.setSecure(SERVER)), false],
  ])('of what `onread` has not delivered, neither; %s', async (_, change, goesOn) => {
    const server = await listening(nodeNet.createServer());
    const delivered = [];
    const ours = destroyAtEnd(
      new net.Stream({
        onread: {
          buffer: Buffer.alloc(command.length),
          callback(length, buffer) {
            delivered.push(buffer.toString('latin1', 0, length));
            if (delivered.length > 1) return true;
            change(ours);
            return goesOn;
          },
        },
      }),
    );
    const failing = failure(ours);
    server.once('connection', (raw) => destroyAtEnd(raw).on('error', () => {}).write(command + INJECTED));
    ours.connect(server.address().port, '127.0.0.1');
    await settled();
    ours.resume();
    expect((await failing).code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(delivered).toEqual([command]);
  });

  test('in front of a good ClientHello: the handshake fails', async () => {
    const hello = await clientHello();
    const behind = Buffer.concat([Buffer.from(INJECTED), hello]);
    await each(cuts(INJECTED.length), async (offset) => {
      const [ours, raw] = await againstRaw('server');
      raw.on('error', () => {}).resume();
      const delivered = delivery(ours);
      const secured = record(ours, 'secure');
      // As soon as a few bytes are no record.
      const failing = failure(ours);
      ours.setSecure(SERVER);
      raw.write(behind.subarray(0, offset));
      await settled();
      raw.write(behind.subarray(offset));
      expect((await failing).code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
      expect([delivered(), secured]).toEqual(['', []]);
    });
  });

  test.each([
    ['TLS 1.2', TLS12],
    ['TLS 1.3', {}],
  ])('between the records of a handshake, after each of them, %s: it fails', async (_, versions) => {
    // The server's first flight has so many records; after each of them somebody says something in the clear.
    const server = await listening(tls.createServer({ ...SERVER, ...versions }));
    server.on('connection', destroyAtEnd).on('tlsClientError', () => {});
    let flight = 0;
    let position = 0;
    do {
      const between = await listening(nodeNet.createServer());
      between.on('connection', async (front) => {
        const back = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
        destroyAtEnd(front).on('error', () => {}).on('data', (data) => back.write(data));
        back.on('error', () => {}).on('close', () => front.destroy());
        const bytes = await until(back, isAllRecords);
        const found = records(bytes);
        flight = found.length;
        const { at, length } = found[position];
        const end = at + 5 + length;
        front.write(Buffer.concat([bytes.subarray(0, end), Buffer.from(INJECTED), bytes.subarray(end)]));
      });
      const client = destroyAtEnd(net.connect(between.address().port, '127.0.0.1'));
      const delivered = delivery(client);
      client.setSecure(CLIENT);
      const error = await failure(client);
      expect(error.code).toMatch(/^ERR_SSL_/);
      expect(delivered()).toBe('');
    } while (++position < flight);
    expect(position).toBeGreaterThan(0);
  });

  test.each(['up', 'down'])('after \'secure\', between records: the stream fails, and delivers what came before only: %s', async (direction) => {
    const record = Buffer.concat([Buffer.from([23, 3, 3, 0, INJECTED.length]), Buffer.from(INJECTED)]);
    for (const bytes of [Buffer.from(INJECTED), record]) {
      const server = await secureServer();
      const between = await tap(server);
      const ends = await meet(server, between);
      const [from, to] = direction === 'up' ? ends : ends.toReversed();
      from.on('error', () => {});
      const delivered = delivery(to);
      from.write('good');
      await once(to, 'data');
      between.send(direction, bytes);
      expect((await failure(to)).code).toMatch(/^ERR_SSL_/);
      expect(delivered()).toBe('good');
    }
  });
});

describe('D22: clear text before the switch', () => {
  test.each(['server', 'client'])('that was received and not delivered belongs to the handshake, which fails: %s', async (role) => {
    const text = 'in the clear\n';
    for (const hold of ['pause', 'readable', 'setEncoding']) {
      for (let taken = 0; taken < text.length; taken += 4) {
        const [ours, raw] = await againstRaw(role);
        raw.on('error', () => {}).resume();
        if (hold === 'pause') ours.pause();
        if (hold === 'setEncoding') ours.setEncoding('utf8');
        if (hold !== 'pause') ours.on('readable', () => {});
        raw.write(text);
        if (hold === 'pause') await settled();
        else await once(ours, 'readable');
        if (taken > 0 && hold !== 'pause') expect(ours.read(taken)?.toString()).toBe(text.slice(0, taken));
        ours.setSecure(role === 'server' ? SERVER : CLIENT);
        expect(ours.read()).toBeNull();
        const delivered = delivery(ours);
        expect((await failure(ours)).code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
        expect(delivered()).toBe('');
      }
    }
  });

  // Streams are read from together, and told of what they have received one by one.
  test.each(['readable', 'setEncoding', 'data'])('that comes along with what others receive, too, where it is read by %s', async (way) => {
    const server = await listening(net.createServer());
    const accepted = [];
    const raws = [];
    for (let i = 0; i < 4; i++) {
      const connection = once(server, 'connection');
      raws.push(destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1')));
      accepted.push(destroyAtEnd((await connection)[0]));
    }
    const [first, ...others] = accepted;
    const heard = others.map((stream) => {
      if (way === 'setEncoding') stream.setEncoding('utf8');
      return way === 'readable' ? record(stream.on('readable', () => {}), 'readable') : record(stream, 'data');
    });
    first.once('data', () => others.forEach((stream) => stream.setSecure(SERVER)));
    const hello = await clientHello();
    const [good, bad, cut] = raws.slice(1);
    const failing = failure(others[1]);
    // At once, so that it is all there in one turn of the loop; the first has been the first to be there.
    raws[0].write('go');
    good.write(hello);
    bad.write('in the clear');
    cut.write(hello.subarray(0, 100));
    const [answer] = await once(good, 'data');
    expect(answer[0]).toBe(22);
    cut.write(hello.subarray(100));
    expect((await once(cut, 'data'))[0][0]).toBe(22);
    expect((await failing).code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(heard).toEqual([[], [], []]);
  });

  test('that was put back by unshift() is not delivered either', async () => {
    const [ours, raw] = await againstRaw('server');
    raw.on('error', () => {}).resume();
    raw.write('STARTTLS\nMAIL\n');
    const [data] = await once(ours.on('end', () => {}), 'data');
    ours.pause();
    ours.unshift(data.subarray(9));
    ours.setSecure(SERVER);
    const delivered = delivery(ours);
    ours.resume();
    expect((await failure(ours)).code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(delivered()).toBe('');
  });

  test('that has been delivered is followed by what is encrypted, at every place where the flight may be cut', async () => {
    const line = Buffer.from('STARTTLS\n');
    const server = await listening(net.createServer());
    const received = [];
    server.on('connection', (stream) => {
      let text = '';
      destroyAtEnd(stream).on('data', (data) => {
        text += data.toString('latin1');
        if (text === 'STARTTLS\n') stream.write('go\n');
        if (text === 'STARTTLS\n') stream.setSecure(SERVER);
      });
      stream.on('end', () => received.push(text));
    });
    await each(cuts(line.length), async (offset) => {
      const raw = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
      raw.write(line.subarray(0, offset));
      await settled();
      raw.write(line.subarray(offset));
      const [go] = await once(raw, 'data');
      expect(go.toString()).toBe('go\n');
      const secure = destroyAtEnd(tls.connect({ socket: raw, rejectUnauthorized: false }));
      secure.end('secret');
      await once(secure.resume(), 'close');
    });
    expect(new Set(received)).toEqual(new Set(['STARTTLS\nsecret']));
    expect(received.length).toBe(line.length + 1);
  });

  test('what our side writes is never sent in the clear after the switch', async () => {
    const [ours, raw] = await againstRaw('server');
    let sent = Buffer.alloc(0);
    raw.on('data', (data) => (sent = Buffer.concat([sent, data])));
    ours.write('go\n');
    ours.setSecure(SERVER);
    ours.write('secret one');
    ours.end('secret two');
    raw.write('no hello');
    await failure(ours);
    if (!raw.destroyed) await once(raw.on('error', () => {}), 'close');
    expect(sent.includes('secret')).toBe(false);
    expect(sent.subarray(0, 3).toString()).toBe('go\n');
  });
});

test('a stream that is secure delivers what its peer has encrypted, and the raw bytes to nobody', async () => {
  const [client, accepted] = await securePair();
  const delivered = delivery(accepted);
  client.end('secret');
  await once(accepted, 'end');
  expect(delivered()).toBe('secret');
  const [one, other] = await pair();
  const early = delivery(other);
  const hello = once(other, 'data');
  one.setSecure(CLIENT);
  await hello;
  // Without setSecure on this side, it is the ClientHello that comes.
  expect(records(Buffer.from(early(), 'latin1')).length).toBe(1);
  expect(() => other.setSecure(SERVER)).not.toThrow();
  one.on('error', () => {});
  other.on('error', () => {});
  expect(await Promise.race([allSecure(one, other).then(() => 'secure'), settled().then(settled).then(() => 'not')])).toBe('not');
});
