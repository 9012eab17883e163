'use strict';

// Every method of a stream, called in every state that a stream can be in.

const { once } = require('events');
const { BOTH, scenario } = require('.');

/** Node's 'finish' and 'close' take their turns, ours come with the end: both have come after a turn. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** How a stream comes to each state. Each gives `[stream, trace, end]`, where `end()` lets the scenario end. */
const STATES = {
  async 'new'(stage) {
    const stream = stage.watch(new stage.client.Socket(), 'client');
    await nextTurn();
    return [stream, stage.trace('client'), () => stream.destroy()];
  },

  async 'connecting'(stage) {
    // Whether a connection that is given up gets there is up to the kernel: its other end is not looked at.
    stage.isOneSided = true;
    await stage.listen({ accept: (accepted) => accepted.end('bye') });
    const stream = stage.connect();
    return [stream, stage.trace('client'), () => stream.end()];
  },

  async 'open'(stage) {
    const [stream, accepted] = await stage.pair();
    return [stream, stage.trace('client'), () => accepted.end('bye')];
  },

  async 'ended by us'(stage) {
    const [stream, accepted] = await stage.pair({ options: { allowHalfOpen: true } });
    stream.end('mine');
    await once(accepted, 'end');
    return [stream, stage.trace('client'), () => accepted.end('bye')];
  },

  async 'ended by the peer, half-open'(stage) {
    const [stream, accepted] = await stage.pair({ clientOptions: { allowHalfOpen: true } });
    accepted.end('theirs');
    await once(stream, 'end');
    return [stream, stage.trace('client'), () => stream.end()];
  },

  async 'ended by both'(stage) {
    const [stream, accepted] = await stage.pair();
    const over = once(stream, 'end');
    accepted.end('bye');
    await over;
    return [stream, stage.trace('client'), () => {}];
  },

  async 'destroyed'(stage) {
    const [stream] = await stage.pair();
    await nextTurn();
    stream.destroy();
    return [stream, stage.trace('client'), () => {}];
  },

  async 'closed'(stage) {
    const [stream, accepted] = await stage.pair();
    const over = once(stream, 'close');
    accepted.end('bye');
    await over;
    return [stream, stage.trace('client'), () => {}];
  },
};

const METHODS = {
  'write(string)': (stream, trace) => stream.write('text', trace.callback('write')),
  'write(Buffer)': (stream, trace) => stream.write(Buffer.from('bytes'), trace.callback('write')),
  'write(nothing)': (stream, trace) => stream.write('', trace.callback('write')),
  'write(null)': (stream) => stream.write(null),
  'write(number)': (stream) => stream.write(5),
  'write(string, no encoding)': (stream) => stream.write('text', 'no encoding'),
  'end()': (stream, trace) => stream.end(trace.callback('end')),
  'end(string)': (stream, trace) => stream.end('last', 'utf8', trace.callback('end')),
  'destroy()': (stream) => stream.destroy(),
  'destroy(error)': (stream) => stream.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' })),
  'destroySoon()': (stream) => stream.destroySoon(),
  'resetAndDestroy()': (stream) => stream.resetAndDestroy(),
  'pause() and resume()': (stream, trace) => {
    trace.note('paused', stream.pause().isPaused());
    stream.resume();
    return stream.isPaused();
  },
  'setTimeout(0)': (stream) => stream.setTimeout(0),
  'setTimeout(negative)': (stream) => stream.setTimeout(-1),
  'setTimeout(string)': (stream) => stream.setTimeout('soon'),
  'setTimeout(100000, no function)': (stream) => stream.setTimeout(100_000, 'no function'),
  'setNoDelay()': (stream) => stream.setNoDelay(),
  'setKeepAlive()': (stream) => stream.setKeepAlive(true, 1000),
  'setTypeOfService()': (stream) => stream.setTypeOfService(0x28) === stream && stream.getTypeOfService(),
  'setTypeOfService(too much)': (stream) => stream.setTypeOfService(256),
  'setTypeOfService(NaN)': (stream) => stream.setTypeOfService(NaN),
  'setTypeOfService(string)': (stream) => stream.setTypeOfService('high'),
  'getTypeOfService()': (stream) => stream.getTypeOfService(),
  'ref() and unref()': (stream) => stream.unref() === stream && stream.ref() === stream,
  'address()': (stream) => typeof stream.address(),
  'setEncoding()': (stream) => stream.setEncoding('hex'),
  'setEncoding(none)': (stream) => stream.setEncoding('none'),
  'read()': (stream) => stream.read(),
  'cork(), write() and uncork()': (stream, trace) => {
    stream.cork();
    stream.write('one', trace.callback('the first'));
    stream.write('two', trace.callback('the second'));
    trace.note('corked', stream.writableLength, stream.bufferSize);
    stream.uncork();
    return stream.writableLength;
  },
  'bufferSize': (stream) => stream.bufferSize,
  'bytesRead and bytesWritten': (stream) => [stream.bytesRead, stream.bytesWritten],
  'timeout': (stream) => stream.timeout,
  'server': (stream) => stream.server,
};

for (const [state, reach] of Object.entries(STATES)) {
  for (const [method, call] of Object.entries(METHODS)) {
    // On node:net, that is `reset EINVAL`, the server never closes, and the process spins.
    if (method.startsWith('resetAndDestroy') && state === 'ended by both') continue;
    // node:net throws EBADF.
    if (/^[gs]etTypeOfService\(\)/.test(method) && state === 'connecting') continue;
    const over = method.startsWith('resetAndDestroy') ? BOTH : ['tcp'];
    const isDone = state === 'destroyed' || state === 'closed';
    const takesWrongArguments = /^setTimeout\([^0]/.test(method);
    // node:net does not look at the arguments any more.
    if (isDone && takesWrongArguments) continue;
    // node:net has set `timeout` before it looks at the arguments, and ours when there is nothing to time any more.
    const except = takesWrongArguments || (isDone && method.startsWith('setTimeout')) ? ['timeout'] : [];
    // Before, it waited for a connection.
    const endsNew = state === 'new' && /^(end\(\)|destroySoon)/.test(method);
    const since = method.includes('TypeOfService') ? 24 : endsNew ? 22 : 20;
    scenario(`${method} of a stream that is ${state}`, { over, except, since }, async (stage) => {
      const [stream, trace, end] = await reach(stage);
      trace.outcome(method, () => call(stream, trace));
      trace.note('after the call');
      await null;
      // To write to a peer that has reset tells only how soon each looks at its socket.
      if (!method.startsWith('resetAndDestroy') || !stream.destroyed) end();
      else if (state === 'ended by us') stage.traces.accepted.stream.destroy();
      await stage.closed(...['client', 'accepted'].filter((name) => name in stage.traces));
      if (!stage.isOneSided) return;
      stage.server.close();
      await once(stage.server, 'close');
      delete stage.traces.accepted;
    });
  }
}
