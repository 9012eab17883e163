'use strict';

// Three workers share a port or a path (`PLACE`), and answer `COUNT` connections. One of them is killed, and another
// takes its place. One closes its server and listens again. Then all are disconnected, while one has a connection.

const cluster = require('cluster');
const { once } = require('events');
const { ask, check, net, print } = require('./common');

const COUNT = Number(process.env.COUNT);
const place = process.env.PLACE ?? { port: 0, host: '127.0.0.1' };

function work() {
  const server = check(net.createServer((socket) => {
    check(socket);
    const isTcp = typeof place === 'object';
    const isKnown = !isTcp || (socket.remoteAddress === '127.0.0.1' && socket.localPort === server.address().port);
    socket.once('data', (text) => {
      if (String(text) !== 'stay') socket.end(`${text} ${isKnown} ${process.pid}`);
      else socket.write(String(process.pid));
    });
  }));
  server.listen(place);
  process.on('message', async (text) => {
    const before = server.address();
    server.close();
    const { listening } = server;
    await once(server, 'close');
    server.listen(place);
    await once(server, 'listening');
    process.send({ text, listening, isSame: JSON.stringify(server.address()) === JSON.stringify(before) });
  });
}

async function start() {
  const worker = cluster.fork();
  const [info] = await once(worker, 'listening');
  return { worker, info };
}

/** How many of `count` connections each worker has answered: sorted, by process id. */
async function spread(where, count) {
  const seen = {};
  for (let at = 0; at < count; at += 30) {
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(where, 'hi')));
    for (const answer of answers) {
      const [greeting, isKnown, pid] = answer.split(' ');
      if (greeting !== 'hi' || isKnown !== 'true') throw new Error(answer);
      seen[pid] = (seen[pid] ?? 0) + 1;
    }
  }
  return seen;
}

async function lead() {
  const started = await Promise.all([start(), start(), start()]);
  const workers = started.map(({ worker }) => worker);
  const infos = started.map(({ info }) => info);
  const where = typeof place === 'object' ? infos[0].port : place;
  const first = await spread(where, COUNT);
  const answered = Object.values(first).reduce((sum, count) => sum + count);

  const killed = once(workers[0], 'exit');
  workers[0].process.kill('SIGKILL');
  const [, signal] = await killed;
  workers[0] = (await start()).worker;
  const second = await spread(where, 60);
  const isGone = !Object.keys(second).includes(String(started[0].worker.process.pid));

  workers[1].send('again');
  const [again] = await once(workers[1], 'message');
  await spread(where, 60);

  // The worker that has the connection waits for it.
  const staying = net.connect(where);
  staying.write('stay');
  const [pid] = await once(staying, 'data');
  const waiting = workers.find(({ process: { pid: id } }) => String(id) === String(pid));
  const exits = workers.map((worker) => once(worker, 'exit').then((codes) => [worker.exitedAfterDisconnect, ...codes]));
  for (const worker of workers) worker.disconnect();
  await Promise.all(workers.map((worker, index) => (worker === waiting ? null : exits[index])));
  const waits = !waiting.isDead();
  staying.end();
  const ends = await Promise.all(exits);

  const kinds = infos.map(({ addressType, address, fd, port }) => {
    return { addressType, address, fd, isOnePort: port === infos[0].port, isPort: port > 0 };
  });
  const isSpread = Object.keys(first).length === 3;
  print({ kinds, answered, isSpread, signal, isGone, again, waits, ends });
}

if (cluster.isPrimary) lead();
else work();
