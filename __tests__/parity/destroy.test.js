'use strict';

// Parity with node:net: destroy() in every callback, and connections that are reset.

const { BOTH, parity } = require('./trace');

/** More than the kernel takes at once. */
const huge = Buffer.alloc(30_000_000, 'huge ');

const enough = () => Object.assign(new Error('enough'), { code: 'ENOUGH' });

/** The calls that are made in each callback. */
const WAYS = [
  ['destroy()', (stream) => stream.destroy()],
  ['destroy(error)', (stream) => stream.destroy(enough())],
];

describe.each(WAYS)('%s', (name, destroy) => {
  parity('in \'connect\'', { over: BOTH, begin: (client) => client.on('connect', () => destroy(client)) });

  parity('in the callback of connect(), with a write waiting', {
    begin(client, trace) {
      client.write('x', 'latin1', trace.callback('write'));
      client.on('connect', () => destroy(client));
    },
    // Whether the write was sent before is not promised.
    except: ['bytesRead'],
    reads: false,
    accept: (accepted) => accepted.resume(),
  });

  parity('in \'ready\'', { begin: (client) => client.on('ready', () => destroy(client)) });

  parity('in the connection listener', { over: BOTH, accept: (accepted) => destroy(accepted) });

  parity('in \'data\', with more to come', {
    over: BOTH,
    except: ['bytesRead', 'bytesWritten'],
    reads: false,
    accept: (accepted, trace) => accepted.once('data', () => {
      trace.note('data');
      destroy(accepted);
    }),
    // The rest of the write fails, or has gone out: the peer's error is the kernel's choice.
    begin(client) {
      client.resume();
      client.end('x'.repeat(1000), 'latin1');
    },
  });

  parity('in \'end\'', {
    over: BOTH,
    begin: (client) => client.end('x', 'latin1'),
    accept: (accepted) => accepted.on('end', () => destroy(accepted)),
  });

  parity('in \'finish\'', {
    over: BOTH,
    begin: (client) => client.end('x', 'latin1').on('finish', () => destroy(client)),
  });

  parity('in \'drain\'', {
    drain: true,
    begin(client) {
      client.on('connect', () => client.write(huge));
      client.on('drain', () => destroy(client));
    },
  });

  parity('in the callback of a write', {
    begin(client, trace) {
      client.on('connect', () => client.write('x', 'latin1', (error) => {
        trace.note('written', error);
        destroy(client);
      }));
    },
  });

  parity('in \'timeout\'', {
    begin(client) {
      // Not before: on a busy machine, the time could be over while it connects.
      client.on('connect', () => client.setTimeout(20));
      client.on('timeout', () => destroy(client));
    },
  });

  parity('in \'error\'', {
    refused: true,
    over: BOTH,
    begin: (client) => client.on('error', () => destroy(client)),
  });

  parity('in \'close\'', {
    begin(client) {
      client.on('connect', () => client.end());
      client.on('close', () => destroy(client));
    },
  });

  parity('twice, then with another error', {
    begin(client) {
      client.on('connect', () => {
        destroy(client);
        destroy(client);
        client.destroy(new Error('another'));
      });
    },
  });

  parity('with data in the readable buffer that nobody takes any more', {
    reads: false,
    begin(client, trace) {
      client.once('readable', () => {
        trace.note('readable');
        destroy(client);
        trace.note('read', String(client.read()));
      });
    },
    accept(accepted) {
      accepted.resume();
      accepted.write('hello', 'latin1');
    },
    except: ['readableAborted'],
  });

  parity('with writes that wait: each is told', {
    over: BOTH,
    // Which error the writes get, and whether the stream keeps it, has changed between versions of Node.
    except: ['bytesRead', 'bytesWritten', 'errored'],
    reads: false,
    accept(accepted, trace, run) {
      // The client's writes wait as long as nobody reads.
      accepted.on('data', () => {}).pause();
      accepted.write('go', 'latin1');
      run.client.once('close', () => accepted.resume());
    },
    begin(client, trace) {
      client.once('data', () => {
        client.write(huge);
        client.write('waits', 'latin1', (error) => trace.note('the write that waits has failed', Boolean(error)));
        setImmediate(() => destroy(client));
      });
    },
  });
});

parity('resetAndDestroy() of the accepted stream: the client gets ECONNRESET', {
  begin: (client) => client.write('x', 'latin1'),
  accept: (accepted) => accepted.once('data', () => accepted.resetAndDestroy()),
});

parity('resetAndDestroy() of the client: the accepted stream gets ECONNRESET', {
  accept: (accepted) => accepted.write('x', 'latin1'),
  begin: (client, trace) => client.once('data', () => trace.outcome('reset', () => client.resetAndDestroy())),
});

parity('resetAndDestroy() while connecting', {
  begin(client, trace) {
    trace.outcome('reset', () => client.resetAndDestroy());
  },
  // Whether the accepted stream sees a reset at its first read.
  except: ['readableAborted'],
});

parity('resetAndDestroy() after destroy()', {
  begin(client, trace) {
    client.on('connect', () => {
      client.destroy();
      trace.outcome('reset', () => client.resetAndDestroy());
    });
  },
});

parity('resetAndDestroy() of a UNIX stream', {
  over: ['unix'],
  begin(client, trace) {
    client.on('connect', () => {
      trace.outcome('reset', () => client.resetAndDestroy());
      client.end();
    });
  },
});

describe('reset by the peer in mid-transfer', () => {
  /**
   * How much is in flight is the kernel's choice, and so is whether a read or a write is the first to meet the reset.
   * That it fails, and how, is not.
   */
  const words = ['read', 'write'].flatMap((call) => [
    [`${call} ECONNRESET`, 'ECONNRESET'],
    [`"${call}"`, 'EITHER'],
  ]);
  const transfer = { except: ['bytesRead', 'bytesWritten'], reads: false, words };

  parity('of the server: the client that sends gets an error, and so does the write that waits', {
    ...transfer,
    accept(accepted) {
      let received = 0;
      accepted.on('data', (data) => {
        received += data.length;
        if (received > 1_000_000) accepted.resetAndDestroy();
      });
    },
    begin(client, trace) {
      client.resume();
      client.on('connect', () => {
        client.write(huge);
        client.write('behind', 'latin1', trace.aside('the write behind'));
      });
    },
  });

  parity('of the client: the accepted stream that sends gets an error', {
    ...transfer,
    accept(accepted, trace) {
      accepted.resume();
      accepted.write(huge);
      accepted.write('behind', 'latin1', trace.aside('the write behind'));
    },
    begin(client) {
      let received = 0;
      client.on('data', (data) => {
        received += data.length;
        if (received > 1_000_000) client.resetAndDestroy();
      });
    },
  });

  parity('while paused: the error comes by writing', {
    ...transfer,
    serverOptions: { pauseOnConnect: true },
    begin(client, trace, run) {
      client.resume();
      client.on('connect', () => {
        run.reset = () => client.resetAndDestroy();
        run.whenBoth?.();
      });
    },
    accept(accepted, trace, run) {
      // Either end may be the first to know of the connection.
      run.whenBoth = () => setImmediate(() => {
        run.reset();
        // D12: a small write would be gathered, and called back before it is sent.
        accepted.write(Buffer.alloc(8192));
      });
      if (run.reset) run.whenBoth();
    },
  });

  parity('after our own end()', {
    begin: (client) => client.end('x', 'latin1'),
    serverOptions: { allowHalfOpen: true },
    accept: (accepted) => accepted.on('end', () => setImmediate(() => accepted.resetAndDestroy())),
  });

  parity('with data that has been received but not read', {
    ...transfer,
    begin(client, trace, run) {
      client.on('readable', () => {
        trace.note('readable');
        if (!run.reset) {
          run.reset = true;
          run.accepted.resetAndDestroy();
        }
      });
    },
    accept(accepted) {
      accepted.resume();
      accepted.write('hello', 'latin1');
    },
  });
});
