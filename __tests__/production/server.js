'use strict';

// A server process of the soak: a net.serve() for each of its services. It gets its orders from the supervisor
// (`fleet.js`) over the channel of process.send(), and its sockets, if any, in the way of systemd.

const { once } = require('events');
const { BroadcastChannel } = require('worker_threads');
const path = require('path');
const net = require('../..');

const passed = net.listenFDs({ unset: true });
const services = new Map();
const channel = new BroadcastChannel('soak');
/** By service and index: what becomes of the thread that is to die. */
const dying = new Map();
let isEnding = false;

async function start({ generation, specifications, ticketKeys }) {
  const addresses = {};
  for (const { name, workers, listen, folder, watches, isWeb } of specifications) {
    const own = passed.filter((socket) => socket.name === name).map(({ fd }) => fd);
    const service = await net.serve({
      workers,
      listen: own.length > 0 ? { fd: own } : listen,
      handler: path.join(__dirname, 'handler.js'),
      workerData: { service: name, generation, folder, watches, ticketKeys, isWeb },
    });
    service.on('exit', (index, error, code) => noteExit(`${name}.${index}`, error, code));
    services.set(name, service);
    addresses[name] = service.address();
  }
  process.send({ type: 'started', addresses });
}

function noteExit(who, error, code) {
  const death = dying.get(who);
  dying.delete(who);
  if (death !== undefined) death.resolve({ ...death.details, until: Date.now() });
  else process.send({ type: 'complaint', message: `thread ${who} has died by itself: ${error?.stack ?? code}` });
}

/** Has a thread die. Replies with who has died, and between which times; null if it is being replaced already. */
async function kill({ service: name, index, how }) {
  const who = `${name}.${index}`;
  const worker = services.get(name).workers[index];
  if (worker === null || dying.has(who)) return process.send({ type: 'killed', death: null });
  const details = { worker: `${process.pid}.${worker.threadId}`, service: name, how, at: Date.now() };
  const death = await new Promise((resolve) => {
    dying.set(who, { details, resolve });
    if (how === 'terminate') worker.terminate();
    else channel.postMessage({ type: 'die', to: who, how });
  });
  const listens = once(services.get(name), 'listening');
  if (services.get(name).workers[index] === null) await listens;
  return process.send({ type: 'killed', death });
}

async function shutDown({ grace }) {
  const outcomes = await Promise.all([...services.values()].map((service) => service.shutdown({ grace })));
  channel.close();
  isEnding = true;
  const destroyed = outcomes.reduce((sum, outcome) => sum + outcome.destroyed + outcome.terminated, 0);
  process.send({ type: 'ended', destroyed }, () => process.disconnect());
}

const ORDERS = { start, kill, shutDown, reload: () => channel.postMessage({ type: 'reload' }) };

channel.onmessage = ({ data }) => process.send({ ...data, worker: `${process.pid}.${data.threadId}` });
// Nothing outlives the supervisor; after the end, the process exits by itself.
process.on('disconnect', () => {
  if (!isEnding) process.exit(1);
});
process.on('message', ({ order, ...details }) => ORDERS[order](details));
