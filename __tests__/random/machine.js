'use strict';

// Random sequences of the API's methods on connected streams, and what has to hold for each of them. A seed determines
// the whole sequence. Run with node:net as the implementation, it checks the machine itself.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const os = require('os');
const path = require('path');
const nodeTls = require('tls');
const { setFlagsFromString } = require('v8');
const { runInNewContext } = require('vm');
const { certificate, identity } = require('../tls/pki');
const pageNet = require('../..');
const { End } = require('./end');
const { plan } = require('./plan');

/**
 * A sequence is stalled when its loop has slept through this many ticks in a row and nothing has happened. A machine
 * that has no time for the process doesn't stall it: what is due is delivered before the second tick.
 */
const STALL = 40;
const TICK = 50;

/** Encodings under which everything received is delivered at once: the decoder keeps nothing. */
const PROMPT = [null, 'latin1', 'binary', 'hex'];

/** What may still be allocated outside the heap after a batch, beyond what was before. */
const MEMORY = 48 << 20;

/** Plans that are played for a shortened failure, at the most. */
const SHORTENING = 200;

const turn = () => new Promise(setImmediate);

/** Credentials for both sides, made once for each way to use them and shared by all its streams. */
const shared = new Map();

function credentialsOf(make, version) {
  const key = [make, version];
  const kept = [...shared].find(([[a, b]]) => a === key[0] && b === key[1]);
  if (kept !== undefined) return kept[1];
  const versions = { minVersion: version, maxVersion: version };
  const options = [{ ca: certificate('root'), ...versions }, { ...identity('p256'), ...versions }];
  const made = options.map((one) => make(one));
  shared.set(key, made);
  return made;
}

/** Whether TLS is a matter of the stream itself. Elsewhere, node:tls wraps it. */
function mayUpgrade(net, list) {
  return net === pageNet || (net !== nodeNet && !list.wraps);
}

/** Makes one side secure; returns the stream to use from now on, which node:tls replaces. */
function secure(net, stream, side, list) {
  const isUpgraded = mayUpgrade(net, list);
  const make = isUpgraded ? pageNet.createCredentials : nodeTls.createSecureContext;
  const credentials = credentialsOf(make, list.tls)[side];
  if (isUpgraded) {
    return side === 1 ? stream.setSecure(credentials) : stream.setSecure(credentials, { servername: 'localhost' });
  }
  const { allowHalfOpen } = list;
  return side === 1
    ? new nodeTls.TLSSocket(stream, { isServer: true, secureContext: credentials, allowHalfOpen })
    : nodeTls.connect({ socket: stream, secureContext: credentials, servername: 'localhost', allowHalfOpen });
}

/** A server that connects everything it accepts to `target`. */
function hub(net, target) {
  return net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.createConnection({ ...target, allowHalfOpen: true });
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on('error', () => {});
      one.on('close', (hadError) => {
        if (hadError || !one.readableEnded || !one.writableFinished) other.destroy();
      });
      one.pipe(other);
    }
  });
}

/** Resolves once `done` has, or to 'stalled' when nothing happens any more. */
async function unlessStalled(done, progress) {
  let [idle, seen] = [0, -1];
  let timer;
  const stalled = new Promise((resolve) => {
    timer = setInterval(() => {
      idle = progress.count === seen ? idle + 1 : 0;
      seen = progress.count;
      progress.idlest = Math.max(progress.idlest, idle);
      if (idle === STALL) resolve('stalled');
    }, TICK);
  });
  const result = await Promise.race([done, stalled]);
  clearInterval(timer);
  return result;
}

/** Whether both sides send everything and end. */
function isGraceful(steps) {
  return !steps.some(({ name }) => ['destroy', 'destroySoon', 'resetAndDestroy'].includes(name));
}

/** One connection and the steps on it. `used` is a stream to connect again, or null; resolves to the client. */
async function session(net, list, steps, { broken, progress, used, name }) {
  const mayMix = net !== nodeNet && list.topology !== 'echo';
  const modules = [0, 1].map((side) => (mayMix && list.foreign === side ? nodeNet : net));
  const { allowHalfOpen, topology } = list;
  const graceful = isGraceful(steps);
  const servers = [modules[1].createServer({ allowHalfOpen })];
  const address = (i) => (list.unix ? { path: `${name}.${i}` } : { port: servers[i].address().port, host: '127.0.0.1' });
  const listen = async (i) => {
    const listening = once(servers[i], 'listening');
    servers[i].listen(list.unix ? { path: `${name}.${i}` } : { port: 0, host: '127.0.0.1' });
    await listening;
  };
  const expectations = [];
  /** A callback that has to be called exactly once. */
  const once_ = (what) => {
    const entry = { what, times: 0 };
    expectations.push(entry);
    return () => {
      entry.times++;
      progress.count++;
    };
  };
  const streams = [];
  const ends = [];
  let client;
  try {
    await listen(0);
    if (topology === 'relay') {
      servers.push(hub(net, address(0)));
      await listen(1);
    }
    const accepted = once(servers[0], 'connection');
    const target = { ...address(servers.length - 1), allowHalfOpen };
    const readers = [...list.readers];
    if (readers[0] === 'onread' && (used !== null || (list.tls !== null && !mayUpgrade(modules[0], list)))) readers[0] = 'data';
    if (readers[0] === 'onread') {
      target.onread = { buffer: Buffer.alloc(5000), callback: (...args) => ends[0].onread(...args) };
    }
    client = used ?? new modules[0].Socket({ allowHalfOpen, onread: target.onread });
    const raw = client;
    const connected = once(client, 'connect');
    client.connect(target, once_('connect'));
    streams.push(client);
    const [[peer]] = await Promise.all([accepted, connected]);
    streams.push(peer);

    const pair = [client, peer];
    const isWrapped = modules.map((one) => list.tls !== null && !mayUpgrade(one, list));
    const isMixed = isWrapped.includes(true);
    const mayWait = list.encodings.every((encoding) => PROMPT.includes(encoding)) && topology === 'pair' && !isMixed;
    let secureAt = list.tls === null ? -1 : mayWait ? list.secureAt : 0;
    const order = list.clientSpeaksFirst ? [0, 1] : [1, 0];
    const secureAll = () => {
      secureAt = -1;
      for (const side of order) pair[side] = secure(modules[side], pair[side], side, list);
    };
    if (secureAt === 0) {
      // In some of the sequences, what follows is written during the handshake.
      const waits = isMixed || list.secureAt % 2 === 0;
      secureAll();
      const both = pair.map((stream) => once(stream, 'secure'));
      if (waits && await unlessStalled(Promise.all(both), progress) === 'stalled') broken.push('handshake stalled');
      else both.forEach((one) => one.catch(() => {}));
    }
    client = pair[0];
    pair.forEach((stream, side) => {
      if (topology === 'echo' && side === 1) {
        stream.on('error', () => {});
        stream.pipe(stream);
        return;
      }
      const from = topology === 'echo' ? 0 : 1 - side;
      const how = {
        side, sends: side, receives: from, isText: [list.isText[side], list.isText[from]],
        encoding: list.encodings[side], reader: readers[side],
        isOurs: modules[side] !== nodeNet, isPage: modules[side] === pageNet,
        isWrapped: isWrapped[side], isNodes: modules[side] === nodeNet, mayReset: list.unix ? 'never' : 'tcp',
      };
      // A unit that read(n) or unshift() splits can't be put together again.
      const isSplit = how.reader === 'readable' && !['latin1', 'binary'].includes(how.encoding);
      if (isSplit) how.encoding = null;
      if (topology === 'echo' && how.isText[0] !== list.isText[1 - side]) how.encoding = null;
      ends.push(new End(stream, how, broken, progress));
    });
    const sentTo = (end) => (topology === 'echo' ? end.sent : ends[1 - end.side].sent);
    const receivedAll = () => ends.every((end) => end.hasAll(sentTo(end)));

    for (const [at, step] of steps.entries()) {
      if (secureAt === at && ends.every((end) => !end.finished && !end.ended && !end.stream.destroyed)) {
        // Nothing may be on its way in the clear.
        const quiet = (async () => {
          while (!receivedAll()) {
            for (const end of ends) end.wake();
            await turn();
          }
        })();
        if (await unlessStalled(quiet, progress) === 'stalled') {
          broken.push('stalled before the handshake');
          break;
        }
        for (const end of ends) end.checkDrain();
        if (ends.every((end) => !end.ended && !end.stream.destroyed)) secureAll();
      }
      const end = ends[step.side] ?? ends[0];
      if (step.name === 'connections') servers[0].getConnections(once_('getConnections'));
      else if (step.name === 'closeServer' && servers[0].listening) servers[0].close(once_('server.close'));
      if (end.stream.destroyed || end.closed) continue;
      // The other side's end may have ended this one (allowHalfOpen: false): nothing is written after that.
      if (end.ended) end.finished = true;
      if (step.name === 'turn') await turn();
      else end.step(step);
    }
    for (const end of ends) {
      end.wake();
      if (!end.stream.destroyed) end.step({ name: 'end', form: 1 });
    }
    // A side of the relay or of the echo is not watched: it ends with the others.
    const closed = Promise.all(ends.map((end) => end.close));
    if (await unlessStalled(closed, progress) === 'stalled') broken.push(`stalled before 'close': ${ends.map((end) => end.state()).join()}`);
    await Promise.all(ends.map((end) => end.settle()));
    await turn();
    await turn();
    for (const end of ends) {
      if (graceful && end.failed) broken.push(`side ${end.side}: 'error' without a cause: ${end.failed}`);
      if (graceful && !ends.some(({ failed }) => failed) && !end.hasAll(sentTo(end))) {
        broken.push(`side ${end.side}: ${end.received} bytes of ${sentTo(end)} arrived`);
      }
      if (end.closed) end.checkCallbacks();
    }
    client = raw;
  } finally {
    for (const end of ends) end.detach();
    for (const stream of streams) {
      stream.on('error', ignore);
      stream.destroy();
    }
    const closing = servers.filter(({ listening }) => listening)
      .map((server) => new Promise((resolve) => server.close(resolve)));
    if (await unlessStalled(Promise.all(closing), progress) === 'stalled') broken.push('server.close() stalled');
    await turn();
    for (const { what, times } of expectations) if (times !== 1) broken.push(`callback of ${what} called ${times} times`);
  }
  return client;
}

function ignore() {}

/** Plays `list` with `net`; resolves to the rules it broke (none: an empty list). */
async function play(net, list, progress = { count: 0, idlest: 0 }) {
  const broken = [];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'random-'));
  try {
    const used = await session(net, list, list.steps, { broken, progress, used: null, name: path.join(folder, 'a') });
    // node:tls can't use a socket again, nor can a stream whose pipe or `onread` is its own.
    const isWrapped = list.tls !== null && (!mayUpgrade(net, list) || list.foreign < 2);
    // What node:net has received but not delivered of a connection that is cut is delivered on the next one.
    const keepsData = net === nodeNet || list.foreign === 0;
    const mayConnectAgain = !isWrapped && !(keepsData && !isGraceful(list.steps));
    if (list.again !== null && broken.length === 0 && mayConnectAgain && list.readers[0] !== 'onread') {
      await session(net, list, list.again, { broken, progress, used, name: path.join(folder, 'b') });
    }
  } catch (error) {
    broken.push(`threw ${error.stack}`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return broken;
}

/** Leaves out one step after the other while what is left still fails. */
async function shorten(net, list) {
  let budget = SHORTENING;
  for (const name of ['again', 'steps']) {
    if (list[name] === null) continue;
    if (name === 'again' && (await play(net, { ...list, again: null })).length > 0) {
      list = { ...list, again: null };
      continue;
    }
    for (let i = list[name].length - 1; i >= 0 && budget > 0; i--, budget--) {
      const shorter = { ...list, [name]: list[name].filter((_, at) => at !== i) };
      if ((await play(net, shorter)).length > 0) list = shorter;
    }
  }
  return list;
}

/** Descriptors of this process; -1 where that can't be known. */
function descriptors() {
  return fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : -1;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

async function memory() {
  for (let i = 0; i < 3; i++) {
    collect();
    await turn();
  }
  const { external } = process.memoryUsage();
  return external;
}

/** Plays seeds from `seed` on until `seconds` have passed or one fails; resolves to the number and the failure. */
async function run(net, { seed, seconds = Infinity, count = Infinity, wraps = false, onSeed = () => {} }) {
  // The first sequences make what is made once, such as the threads for handshakes and their descriptors.
  for (const tls of [null, 'TLSv1.2', 'TLSv1.3']) {
    await play(net, { ...plan(seed), topology: 'relay', tls, wraps: false, foreign: 2, steps: [], again: null });
  }
  const before = { descriptors: descriptors(), memory: await memory() };
  const until = Date.now() + seconds * 1000;
  const progress = { count: 0, idlest: 0 };
  let played = 0;
  for (; played < count && Date.now() < until; played++) {
    onSeed(seed + played);
    const list = plan(seed + played);
    list.wraps &&= wraps;
    const broken = await play(net, list, progress);
    if (broken.length > 0) {
      const failure = { seed: seed + played, broken, list: await shorten(net, list) };
      return { played: played + 1, failure };
    }
  }
  const after = { descriptors: descriptors(), memory: await memory() };
  const broken = [];
  if (after.descriptors > before.descriptors) broken.push(`descriptors: ${before.descriptors}, then ${after.descriptors}`);
  if (after.memory > before.memory + MEMORY) broken.push(`memory: ${before.memory}, then ${after.memory}`);
  return { played, idlest: progress.idlest * TICK, failure: broken.length > 0 ? { seed, broken } : undefined };
}

module.exports = { plan, play, run };
