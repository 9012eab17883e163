'use strict';

// Sections "stream.pause" and "stream.resume" of the `net` page.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { collect, destroyAtEnd, listening, pair, record, settled } = require('./helpers');

describe('stream.pause()', () => {
  test('"Pauses the reading of data. That is, \'data\' events will not be emitted."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'data', 'end');
    expect(accepted.pause()).toBe(accepted);
    expect(accepted.isPaused()).toBe(true);
    client.write('while it is paused');
    await settled();
    expect(events).toEqual([]);
    accepted.resume();
    const [data] = await once(accepted, 'data');
    expect(data.toString()).toBe('while it is paused');
  });

  test('in \'data\': no other \'data\' comes, however much has been received', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'data');
    accepted.once('data', () => accepted.pause());
    for (let i = 0; i < 30; i++) client.write(Buffer.alloc(100_000, i));
    await once(accepted, 'data');
    await settled();
    expect(events.length).toBe(1);
  });

  test('"Useful to throttle back an upload." (the uploader is held back, memory is bounded)', async () => {
    const [client, accepted] = await pair({ server: net, client: net });
    accepted.pause();
    const drains = record(client, 'drain');
    const total = 12_000_000;
    client.end(Buffer.alloc(total, 'upload'));
    await settled();
    expect(drains).toEqual([]);
    expect(client.bufferSize).toBeGreaterThan(0);
    expect(accepted.readableLength).toBeLessThanOrEqual(1 << 20);
    const received = await collect(accepted.resume());
    expect(received.equals(Buffer.alloc(total, 'upload'))).toBe(true);
  });

  test('a FIN that arrives meanwhile is told after the data, once it reads again', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.pause();
    client.end('before the FIN');
    await settled();
    expect(accepted.readyState).toBe('open');
    const events = record(accepted, 'data', 'end');
    accepted.resume();
    await once(accepted, 'end');
    expect(events).toEqual([['data', Buffer.from('before the FIN')], ['end']]);
  });

  test('before connect(), it holds from the start', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).end('held')));
    const stream = destroyAtEnd(new net.Stream());
    stream.pause();
    stream.connect(server.address().port, '127.0.0.1');
    await once(stream, 'connect');
    await settled();
    expect(stream.bytesRead).toBe(0);
    expect((await collect(stream.resume())).toString()).toBe('held');
  });

  test('it holds no write back', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.pause();
    accepted.write('out');
    const [data] = await once(client, 'data');
    expect(data.toString()).toBe('out');
  });

  test('a paused stream can be destroyed, and closes', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.on('error', () => {});
    accepted.pause();
    client.write('never read');
    await settled();
    accepted.destroy();
    await once(accepted, 'close');
  });
});

describe('stream.resume()', () => {
  test('"Resumes reading after a call to pause()."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.pause();
    expect(accepted.resume()).toBe(accepted);
    expect(accepted.isPaused()).toBe(false);
    client.write('after');
    const [data] = await once(accepted, 'data');
    expect(data.toString()).toBe('after');
  });

  test('paused and resumed at every chunk, all arrives in order', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const sent = Buffer.alloc(3_000_000);
    for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
    const chunks = [];
    accepted.on('data', (chunk) => {
      chunks.push(chunk);
      accepted.pause();
      setImmediate(() => accepted.resume());
    });
    client.end(sent);
    await once(accepted, 'end');
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  test('pause() and resume() in one turn change nothing', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    for (let i = 0; i < 100; i++) {
      accepted.pause();
      accepted.resume();
    }
    client.end('all the same');
    expect((await collect(accepted)).toString()).toBe('all the same');
  });
});
