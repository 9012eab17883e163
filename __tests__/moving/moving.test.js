'use strict';

// `detach()` and `attach()`: what a connection takes along, and when it can't be moved.

const { once } = require('events');
const http = require('http');
const net = require('../..');
const today = require('../../node');
const { collect, destroyAtEnd, listening, pair, settled, thrown } = require('../helpers');
const { SERVER, securePair } = require('../tls/ends');
const { KINDS } = require('./kinds');

/** What `postMessage()` makes of an object. */
const posted = (moved) => structuredClone(moved);

function reattach(stream, Class = net.Stream) {
  return destroyAtEnd(Class.attach(posted(stream.detach())));
}

describe.each(Object.entries(KINDS))('%s', (_name, [entry, kind, connect]) => {
  const Class = require(`../../${entry}`)[kind];

  test('what has been received and not read is taken along, and what follows comes behind it', async () => {
    const [client, accepted] = await connect();
    accepted.pause();
    accepted.unshift(Buffer.from('first '));
    const attached = reattach(accepted, Class);
    client.end('second');
    expect((await collect(attached)).toString()).toBe('first second');
  });

  test('what has been written and not sent is taken along, and counts as written', async () => {
    const [client, accepted] = await connect();
    const large = Buffer.alloc(5_000_000, 'x');
    const written = [];
    accepted.write(large, (error) => written.push(error ?? null));
    accepted.write('text, ', (error) => written.push(error ?? null));
    accepted.cork();
    accepted.write('corked.', (error) => written.push(error ?? null));
    const attached = reattach(accepted, Class);
    attached.end(' The end.');
    const received = await collect(client);
    expect(received.length).toBe(large.length + 'text, corked. The end.'.length);
    expect(received.subarray(large.length).toString()).toBe('text, corked. The end.');
    expect(written).toEqual([null, null, null]);
  });

  test('what waits as it will be sent is taken along, too, in front of what is buffered', async () => {
    const [client, accepted] = await connect();
    client.pause();
    let [bytes, written, isDone] = [0, 0, true];
    while (isDone) {
      isDone = false;
      bytes += 30_000;
      written++;
      accepted.write(Buffer.alloc(30_000), () => {
        isDone = true;
      });
      await settled();
      expect(written).toBeLessThan(1000);
    }
    accepted.write('the rest');
    const attached = reattach(accepted, Class);
    attached.end();
    expect((await collect(client.resume())).length).toBe(bytes + 'the rest'.length);
  });

  test('a side that has been ended stays ended', async () => {
    const [client, accepted] = await connect();
    accepted.end(Buffer.alloc(5_000_000));
    const attached = reattach(accepted, Class);
    expect(attached.writableEnded).toBe(true);
    expect((await collect(client)).length).toBe(5_000_000);
  });

  test("the peer's end is taken along", async () => {
    const [client, accepted] = await connect();
    accepted.pause();
    client.end('all');
    await new Promise((resolve) => {
      accepted.on('readable', () => accepted._readableState.ended && resolve());
    });
    const attached = reattach(accepted, Class);
    expect((await collect(attached)).toString()).toBe('all');
  });

  test('the stream is closed without an error, its server counts it no longer, and addresses stay', async () => {
    const [client, accepted, server] = await connect();
    const { remotePort, localAddress } = accepted;
    const closed = once(accepted, 'close');
    const attached = reattach(accepted, Class);
    expect(await closed).toEqual([false]);
    expect(accepted.destroyed).toBe(true);
    expect(await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))).toBe(0);
    expect([attached.remotePort, attached.localAddress]).toEqual([remotePort, localAddress]);
    expect(client.destroyed).toBe(false);
  });

  test('it moves on the side of the client, too', async () => {
    const [client, accepted] = await connect();
    const attached = reattach(client, Class);
    attached.end('from the client');
    expect((await collect(accepted)).toString()).toBe('from the client');
  });
});

test('bytes of text that has not been read are taken along, with what is unfinished of a character', async () => {
  const [client, accepted] = await pair();
  accepted.setEncoding('utf8');
  const [first, second] = [Buffer.from('a€').subarray(0, 2), Buffer.from('a€').subarray(2)];
  accepted.pause();
  accepted.read(0);
  client.write(first);
  await new Promise((resolve) => accepted.once('readable', resolve));
  const attached = reattach(accepted);
  client.end(second);
  expect((await collect(attached)).toString()).toBe('a€');
});

test('counters go on', async () => {
  const [client, accepted] = await pair({ server: today, client: today });
  client.write('12345');
  await once(accepted, 'data');
  const attached = reattach(accepted, today.Socket);
  expect([accepted.bytesRead, attached.bytesRead]).toEqual([5, 5]);
});

test('what is known of the session is taken along', async () => {
  const [client, accepted] = await securePair(SERVER, { ca: SERVER.ca, rejectUnauthorized: false });
  const known = (stream) => [stream.verifyPeer(), stream.getCipher(), stream.getPeerCertificate()];
  const before = known(client);
  expect(known(reattach(client))).toEqual(before);
  expect(reattach(accepted).encrypted).toBe(true);
});

test("in a listener of 'secure', with what has been written there", async () => {
  const { certificate } = require('../tls/pki');
  const server = await listening(net.createServer((stream) => {
    stream.setSecure(SERVER);
    stream.on('secure', () => {
      stream.write('in the listener, ');
      reattach(stream).end('and behind it');
    });
  }));
  const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
  client.setSecure({ ca: certificate('root') }, { servername: 'localhost' });
  expect((await collect(client)).toString()).toBe('in the listener, and behind it');
});

describe('errors', () => {
  test('without a connection', async () => {
    expect(thrown(() => new net.Stream().detach())).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
    const server = await listening(net.createServer());
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    expect(thrown(() => stream.detach()).message).toMatch(/connecting/);
    await once(stream, 'connect');
    stream.destroy();
    expect(thrown(() => stream.detach())).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
  });

  test('during a handshake', async () => {
    const [client, accepted] = await pair();
    accepted.setSecure(SERVER);
    expect(thrown(() => accepted.detach()).message).toMatch(/handshake/);
    expect(accepted.destroyed).toBe(false);
    client.destroy();
    accepted.destroy();
  });

  test('once, and by the class that it is of', async () => {
    const [, accepted] = await pair();
    const moved = accepted.detach();
    expect(thrown(() => today.Socket.attach(moved))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    destroyAtEnd(net.Stream.attach(moved));
    expect(thrown(() => net.Stream.attach(moved))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  test.each([[undefined], [null], [{}], [{ ticket: 'x' }], [1]])('attach(%p)', (moved) => {
    expect(thrown(() => net.Stream.attach(moved)).code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
  });

  test.each([0, -1, 1.5, 2 ** 31, '1'])('detach({ timeout: %p })', async (timeout) => {
    const [, accepted] = await pair();
    expect(thrown(() => accepted.detach({ timeout })).code).toMatch(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
    expect(accepted.destroyed).toBe(false);
  });

  test('a connection that is not attached in time is closed', async () => {
    const [client, accepted] = await pair();
    const moved = accepted.detach({ timeout: 1 });
    await once(client, 'end');
    expect(thrown(() => net.Stream.attach(moved))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  test("while Node's parser of HTTP reads from it", async () => {
    // `rust-net/http` has it read from the engine.
    const server = await listening(require('../../http').createServer((request, response) => {
      const error = thrown(() => request.socket.detach());
      response.end(error.code);
    }));
    const answer = await new Promise((resolve, reject) => {
      http.get({ port: server.address().port, host: '127.0.0.1' }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      }).on('error', reject);
    });
    expect(answer).toBe('ERR_INVALID_STATE');
  });
});
