'use strict';

// Parity with node:net: how a connection comes to be, or does not.

const { BOTH, parity } = require('./trace');

const endBoth = {
  begin: (client) => client.end('bye', 'latin1'),
};

parity('"When the stream is established the \'connect\' event will be emitted."', { ...endBoth, over: BOTH });

parity('D13: connect refused', { refused: true, over: BOTH });

parity('D13: connect refused, with a write and an end waiting', {
  refused: true,
  over: BOTH,
  begin(client, trace) {
    client.write('one', 'latin1', trace.callback('the first write'));
    client.write('two', 'latin1', trace.callback('the second write'));
    client.end(trace.callback('end'));
  },
});

parity('D13: connect refused, with a write before a listener of \'close\' is added', {
  refused: true,
  over: BOTH,
  begin(client, trace) {
    client.write('one', 'latin1', trace.callback('the write'));
    client.on('close', trace.callback('a listener that was added later'));
  },
});

parity('D13: a path where nothing is', {
  over: ['unix'],
  refused: true,
  clientOptions: () => ({ path: '/nowhere/at/all' }),
});

parity('D13: a path that is a folder', {
  over: ['unix'],
  refused: true,
  clientOptions: () => ({ path: '/' }),
});

parity('D28: a host that can not be resolved', {
  accepts: false,
  clientOptions: () => ({
    host: 'nobody.invalid',
    lookup(host, options, callback) {
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
      process.nextTick(callback, error);
    },
  }),
});

parity('a host that is looked up', {
  ...endBoth,
  clientOptions: () => ({
    host: 'somebody.invalid',
    lookup(host, options, callback) {
      process.nextTick(callback, null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
    },
  }),
});

parity('destroy() in the tick of connect()', {
  over: BOTH,
  accepts: false,
  begin(client, trace) {
    client.write('never', 'latin1', trace.callback('write'));
    trace.outcome('destroy', () => client.destroy());
  },
});

parity('destroy(error) in the tick of connect()', {
  over: BOTH,
  accepts: false,
  begin(client, trace) {
    client.write('never', 'latin1', trace.callback('write'));
    client.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' }));
  },
});

parity('destroy() while the host is looked up, and its answer after that', {
  accepts: false,
  clientOptions: (run) => ({
    host: 'somebody.invalid',
    lookup(host, options, callback) {
      process.nextTick(() => {
        run.client.destroy();
        callback(null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
      });
    },
  }),
});

parity('abort by signal before the connection', {
  over: BOTH,
  accepts: false,
  clientOptions(run) {
    run.control = new AbortController();
    return { signal: run.control.signal };
  },
  begin(client, trace, run) {
    client.write('never', 'latin1', trace.callback('write'));
    run.control.abort();
  },
});

parity('abort by signal when open', {
  over: BOTH,
  clientOptions(run) {
    run.control = new AbortController();
    return { signal: run.control.signal };
  },
  accept: (accepted) => accepted.write('hello', 'latin1'),
  begin: (client, trace, run) => client.on('data', () => run.control.abort()),
});

parity('D25: the option timeout while connecting, then destroy()', {
  accepts: false,
  clientOptions: () => ({ host: 'somebody.invalid', lookup() {}, timeout: 20 }),
  begin: (client) => client.once('timeout', () => client.destroy()),
});

parity('D25: setTimeout() while connecting, then destroy(error)', {
  accepts: false,
  clientOptions: () => ({ host: 'somebody.invalid', lookup() {} }),
  begin(client, trace) {
    client.setTimeout(20, () => {
      trace.note('the callback of setTimeout');
      client.destroy(Object.assign(new Error('too slow'), { code: 'ETOOSLOW' }));
    });
  },
});

parity('a second connect() while the first is under way', {
  accepts: false,
  begin(client, trace, run) {
    trace.outcome('connect', () => client.connect(run.server.address().port, '127.0.0.1'));
    client.destroy();
  },
});

parity('writes before and in \'connect\' arrive in order, and call back in order', {
  over: BOTH,
  begin(client, trace) {
    client.write('1', 'latin1', trace.callback('the first write'));
    client.write(Buffer.from('2'), trace.callback('the second write'));
    client.once('connect', () => {
      client.write('4', 'latin1', trace.callback('the fourth write'));
      client.end('5', 'latin1', trace.callback('end'));
    });
    client.write('3', 'latin1', trace.callback('the third write'));
  },
});

parity('empty writes before \'connect\'', {
  over: BOTH,
  begin(client, trace) {
    client.write('', 'latin1', trace.callback('the empty string'));
    client.write(Buffer.alloc(0), trace.callback('the empty Buffer'));
    client.cork();
    client.write(Buffer.alloc(0));
    client.write('full', 'latin1', trace.callback('the full string'));
    client.uncork();
    client.end('', 'latin1', trace.callback('end'));
  },
});

parity('a write beyond the high-water mark before \'connect\' drains after it', {
  over: BOTH,
  drain: true,
  begin(client, trace) {
    trace.outcome('write', () => client.write(Buffer.alloc(30_000_000, 'x'), trace.callback('write')));
    client.once('drain', () => client.end());
  },
});

parity('a FIN that was asked for before \'connect\'', {
  over: BOTH,
  begin(client, trace) {
    client.end(trace.callback('end'));
    trace.note('after end()');
  },
});
