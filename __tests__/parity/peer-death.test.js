'use strict';

// Parity with node:net: the peer's process is killed. The peer is node:net in a process of its own.

const { spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const { atEnd, scratch } = require('../helpers');
const { BOTH, PAIRINGS, REFERENCE, Trace } = require('./trace');

const MODULES = [REFERENCE.server, PAIRINGS[0].server];

/** Starts `script` with `net`, `where` and `say(line)` in scope. */
function peer(script, where = {}) {
  const source = `
    const net = require('net');
    const where = JSON.parse(process.argv[1]);
    const say = (line) => process.stdout.write(line + '\\n');
    // A process whose streams are all paused would exit.
    setInterval(() => {}, 1e6);
    ${script}`;
  const running = spawn(process.execPath, ['-e', source, JSON.stringify(where)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(() => running.kill('SIGKILL'));
  return running;
}

function place(transport) {
  return transport === 'unix' ? { path: path.join(scratch(), 's') } : { port: 0, host: '127.0.0.1' };
}

/** The trace of an accepted stream whose peer runs `script` and is killed in the first 'data'. */
async function accepting(net, transport, script, settings) {
  const trace = new Trace(new Map());
  const server = net.createServer(settings.serverOptions ?? {});
  server.listen(place(transport));
  await once(server, 'listening');
  const address = server.address();
  const where = transport === 'unix' ? { path: address } : { port: address.port, host: '127.0.0.1' };
  const running = peer(script, where);
  const [stream] = await once(server, 'connection');
  server.close();
  trace.watchStream(stream, { reads: true, except: [...(settings.except ?? []), 'connect', 'drain'] });
  settings.accept?.(stream);
  await once(stream, 'data');
  running.kill('SIGKILL');
  await trace.over;
  trace.finish(settings.except ?? []);
  return trace.lines;
}

/** The trace of a client whose server `reads` or not, and is killed in the first 'data'. */
async function connecting(net, transport, reads, settings) {
  const trace = new Trace(new Map());
  const running = peer(`
    const server = net.createServer({ pauseOnConnect: ${!reads} }, (stream) => {
      stream.write('hello');
      if (${reads}) stream.resume();
    });
    server.listen(where, () => say(JSON.stringify(server.address())));`, place(transport));
  const [line] = await once(running.stdout, 'data');
  const address = JSON.parse(line);
  const where = transport === 'unix' ? { path: address } : { port: address.port, host: '127.0.0.1' };
  const stream = net.connect(where);
  trace.watchStream(stream, { reads: true, except: [...(settings.except ?? []), 'drain'] });
  settings.accept?.(stream);
  await once(stream, 'data');
  running.kill('SIGKILL');
  await trace.over;
  trace.finish(settings.except ?? []);
  return trace.lines;
}

const huge = Buffer.alloc(30_000_000);

describe.each(BOTH)('the process of the peer is killed (%s)', (transport) => {
  /** Whether the peer reads, and what we do. */
  const CASES = [
    ['idle: that is a FIN', true, {}],
    ['with unread data: that is a reset', false, {
      accept: (stream) => stream.write(Buffer.alloc(1000)),
    }],
    ['while we send: an error', false, {
      accept: (stream) => stream.write(huge),
      except: ['bytesWritten'],
    }],
  ];

  test.each(CASES)('as a client, %s', async (name, reads, settings) => {
    const client = `
      const stream = net.connect(where, () => stream.write('hello'));
      stream.${reads ? 'resume' : 'pause'}();`;
    const traces = [];
    for (const net of MODULES) traces.push(await accepting(net, transport, client, settings));
    expect(traces[1]).toEqual(traces[0]);
  });

  test.each(CASES)('as a server, %s', async (name, reads, settings) => {
    const traces = [];
    for (const net of MODULES) traces.push(await connecting(net, transport, reads, settings));
    expect(traces[1]).toEqual(traces[0]);
  });
});
