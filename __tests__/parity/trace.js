'use strict';

// Runs one scenario on node:net and on ours and compares what could be observed: the events of each stream in order,
// with their arguments, and at each of them `readyState`. The run with node:net at both ends is the reference; ours at
// both ends, and ours at either end against node:net at the other, must give the same.
//
// How a stream of bytes is cut into 'data' events is up to the kernel, see recorder.js. Each end has a trace of its
// own, since the order of events of *different* streams is up to the kernel as well.
//
// What the page has otherwise than node:net is taken out here, and each place says which row it is:
//   D3   'connect' of an accepted stream is not recorded.
//   D12  'drain' is recorded only where the scenario asks for it: the page promises one for every write that waits,
//        node:net for every write beyond the high-water mark.
//   D27  `remoteAddress` of a client is not looked at.
// Scenarios keep out of the others: they name the encoding of strings (D1) and the host (D6), have a reader (D2), and
// the server is closed after its streams (D4).

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const { atEnd, scratch } = require('../helpers');
const { Trace } = require('./recorder');

const REFERENCE = { name: 'node:net at both ends', client: nodeNet, server: nodeNet };

const PAIRINGS = [
  { name: 'ours at both ends', client: net, server: net },
  { name: 'our client, server of node:net', client: net, server: nodeNet },
  { name: 'client of node:net, our server', client: nodeNet, server: net },
];

const BOTH = ['tcp', 'unix'];

/** A run that has not ended after so long, in milliseconds, has hung; the error then shows how far it came. */
const HANGS = 4000;

const SERVER_EVENTS = ['listening', 'close', 'error'];

/**
 * One run of `scenario` with the net modules of `pairing`, over 'tcp' or 'unix'. All of a scenario is optional:
 * `serverOptions`, `clientOptions(run)`: for createServer and connect;
 * `serve(server, trace, run)`: runs before listen();
 * `begin(client, trace, run)`: runs right after connect();
 * `accept(accepted, trace, run)`: runs in the connection listener;
 * `after(run)`: runs when both streams have closed;
 * `drain`: record it; `reads: false`: no 'data' listener of ours; `except`: events, and what of the last state, not to
 * compare; `words`: pairs of texts that may differ, and what is compared instead;
 * `refused`: nobody listens; `accepts: false`: the server never gets the connection.
 * A run has `client`, `accepted`, `server`, and `traces` with those names.
 */
async function play(scenario, pairing, transport, traces) {
  const { drain = false, reads = true, except = [], refused = false, accepts = !refused, words = [] } = scenario;
  const left = drain ? except : [...except, 'drain'];
  const names = new Map(words);
  for (const side of ['client', 'accepted', 'server']) traces[side] = new Trace(names);
  const run = { traces, transport };
  const server = (run.server = pairing.server.createServer(scenario.serverOptions ?? {}));
  const accepted = new Promise((resolve) => {
    server.on('connection', (stream) => {
      run.accepted = stream;
      // D3.
      traces.accepted.watchStream(stream, { reads, except: [...left, 'connect'] });
      scenario.accept?.(stream, traces.accepted, run);
      resolve();
    });
  });
  traces.server.watch(server, SERVER_EVENTS);
  scenario.serve?.(server, traces.server, run);
  server.listen(transport === 'unix' ? { path: path.join(scratch(), 's') } : { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  const target = transport === 'unix' ? { path: address } : { port: address.port, host: '127.0.0.1' };
  if (transport === 'unix') names.set(address, 'PATH');
  else names.set(String(address.port), 'PORT');
  if (refused) {
    server.close();
    await once(server, 'close');
  }
  const client = (run.client = pairing.client.connect({ ...target, ...scenario.clientOptions?.(run) }));
  traces.client.watchStream(client, { reads, except: left });
  atEnd(() => {
    client.destroy();
    run.accepted?.destroy();
    if (server.listening) server.close();
  });
  scenario.begin?.(client, traces.client, run);
  await traces.client.over;
  if (accepts) {
    await accepted;
    await traces.accepted.over;
  }
  await scenario.after?.(run);
  if (server.listening) {
    server.close();
    await once(server, 'close');
  }
  // What comes after 'close' is a defect, and is recorded as any other event.
  await new Promise((resolve) => setImmediate(resolve));
  for (const trace of Object.values(traces)) trace.finish(except);
}

/** The lines of all ends, for comparing. */
function lines(traces) {
  return Object.fromEntries(Object.entries(traces).map(([side, trace]) => [side, trace.lines]));
}

/** The traces of one run; if it never ends, an error that shows how far it came. */
async function observe(scenario, pairing, transport) {
  const traces = {};
  let timer;
  const hangs = new Promise((resolve, reject) => {
    timer = setTimeout(() => {
      const soFar = JSON.stringify(lines(traces), null, 2);
      reject(new Error(`A run with ${pairing.name} never ends. So far: ${soFar}`));
    }, HANGS);
  });
  try {
    await Promise.race([play(scenario, pairing, transport, traces), hangs]);
  } finally {
    clearTimeout(timer);
  }
  return lines(traces);
}

/** Defines the tests of one scenario: each pairing must give the traces that node:net gives. */
function parity(title, scenario) {
  for (const transport of scenario.over ?? ['tcp']) {
    test.each(PAIRINGS)(`${title} (${transport}; $name)`, async (pairing) => {
      const expected = await observe(scenario, REFERENCE, transport);
      expect(await observe(scenario, pairing, transport)).toEqual(expected);
    });
  }
}

module.exports = { BOTH, PAIRINGS, REFERENCE, Trace, parity };
