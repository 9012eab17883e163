'use strict';

// Options of the kernel that take network devices, routes or capabilities, in a network namespace of its own. Prints
// what it has found, as JSON: see socket-options.test.js. `node socket-options.js ENTRY` runs itself in the namespace.

const { execFileSync, spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');

/** Two devices that nothing answers behind, and an address of another network. */
const [FIRST, SECOND, FOREIGN] = ['10.1.0.1', '10.2.0.1', '192.0.2.1'];

const FOREIGN_6 = '2001:db8::1';

/** A network that is behind the first device, and with this mark behind the second. */
const BEHIND = '10.3.0';
const MARK = 7;

const sh = (line) => execFileSync('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'] });

/** Why this can't be done here; undefined if it can. */
function missing() {
  const setUp = 'ip link add d0 type veth peer name p0 && nft add table ip t && echo 3 > /proc/sys/net/ipv4/tcp_fastopen';
  const { status, stderr, error } = spawnSync('unshare', ['-Urnm', 'sh', '-c', setUp], { encoding: 'utf8' });
  return status === 0 ? undefined : `namespaces can't be made, or not set up: ${stderr || error}`;
}

function setUp() {
  sh(`set -e
    ip link set lo up
    for i in 0 1; do
      ip link add d$i type veth peer name p$i
      ip link set d$i up
      ip link set p$i up
    done
    ip addr add ${FIRST}/24 dev d0
    ip addr add ${SECOND}/24 dev d1
    ip route add ${BEHIND}.0/24 dev d0
    ip route add ${BEHIND}.0/24 dev d1 metric 200
    ip rule add fwmark ${MARK} lookup 100
    ip route add ${BEHIND}.0/24 dev d1 table 100
    ip route add local 192.0.2.0/24 dev lo table 101
    ip rule add from ${FIRST} lookup 101
    nft add table ip t && nft add chain ip t input '{ type filter hook input priority 0; }'
    echo 3 > /proc/sys/net/ipv4/tcp_fastopen`);
}

/** A counter of the kernel for TCP. */
function counter(name) {
  const [names, values] = fs.readFileSync('/proc/net/netstat', 'utf8').split('\n').filter((line) => line.startsWith('TcpExt:'));
  return Number(values.split(' ')[names.split(' ').indexOf(name)]);
}

async function listening(net, options) {
  const server = net.createServer({ allowHalfOpen: true }).listen({ port: 0, host: '0.0.0.0', ...options });
  await once(server, 'listening');
  return server;
}

/** The code of the error of `emitter`, or 'none' if `event` comes first. */
function outcome(emitter, event) {
  return new Promise((resolve) => {
    emitter.once('error', ({ code, syscall }) => resolve(`${code} ${syscall}`));
    emitter.once(event, () => resolve('none'));
  });
}

/** What `stream` receives, as a text. */
async function text(stream) {
  let all = '';
  stream.on('data', (data) => (all += data));
  await once(stream, 'end');
  return all;
}

let hosts = 8;

/** The device that the SYN of `connect(options)` leaves by: its neighbour is asked for there. */
async function wayOf(net, options) {
  const host = `${BEHIND}.${hosts++}`;
  const stream = net.connect({ host, port: 9, ...options });
  await once(stream, 'connectionAttempt');
  await new Promise(setImmediate);
  const [{ dev }] = JSON.parse(sh(`ip -j neigh show to ${host}`));
  stream.destroy();
  return dev;
}

/** Whether a server with `options` accepts a connection that comes by lo. */
async function accepts(net, options) {
  const server = await listening(net, options);
  const stream = net.connect(server.address().port, FIRST);
  const found = await outcome(stream, 'connect');
  stream.destroy();
  server.close();
  return found;
}

const TESTS = {
  async mark(net) {
    return [await wayOf(net, {}), await wayOf(net, { socketOptions: { mark: MARK } })];
  },

  async bindToDevice(net) {
    const toDevice = (bindToDevice) => ({ socketOptions: { bindToDevice } });
    const ways = [await wayOf(net, toDevice('d1')), await wayOf(net, toDevice('d0'))];
    const servers = [await accepts(net, toDevice('lo')), await accepts(net, toDevice('d0'))];
    return [...ways, ...servers, await outcome(net.connect({ host: FIRST, port: 9, ...toDevice('d9') }), 'connect')];
  },

  /** Addresses that are not there can be bound. */
  async freebind(net) {
    const found = [];
    for (const socketOptions of [undefined, { freebind: true }, { transparent: true }]) {
      for (const host of [FOREIGN, FOREIGN_6]) {
        const server = net.createServer().listen({ port: 0, host, socketOptions });
        found.push(await outcome(server, 'listening'));
        if (server.listening) server.close();
      }
      try {
        const bound = new net.BoundSocket({ host: FOREIGN, socketOptions });
        found.push(bound.address().address);
        bound.close();
      } catch ({ code, syscall }) {
        found.push(`${code} ${syscall}`);
      }
    }
    return found;
  },

  /** Clients from a foreign address, and to one. */
  async transparent(net) {
    const server = await listening(net, { host: FIRST });
    const found = [];
    for (const socketOptions of [undefined, { transparent: true }]) {
      const client = net.connect({ port: server.address().port, host: FIRST, localAddress: FOREIGN, socketOptions });
      const connection = once(server, 'connection');
      const error = await outcome(client, 'connect');
      found.push(error);
      if (error === 'none') {
        const [stream] = await connection;
        found.push(stream.remoteAddress);
        stream.destroy();
      }
      client.destroy();
    }
    server.close();
    const proxy = await listening(net, { socketOptions: { transparent: true } });
    const client = net.connect({ port: proxy.address().port, host: '192.0.2.55', localAddress: FIRST });
    const [stream] = await once(proxy, 'connection');
    found.push(stream.localAddress);
    for (const one of [client, stream, proxy]) one.destroy?.() ?? one.close?.();
    return found;
  },

  async fastOpen(net) {
    const server = await listening(net, { socketOptions: { fastOpenQueue: 16 } });
    const { port } = server.address();
    server.on('connection', async (stream) => stream.end(String((await text(stream)).length)));
    const play = async (options, ...writes) => {
      const before = ['TCPFastOpenActive', 'TCPFastOpenPassive'].map(counter);
      const stream = net.connect({ port, host: '127.0.0.1', socketOptions: { fastOpen: true }, ...options });
      for (const data of writes) stream.write(data);
      stream.end();
      const length = await text(stream);
      const after = ['TCPFastOpenActive', 'TCPFastOpenPassive'].map(counter);
      return [length, stream.bytesWritten, ...after.map((count, i) => count - before[i])].join(' ');
    };
    const lookup = (name, options, callback) => setImmediate(callback, null, [{ address: '127.0.0.1', family: 4 }]);
    const found = [
      await play({}, 'a cookie comes'),
      await play({}, 'the first', ' and the second'),
      await play({ host: 'x.example', lookup }, 'by name'),
      await play({}, Buffer.alloc(300_000)),
      await play({}),
    ];
    server.removeAllListeners('connection');
    // Nothing is written first.
    server.once('connection', (stream) => stream.end('the server begins'));
    found.push(await text(net.connect({ port, host: '127.0.0.1', socketOptions: { fastOpen: true } })));
    server.close();
    const refused = net.connect({ port, host: '127.0.0.1', socketOptions: { fastOpen: true } });
    refused.write('never');
    found.push(await outcome(refused, 'connect'));
    sh('echo 0 > /proc/sys/net/ipv4/tcp_fastopen');
    found.push(await outcome(net.connect({ port, host: '127.0.0.1', socketOptions: { fastOpen: true } }), 'connect'));
    sh('echo 3 > /proc/sys/net/ipv4/tcp_fastopen');
    return found;
  },

  /** The peer is gone without a word. */
  async userTimeout(net) {
    const server = await listening(net, {});
    const stream = net.connect({ port: server.address().port, host: FIRST, socketOptions: { userTimeout: 300 } });
    const [accepted] = await once(server, 'connection');
    if (stream.connecting) await once(stream, 'connect');
    sh(`nft add rule ip t input tcp dport ${server.address().port} drop`);
    stream.write('lost');
    const found = await outcome(stream, 'end');
    accepted.destroy();
    server.close();
    return found;
  },
};

async function main(entry) {
  if (process.env.IN_NAMESPACE === undefined) {
    const args = ['-Urnm', process.execPath, __filename, entry];
    const { status } = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, IN_NAMESPACE: '1' } });
    process.exitCode = status ?? 1;
    return;
  }
  setUp();
  const net = require(entry);
  const found = {};
  for (const [name, run] of Object.entries(TESTS)) found[name] = await run(net);
  console.log(JSON.stringify(found));
}

module.exports = { missing };

if (require.main === module) main(process.argv[2]);
