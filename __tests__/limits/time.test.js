'use strict';

// Limits: `idleTimeout`, `maxLifetime` and `minRate`. Time is the subject; no test says how much of it passes.

const { once } = require('events');
const nodeTls = require('tls');
const net = require('../..');
const today = require('../../node');
const tls = require('../../tls');
const { destroyAtEnd, listening, record } = require('../helpers');
const { certificate, identity } = require('../tls/pki');
const { countDrops, dial, dropped, enter } = require('./ends');

describe.each([
  ['rust-net', net],
  ['rust-net/node', today],
])('time, %s', (_name, module) => {
  test('idleTimeout ends what is silent, without an error, and not what is not', async () => {
    const server = await listening(module.createServer({ idleTimeout: 200 }, (stream) => stream.pipe(stream)));
    const busy = await enter(server);
    let isOver = false;
    busy.on('data', () => {
      if (!isOver) busy.write('x');
    });
    busy.write('x');
    const { port } = server.address();
    for (let round = 0; round < 3; round++) {
      const drop = dropped(server);
      const silent = await enter(server, '127.0.0.2');
      const events = record(silent.accepted, 'error', 'end', 'close');
      expect(await silent.isOver).toBe('end');
      const { remoteAddress, localPort, reason, count } = await drop;
      expect([remoteAddress, localPort, reason, count]).toEqual(['127.0.0.2', port, 'idle-timeout', 1]);
      expect(events).toEqual([['close', false]]);
      expect(busy.accepted.destroyed).toBe(false);
    }
    isOver = true;
    expect(await busy.isOver).toBe('end');
    expect(server.stats.connections.dropped).toEqual({ 'idle-timeout': 4 });
  });

  test('setTimeout() of a stream does not make it less idle', async () => {
    const server = await listening(module.createServer({ idleTimeout: 150 }));
    const client = await enter(server);
    const rearm = () => client.accepted.setTimeout(20);
    client.accepted.on('timeout', rearm);
    rearm();
    expect(await client.isOver).toBe('end');
  });

  test('maxLifetime ends what is busy', async () => {
    const server = await listening(module.createServer({ maxLifetime: 200 }, (stream) => stream.pipe(stream)));
    const client = await enter(server);
    client.on('data', () => client.write('x'));
    client.write('x');
    const drop = dropped(server);
    await client.isOver;
    expect((await drop).reason).toBe('max-lifetime');
  });

  test('minRate ends a message that goes on too slowly', async () => {
    const server = await listening(module.createServer({ minRate: 1000, minRateSpan: 100 }));
    const client = await enter(server);
    client.accepted.on('error', () => {}).resume();
    const drip = setInterval(() => client.write('x'), 10);
    const drop = dropped(server);
    expect(['ECONNRESET', 'EPIPE']).toContain(await client.isOver);
    clearInterval(drip);
    expect((await drop).reason).toBe('min-rate');
  });

  test('minRate ends a peer that does not read', async () => {
    const server = await listening(module.createServer({ minRate: 1, minRateSpan: 100 }, (stream) => {
      stream.on('error', () => {});
      const fill = () => {
        while (!stream.destroyed && stream.write(Buffer.alloc(1 << 20)));
      };
      stream.on('drain', fill);
      fill();
    }));
    const client = dial(server);
    client.pause();
    expect((await dropped(server)).reason).toBe('min-rate');
  });

  test('minRate leaves alone who waits for an answer, who is answered, and whom the program does not read', async () => {
    const server = await listening(module.createServer({ minRate: 1_000_000, minRateSpan: 100 }));
    const { counts } = countDrops(server);
    const waiting = await enter(server);
    waiting.accepted.resume();
    waiting.write('a question');
    const answered = await enter(server);
    answered.accepted.on('data', (data) => answered.accepted.write(data));
    const unread = await enter(server);
    unread.accepted.pause();
    unread.write(Buffer.alloc(8 << 20));
    let echoes = 0;
    const done = new Promise((resolve) => {
      answered.on('data', () => {
        if (++echoes === 40) resolve();
        else setTimeout(() => answered.write('x'), 10);
      });
    });
    answered.write('x');
    await done;
    expect(counts).toEqual({});
    expect([waiting, answered, unread].map(({ accepted }) => accepted.destroyed)).toEqual([false, false, false]);
  });
});

describe('minRate over TLS', () => {
  const connect = (server) => {
    const socket = dial(server);
    const client = nodeTls.connect({ socket, servername: 'localhost', ca: certificate('root') });
    return Object.assign(destroyAtEnd(client).on('error', () => {}), { beneath: socket });
  };

  test('ends a message that goes on too slowly', async () => {
    const options = { ...identity('p256'), minRate: 100_000, minRateSpan: 100 };
    const server = await listening(tls.createServer(options, (socket) => socket.on('error', () => {}).resume()));
    const client = connect(server);
    await once(client, 'secureConnect');
    const drip = setInterval(() => client.write('x'), 10);
    expect((await dropped(server)).reason).toBe('min-rate');
    clearInterval(drip);
  });

  test('ends a record that goes on too slowly', async () => {
    const options = { ...identity('p256'), minRate: 1000, minRateSpan: 100 };
    const server = await listening(tls.createServer(options, (socket) => socket.on('error', () => {}).resume()));
    const client = connect(server);
    await once(client, 'secureConnect');
    // The header of a record of 16,384 bytes, and what is to look like the rest of it: never a whole one.
    const drip = [Buffer.from([23, 3, 3, 0x40, 0]), ...Array(500).fill(Buffer.from('x'))];
    const timer = setInterval(() => client.beneath.write(drip.shift() ?? 'x'), 10);
    expect((await dropped(server)).reason).toBe('min-rate');
    clearInterval(timer);
  });

  test('ends a peer that does not read', async () => {
    const options = { ...identity('p256'), minRate: 1, minRateSpan: 100 };
    const server = await listening(tls.createServer(options, (socket) => {
      socket.on('error', () => {});
      const fill = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(1 << 20)));
      };
      socket.on('drain', fill);
      fill();
    }));
    connect(server).pause();
    expect((await dropped(server)).reason).toBe('min-rate');
  });
});

test('limits that are set later hold for open connections, too', async () => {
  const server = await listening(net.createServer());
  const [one, two] = [await enter(server), await enter(server)];
  server.setLimits({ idleTimeout: 3_600_000 });
  server.setLimits({ maxLifetime: 50 });
  expect(await Promise.all([one.isOver, two.isOver])).toEqual(['end', 'end']);
  expect(server.stats.connections.dropped).toEqual({ 'max-lifetime': 2 });
});

test('limits that are taken away hold no longer', async () => {
  const server = await listening(net.createServer({ idleTimeout: 200 }));
  const { counts } = countDrops(server);
  const freed = await enter(server);
  server.setLimits({ idleTimeout: 0, maxLifetime: 0 });
  const other = await listening(net.createServer({ idleTimeout: 400 }));
  await (await enter(other)).isOver;
  expect([freed.accepted.destroyed, counts]).toEqual([false, {}]);
});

test('connections of a server that is closed keep their limits', async () => {
  const server = await listening(net.createServer({ idleTimeout: 100 }));
  const client = await enter(server);
  server.close();
  expect(await client.isOver).toBe('end');
});

test('5,000 slow connections end while others are served', async () => {
  const SLOW = 5000;
  const server = await listening(net.createServer({ backlog: 4096, idleTimeout: 1000 }, (stream) => {
    stream.on('error', () => {}).pipe(stream);
  }));
  const { counts, reached } = countDrops(server);
  const slow = Array.from({ length: SLOW }, (_, index) => dial(server, `127.0.${2 + (index % 50)}.1`));
  for (const client of slow) client.on('connect', () => client.write('G'));
  let answers = 0;
  while ((counts['idle-timeout'] ?? 0) < SLOW / 2) {
    const client = dial(server);
    client.write('served');
    const [answer] = await once(client, 'data');
    expect(answer.toString()).toBe('served');
    client.destroy();
    answers++;
  }
  await reached('idle-timeout', SLOW);
  expect(answers).toBeGreaterThan(0);
  await Promise.all(slow.map(({ isOver }) => isOver));
  expect(counts).toEqual({ 'idle-timeout': SLOW });
}, 60_000);
