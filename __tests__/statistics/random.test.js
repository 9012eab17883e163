'use strict';

// What holds at any time, after any sequence of what streams and servers do: the counters of servers add up to those of
// the thread, bytes are those that the streams have counted, and nothing that has been counted is taken back.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const { generator } = require('../random/plan');
const { atEnd, listening, pair, refusingPort, scratch } = require('../helpers');
const { CLIENT, SERVER } = require('../tls/ends');
const { added, droppedOf } = require('./counting');

const STEPS = 300;

/** The numbers of `stats` that never fall, by their paths. */
function* lasting(stats, place = '') {
  const falls = /\.(open|connecting|underWay|waiting|discarding)$|^\.(bytesWaiting|listeners|memory)|\.bounds/;
  for (const [key, value] of Object.entries(stats)) {
    const here = `${place}.${key}`;
    if (falls.test(here)) continue;
    if (typeof value === 'number') yield [here, value];
    else yield* lasting(value, here);
  }
}

/** Resolves when a byte has gone there and back between sockets of Node's own, which are not counted. */
async function round() {
  const [client, accepted] = await pair({ server: nodeNet, client: nodeNet });
  accepted.once('data', (data) => accepted.end(data));
  client.end('x');
  await once(client, 'data');
}

const STEP_NAMES = [
  'connect', 'connect', 'connect', 'write', 'write', 'write', 'end', 'destroy', 'reset', 'move', 'fail', 'pause', 'pipe',
  'relisten',
];

class World {
  #next;
  #servers = [];
  /** All streams there have been, with the bytes that they had read when they came. */
  #streams = new Map();
  #places;
  #refusing;
  /** What was counted when it began. */
  #start;
  #before;

  constructor(seed) {
    this.#next = generator(seed);
  }

  async begin() {
    const credentials = net.createCredentials(SERVER);
    this.#places = [[0, '127.0.0.1'], [path.join(scratch(), 'socket')], [0, '127.0.0.1'], [0, '127.0.0.1']];
    for (const [i, place] of this.#places.entries()) {
      const server = await listening(net.createServer((stream) => {
        this.#meet(stream);
        if (i === 3) stream.setSecure(credentials);
      }), ...place);
      if (i === 2) server.maxConnections = 2;
      this.#servers.push(server);
    }
    this.#refusing = await refusingPort();
    this.#start = net.stats();
    this.#before = this.#start;
  }

  #meet(stream) {
    this.#streams.set(stream, stream.bytesRead);
    stream.on('error', () => {});
    atEnd(() => stream.destroy());
    return stream;
  }

  #pick(list) {
    return list[this.#next(list.length)];
  }

  /** A stream that can be written to. */
  #open() {
    return this.#pick([...this.#streams.keys()].filter((stream) => stream.readyState === 'open'));
  }

  async step() {
    const name = this.#pick(STEP_NAMES);
    await this[name]();
    if (this.#next(3) === 0) await round();
    else if (this.#next(2)) await new Promise(setImmediate);
    return name;
  }

  async connect() {
    const server = this.#pick(this.#servers);
    const address = server.address();
    const to = typeof address === 'string' ? address : { port: address.port, host: '127.0.0.1' };
    const stream = this.#meet(net.connect(to));
    if (server === this.#servers[3]) stream.setSecure(this.#next(4) ? CLIENT : { ca: [], rejectUnauthorized: true });
    if (this.#next(2)) await once(stream, 'connect').catch(() => {});
  }

  write() {
    this.#open()?.write(Buffer.alloc(1 + this.#next(this.#next(2) ? 100 : 200_000)));
  }

  end() {
    this.#open()?.end('the end');
  }

  destroy() {
    this.#pick([...this.#streams.keys()])?.destroy();
  }

  reset() {
    const stream = this.#open();
    if (stream?.type?.startsWith('tcp')) stream.resetAndDestroy();
  }

  move() {
    const stream = this.#open();
    if (stream === undefined) return;
    let moved;
    try {
      moved = stream.detach();
    } catch {
      // In the middle of its handshake.
      return;
    }
    this.#meet(net.Stream.attach(moved));
  }

  async fail() {
    const stream = this.#meet(net.connect(this.#refusing, '127.0.0.1'));
    await once(stream, 'close').catch(() => {});
  }

  pause() {
    const stream = this.#open();
    if (this.#next(2)) stream?.pause();
    else stream?.resume();
  }

  pipe() {
    const [from, to] = [this.#open(), this.#open()];
    if (from && to && from !== to) from.pipe(to);
  }

  async relisten() {
    const index = this.#next(this.#servers.length);
    const server = this.#servers[index];
    server.close();
    await once(server, 'close');
    await listening(server, ...this.#places[index]);
  }

  /** What does not hold. */
  check() {
    const broken = [];
    const all = net.stats();
    const holds = (name, ...values) => {
      if (values.some((value) => value !== values[0])) broken.push(`${name}: ${values.join(', ')}`);
    };
    const connections = added(this.#start.connections, all.connections);
    const servers = this.#servers.map(({ stats }) => stats);
    const sum = (look) => servers.map(look).reduce((one, other) => one + other, 0);
    holds('accepted', connections.accepted ?? 0, sum((stats) => stats.connections.accepted));
    holds('dropped', droppedOf({ dropped: {}, ...connections }), sum((stats) => droppedOf(stats.connections)));
    for (const [i, { connections: own }] of servers.entries()) {
      holds(`open of ${i}`, own.open, [...this.#servers[i].streams].length);
      holds(`accepted of ${i}`, own.accepted, own.open + own.closed + own.detached);
    }
    const now = new Map(lasting(all));
    for (const [place, value] of lasting(this.#before)) {
      if (!(now.get(place) >= value)) broken.push(`${place} fell from ${value} to ${now.get(place)}`);
    }
    this.#before = all;
    return broken;
  }

  /** Ends all streams. Returns what does not hold then. */
  async finish() {
    for (const stream of this.#streams.keys()) stream.destroy();
    for (const stream of this.#streams.keys()) if (!stream.closed) await once(stream, 'close');
    const broken = this.check();
    const { connections, bytesRead, bytesWaiting, handshakes, pipes } = net.stats();
    const { open, connecting } = connections;
    const { underWay, waiting } = handshakes;
    const rest = { open, connecting, bytesWaiting, underWay, waiting, piped: pipes.open };
    for (const [name, count] of Object.entries(rest)) if (count !== 0) broken.push(`${name}: ${count} in the end`);
    let read = 0;
    for (const [stream, base] of this.#streams) read += stream.bytesRead - base;
    if (read !== bytesRead - this.#start.bytesRead) broken.push(`${bytesRead - this.#start.bytesRead} bytes were read, and by the streams ${read}`);
    return broken;
  }
}

test.each([1, 2, 3, 4, 5, 6])('seed %i', async (seed) => {
  const world = new World(seed);
  await world.begin();
  const done = [];
  for (let i = 0; i < STEPS; i++) {
    done.push(await world.step());
    expect([done, world.check()]).toEqual([done, []]);
  }
  expect(await world.finish()).toEqual([]);
});

test('all of it has happened', () => {
  const { connections, handshakes, pipes } = net.stats();
  for (const name of ['accepted', 'connected', 'attached', 'detached', 'closed']) expect(connections[name]).toBeGreaterThan(9);
  expect(connections.dropped['max-connections']).toBeGreaterThan(0);
  expect(connections.failed.ECONNREFUSED).toBeGreaterThan(0);
  expect(handshakes.completed).toBeGreaterThan(9);
  expect(handshakes.cancelled).toBeGreaterThan(0);
  expect(Object.keys(handshakes.failed)).toContain('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  expect(pipes.bytes).toBeGreaterThan(0);
});
