'use strict';

// How it ends: destroyed, aborted, reset or thrown at in each event, at either end and at both.

const { once } = require('events');
const { BOTH, inTurns } = require('.');

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Up to the kernel, or by now to how soon: see docs/api/node.md. */
const WITHOUT_ATTEMPTS = { except: ['drain', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout'] };

const anError = () => Object.assign(new Error('enough'), { code: 'ENOUGH' });

const lookup = (host, options, callback) => {
  process.nextTick(() => (options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)));
};

/** What ends a stream. */
const WAYS = {
  'destroy()': (stream) => stream.destroy(),
  'destroy(error)': (stream) => stream.destroy(anError()),
  'resetAndDestroy()': (stream) => stream.resetAndDestroy(),
};

/** Before there is a connection, the server may or may not have one: it is not looked at. */
async function oneSided(stage) {
  stage.server.close();
  await once(stage.server, 'close');
  for (const name of Object.keys(stage.traces)) {
    if (name.startsWith('accepted')) delete stage.traces[name];
  }
}

// A reset waits for the connection.
for (const way of ['destroy()', 'destroy(error)']) {
  const end = WAYS[way];
  inTurns(`${way} in 'lookup'`, async (stage) => {
    await stage.listen();
    const client = stage.connect({ host: 'somewhere.invalid', lookup }, WITHOUT_ATTEMPTS);
    client.once('lookup', () => end(client));
    await stage.closed('client');
    await oneSided(stage);
  });

  inTurns(`${way} while a name is looked up`, async (stage) => {
    await stage.listen();
    let answer;
    const slow = (host, options, callback) => (answer = () => lookup(host, options, callback));
    const client = stage.connect({ host: 'somewhere.invalid', lookup: slow }, WITHOUT_ATTEMPTS);
    await nextTurn();
    end(client);
    await stage.closed('client');
    answer();
    await nextTurn();
    await oneSided(stage);
  });

  inTurns(`${way} right after connect()`, { over: BOTH }, async (stage) => {
    await stage.listen();
    const client = stage.connect({}, WITHOUT_ATTEMPTS);
    end(client);
    stage.trace('client').note('after the call');
    await stage.closed('client');
    await oneSided(stage);
  });
}

/** What brings an event of the client about, in a pair where it does not read yet. */
const CAUSES = {
  ready: (client) => client.emit('ready'),
  data: (client, accepted) => {
    accepted.write('data');
    client.on('data', () => {});
  },
  end: (client, accepted) => {
    client.on('data', () => {});
    accepted.end();
  },
  finish: (client) => client.end(),
  prefinish: (client) => client.end(),
  timeout: (client) => client.setTimeout(1),
  pause: (client) => client.resume().pause(),
  resume: (client) => client.resume(),
};

for (const [way, end] of Object.entries(WAYS)) {
  for (const [event, cause] of Object.entries(CAUSES)) {
    inTurns(`${way} in '${event}', of a client`, async (stage) => {
      const [client, accepted] = await stage.pair({ options: { allowHalfOpen: event !== 'end' }, clientWatch: { reads: false } });
      // What the peer sees depends on what is under way: it is looked at elsewhere.
      delete stage.traces.accepted;
      client.once(event, () => {
        stage.trace('client').note('ends');
        end(client);
      });
      accepted.on('error', () => {});
      cause(client, accepted);
      await stage.closed('client');
      accepted.destroy();
    });
  }
}

// Not 'ready', 'lookup' and 'drain': node:net does not go on with what it was about.
for (const [event, cause] of Object.entries({
  finish: CAUSES.finish,
  prefinish: CAUSES.prefinish,
  timeout: CAUSES.timeout,
  // It reads already.
  resume: (client) => client.pause().resume(),
})) {
  inTurns(`an exception in '${event}'`, async (stage) => {
    const [client, accepted] = await stage.pair({ options: { allowHalfOpen: true } });
    const ended = once(accepted, 'end');
    const thrown = once(client, event);
    client.once(event, () => {
      throw new Error(`thrown in ${event}`);
    });
    cause(client);
    await thrown;
    await nextTurn();
    client.destroy();
    await ended;
    accepted.destroy();
    await stage.closed('client', 'accepted');
  });
}

for (const [what, act] of Object.entries({
  'write()': (client, callback) => client.write('text', callback),
  'end()': (client, callback) => client.end('text', callback),
  'setTimeout()': (client, callback) => client.setTimeout(1, callback),
})) {
  inTurns(`an exception in the callback of ${what}`, async (stage) => {
    const [client, accepted] = await stage.pair({ options: { allowHalfOpen: true } });
    const ended = once(accepted, 'end');
    const thrown = new Promise((resolve) => {
      act(client, () => {
        setImmediate(resolve);
        throw new Error('thrown in a callback');
      });
    });
    await thrown;
    await nextTurn();
    client.destroy();
    await ended;
    accepted.destroy();
    await stage.closed('client', 'accepted');
  });
}

inTurns('an exception in a lookup function', { ends: 1 }, async (stage) => {
  const client = new stage.client.Socket();
  stage.trace('client').outcome('connect', () => {
    client.connect({
      port: 1,
      host: 'somewhere.invalid',
      lookup() {
        throw new Error('thrown in lookup');
      },
    });
  });
  client.destroy();
  await nextTurn();
});

inTurns('a lookup function that answers at once', async (stage) => {
  await stage.listen({ accept: (stream) => stream.end() });
  const now = (host, options, callback) => callback(null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
  stage.connect({ host: 'somewhere.invalid', lookup: now }, { except: ['drain', 'lookup', 'connectionAttempt'] });
  await stage.closed('client', 'accepted');
});

inTurns('a lookup function that answers twice', async (stage) => {
  await stage.listen({ accept: (stream) => stream.end() });
  const twice = (host, options, callback) => {
    lookup(host, options, callback);
    setImmediate(() => stage.trace('client').note('twice'));
  };
  stage.connect({ host: 'somewhere.invalid', lookup: twice, autoSelectFamily: false }, { except: ['drain'] });
  await stage.closed('client', 'accepted');
});

// Not nothing: node:net throws.
for (const [title, found] of Object.entries({
  'an address of no family': [{ address: '127.0.0.1', family: 5 }],
  'an address without a family': [{ address: '127.0.0.1' }],
})) {
  inTurns(`a lookup function that finds ${title}`, { ends: 1 }, async (stage) => {
    const finds = (host, options, callback) => process.nextTick(() => callback(null, found));
    stage.target = { port: 1, host: 'somewhere.invalid', lookup: finds };
    stage.connect({}, WITHOUT_ATTEMPTS);
    await stage.closed('client');
  });
}

inTurns('a lookup function that finds an address of no family, one family', { ends: 1 }, async (stage) => {
  const finds = (host, options, callback) => process.nextTick(() => callback(null, '127.0.0.1', 5));
  stage.target = { port: 1, host: 'somewhere.invalid', lookup: finds, family: 4 };
  stage.connect({}, WITHOUT_ATTEMPTS);
  await stage.closed('client');
});

inTurns('both ends at once', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair();
  client.end('mine', stage.trace('client').aside('end'));
  accepted.end('theirs', stage.trace('accepted').aside('end'));
  await stage.closed('client', 'accepted');
});

inTurns('both are destroyed at once', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair();
  client.destroy();
  accepted.destroy();
  await stage.closed('client', 'accepted');
});

inTurns('both are reset at once', async (stage) => {
  const [client, accepted] = await stage.pair();
  client.resetAndDestroy();
  accepted.resetAndDestroy();
  await stage.closed('client', 'accepted');
});

inTurns('the peer is destroyed, and nobody reads', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: { reads: false } });
  accepted.write('unread');
  accepted.destroy();
  await stage.closed('accepted');
  await nextTurn();
  stage.trace('client').note('still there', client.readableLength, client.readableFlowing);
  client.resume();
  await stage.closed('client');
});

inTurns('a connection that is reset before the server looks at it', async (stage) => {
  await stage.listen({ options: { pauseOnConnect: true }, watch: { reads: false } });
  const client = stage.connect();
  await stage.accepted;
  if (client.connecting) await once(client, 'connect');
  client.resetAndDestroy();
  await stage.closed('client');
  await nextTurn();
  stage.traces.accepted.stream.resume();
  await stage.closed('accepted');
});

inTurns('a large write that destroy() cuts short', { since: 22 }, async (stage) => {
  const [client] = await stage.pair({ watch: { reads: false } });
  const trace = stage.trace('client');
  trace.note('write', client.write(Buffer.alloc(64 << 20), trace.callback('write')));
  trace.note('write', client.write('behind', trace.callback('the second write')));
  client.end(trace.callback('end'));
  await nextTurn();
  client.destroy();
  await stage.closed('client');
  // What it has received of that is up to the kernel.
  stage.traces.accepted.stream.destroy();
  delete stage.traces.accepted;
});

inTurns('a large write that the peer\'s reset cuts short', async (stage) => {
  const [client, accepted] = await stage.pair({ watch: { reads: false } });
  const trace = stage.trace('client');
  trace.note('write', client.write(Buffer.alloc(64 << 20), (error) => trace.note('written', Boolean(error))));
  await nextTurn();
  const failed = once(client, 'close').catch((error) => error);
  client.on('error', () => {});
  accepted.resetAndDestroy();
  await failed;
  // Whether reading or writing is the first to hear of it is up to the kernel.
  const { destroyed, errored } = client;
  stage.trace('outcome').note(destroyed, errored.code);
  delete stage.traces.client;
  delete stage.traces.accepted;
});

for (const [title, options] of Object.entries({ 'a socket': {}, 'a socket, timed': { timeout: 100_000 } })) {
  inTurns(`setTimeout() of ${title} in 'timeout', and the time that is set`, async (stage) => {
    const [client] = await stage.pair({ clientOptions: options });
    const trace = stage.trace('client');
    client.setTimeout(1);
    await once(client, 'timeout');
    trace.note('timeout', client.timeout);
    client.setTimeout(2);
    await once(client, 'timeout');
    trace.note('timeout', client.timeout);
    client.setTimeout(0);
    client.end();
    await stage.closed('client', 'accepted');
  });
}

for (const [title, value] of Object.entries({ 'a fraction': 1.5, 'more than a timer takes': 2 ** 31, 'Infinity': Infinity, 'NaN': NaN })) {
  inTurns(`setTimeout(): ${title}`, { except: ['timeout'] }, async (stage) => {
    const [client] = await stage.pair();
    stage.trace('client').outcome('setTimeout', () => client.setTimeout(value) === client);
    client.setTimeout(0);
    client.end();
    await stage.closed('client', 'accepted');
  });
}

inTurns('an async listener of a socket that rejects, with captureRejections', async (stage) => {
  await stage.listen();
  const client = stage.connect({ captureRejections: true });
  client.on('connect', async () => {
    throw anError();
  });
  await stage.closed('client', 'accepted');
});

inTurns('removeAllListeners(), and what Duplex has of its own', async (stage) => {
  const [client, accepted] = await stage.pair({ options: { allowHalfOpen: true } });
  client.removeAllListeners('data').removeAllListeners('drain');
  accepted.end('bye');
  client.end();
  await once(accepted, 'close');
  client.resume();
  await stage.closed('client', 'accepted');
});

inTurns('opened again after each way to end', async (stage) => {
  await stage.listen({ accept: (stream) => stream.on('error', () => {}) });
  const client = new stage.client.Socket();
  const trace = stage.trace('again');
  client.on('error', (error) => trace.note('error', error)).on('close', (had) => trace.note('close', had)).on('data', () => {});
  for (const end of [(stream) => stream.end(), ...Object.values(WAYS)]) {
    client.connect(stage.target);
    await once(client, 'connect');
    trace.note('open', client.destroyed, client.connecting, client.pending, client.readyState, client.errored);
    const closed = new Promise((resolve) => client.once('close', resolve));
    end(client);
    await closed;
    trace.note('over', client.destroyed, client.connecting, client.pending, client.readyState);
  }
  for (const name of Object.keys(stage.traces)) {
    if (name.startsWith('accepted')) {
      await stage.closed(name);
      delete stage.traces[name];
    }
  }
});
