'use strict';

// Options of sockets and of connect(), alone and together.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { BOTH, inTurns } = require('.');

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const half = { allowHalfOpen: true };

for (const [title, options] of Object.entries({
  'readable: false': { readable: false },
  'writable: false': { writable: false },
  'allowHalfOpen, readable: false': { ...half, readable: false },
  'noDelay, keepAlive': { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 },
  'keepAliveInitialDelay that is negative': { keepAlive: true, keepAliveInitialDelay: -1 },
  'highWaterMark': { highWaterMark: 3 },
  'readableHighWaterMark, writableHighWaterMark': { readableHighWaterMark: 3, writableHighWaterMark: 4 },
  'decodeStrings, emitClose, autoDestroy': { decodeStrings: true, emitClose: true, autoDestroy: false },
  'encoding': { encoding: 'utf8' },
  'defaultEncoding': { defaultEncoding: 'latin1' },
  'pauseOnCreate, manualStart': { pauseOnCreate: true, manualStart: true },
})) {
  inTurns(`a socket with ${title}`, { over: BOTH }, async (stage) => {
    // One after the other, so that there is one order only.
    const speaksFirst = options.writable === false;
    await stage.listen({
      options: half,
      accept: (stream) => (speaksFirst ? stream.end('hello') : stream.on('end', () => stream.end('hello'))),
    });
    const client = stage.connect(options, { reads: !title.includes('readable') });
    await once(client, 'connect');
    const trace = stage.trace('client');
    trace.note('has', client.readableHighWaterMark, client.writableHighWaterMark, client.allowHalfOpen);
    trace.note('flows', client.readableFlowing, client.readableEncoding, client.readable, client.writable);
    if (client.writable) client.end('é');
    if (title.includes('readable')) client.resume();
    if (client.readable) await once(client, 'end');
    if (speaksFirst || options.readable === false || options.autoDestroy === false) {
      await nextTurn();
      client.destroy();
      // How far the server has got by then is up to the kernel.
      const accepted = await stage.accepted;
      delete stage.traces.accepted;
      await stage.closed('client');
      accepted.destroy();
      return;
    }
    await stage.closed('client', 'accepted');
  });
}

for (const [title, what] of Object.entries({ 'a file': 'file', 'a folder': '.', 'nothing': null })) {
  inTurns(`new Socket({ fd }) of ${title}`, { ends: 1 }, (stage) => {
    const folder = stage.folder();
    fs.writeFileSync(path.join(folder, 'file'), 'text');
    const fd = what === null ? 9999 : fs.openSync(path.join(folder, what), 'r');
    stage.trace('call').outcome('new Socket', () => new stage.client.Socket({ fd }) instanceof stage.client.Socket);
    if (what !== null) fs.closeSync(fd);
  });
}

for (const [title, options] of Object.entries({
  'localAddress': { localAddress: '127.0.0.1' },
  'localAddress of another address of ours': { localAddress: '127.0.0.9' },
  'family: 4': { family: 4, host: 'localhost' },
  'family: IPv4': { family: 'IPv4', host: 'localhost' },
  'family: 0': { family: 0, host: '127.0.0.1' },
  'hints': { hints: 0 },
  'hints and a family, by a name': { family: 4, host: 'localhost', hints: require('dns').ADDRCONFIG },
  'autoSelectFamily: false': { autoSelectFamily: false },
  'autoSelectFamily, autoSelectFamilyAttemptTimeout': { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 500 },
  'a port as text': { asText: true },
  'a timeout that is long': { timeout: 100_000 },
  'host: null': { host: null, family: 4, lookup: (host, options, callback) => process.nextTick(callback, null, '127.0.0.1', 4) },
  'host that is empty': { host: '', family: 4, lookup: (host, options, callback) => process.nextTick(callback, null, '127.0.0.1', 4) },
})) {
  inTurns(`connect() with ${title}`, async (stage) => {
    await stage.listen({ accept: (stream) => stream.end('hello') });
    if (options.asText) stage.target.port = String(stage.target.port);
    const client = stage.connect(options, { except: ['drain', 'connectionAttempt', 'connectionAttemptFailed'] });
    await once(client, 'connect');
    const { localAddress, remoteAddress, remoteFamily, timeout } = client;
    stage.trace('client').note(localAddress, remoteAddress, remoteFamily, timeout, client.autoSelectFamilyAttemptedAddresses);
    await stage.closed('client', 'accepted');
  });
}

/** Wrong options of connect(). They throw, or become an 'error'. */
const WRONG = {
  'path, null, and a port that is none': { path: null, port: -1 },
  'path and port': { path: '/nowhere/at/all', port: 1 },
  'path that is a folder': { path: '/' },
  'port: 1.5': { port: 1.5 },
  'port: 0': { port: 0 },
  'port: a list': { port: [] },
  'port: a large number': { port: 1e10 },
  'port: Infinity': { port: Infinity },
  'port: hexadecimal': { port: '0x10000' },
  'port: blank': { port: ' ' },
  'host: a number': { port: 1, host: 5 },
  'localAddress: a number': { port: 1, localAddress: 5 },
  'localPort: text': { port: 1, localPort: '1' },
  'lookup: null and a host that is an address': { port: 65536, lookup: null },
  'autoSelectFamily: 1': { port: 1, autoSelectFamily: 1 },
  'autoSelectFamilyAttemptTimeout: 1.5': { port: 1, autoSelectFamilyAttemptTimeout: 1.5 },
  'autoSelectFamilyAttemptTimeout: text': { port: 1, autoSelectFamilyAttemptTimeout: '1' },
  'family: 5': { port: 1, host: 'somewhere.invalid', family: 5 },
  'hints: text': { port: 1, host: 'somewhere.invalid', hints: 'none' },
  'hints: 12345': { port: 1, host: 'somewhere.invalid', hints: 12345 },
};

for (const [title, options] of Object.entries(WRONG)) {
  // Before, dns.lookup() was the first to look at it.
  const since = title.startsWith('host') ? 22 : 20;
  inTurns(`connect() with wrong options: ${title}`, { ends: 1, since }, async (stage) => {
    const client = new stage.client.Socket();
    const trace = stage.trace('call');
    const told = new Promise((resolve) => client.once('error', resolve));
    let threw = true;
    trace.outcome('connect', () => {
      client.connect({ ...options });
      threw = false;
    });
    if (!threw) trace.note('error', await told);
    client.destroy();
  });
}
