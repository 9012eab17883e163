'use strict';

// Parity with node:net: the end of one side, in every state of the other.

const { BOTH, parity } = require('./trace');

const large = Buffer.alloc(3_000_000, 'large ');

/** More than the kernel takes at once. */
const huge = Buffer.alloc(30_000_000, 'huge ');

const HALF_OPEN = { serverOptions: { allowHalfOpen: true }, clientOptions: () => ({ allowHalfOpen: true }) };

parity('a FIN at once after \'connect\'', {
  over: BOTH,
  begin: (client) => client.once('connect', () => client.end()),
});

parity('a FIN from the connection listener', { over: BOTH, accept: (accepted) => accepted.end() });

parity('FINs of both ends at once', {
  over: BOTH,
  begin: (client) => client.once('connect', () => client.end('c', 'latin1')),
  accept: (accepted) => accepted.end('s', 'latin1'),
});

parity('a FIN after a write', {
  over: BOTH,
  begin(client) {
    client.write('hello', 'latin1');
    client.end();
  },
});

parity('"If data is specified, it is equivalent to calling stream.write(data, encoding) followed by stream.end()."', {
  over: BOTH,
  begin: (client, trace) => client.end('caf\u00e9', 'utf8', trace.callback('end')),
});

parity('end() with a Buffer', { begin: (client, trace) => client.end(Buffer.from('x'), trace.callback('end')) });

parity('end() with more than the kernel takes', {
  over: BOTH,
  begin: (client, trace) => client.end(huge, trace.callback('end')),
});

parity('a FIN that comes while paused waits for resume()', {
  over: BOTH,
  begin(client, trace, run) {
    client.once('connect', () => {
      client.pause();
      client.write('paused', 'latin1');
    });
    run.resume = () => {
      trace.note('resume');
      client.resume();
    };
  },
  accept(accepted, trace, run) {
    accepted.once('data', () => accepted.end('to a paused one', 'latin1', () => setImmediate(run.resume)));
  },
});

parity('pause() in \'data\', across the FIN', {
  over: BOTH,
  accept(accepted, trace, run) {
    accepted.write('first', 'latin1');
    run.more = () => accepted.end(large);
  },
  begin(client, trace, run) {
    client.once('data', () => {
      client.pause();
      run.more();
      setImmediate(() => client.resume());
    });
  },
});

parity('a FIN behind data that nobody has read yet', {
  over: BOTH,
  reads: false,
  accept(accepted) {
    accepted.resume();
    accepted.end('unread', 'latin1');
  },
  begin(client, trace) {
    client.once('readable', () => {
      trace.note('readable', client.readableLength);
      setImmediate(() => {
        trace.note('read', String(client.read()));
        client.resume();
      });
    });
  },
});

parity('a FIN after our own end()', {
  over: BOTH,
  begin: (client) => client.end('first', 'latin1'),
  accept: (accepted) => accepted.on('end', () => accepted.end('second', 'latin1')),
});

parity('"allowHalfOpen == true": the accepted stream writes on after \'end\', readyState is \'writeOnly\'', {
  over: BOTH,
  serverOptions: { allowHalfOpen: true },
  begin: (client) => client.end('question', 'latin1'),
  accept(accepted, trace) {
    accepted.on('end', () => {
      trace.note('in end');
      accepted.write('answer', 'latin1', () => {
        trace.note('written');
        setImmediate(() => accepted.end(large));
      });
    });
  },
});

parity('half-open the other way: the client writes on after \'end\'', {
  over: BOTH,
  ...HALF_OPEN,
  accept: (accepted) => accepted.end('that was all', 'latin1'),
  begin(client, trace) {
    client.on('end', () => {
      trace.note('in end');
      client.write('more', 'latin1', () => setImmediate(() => client.end('and more', 'latin1')));
    });
  },
});

parity('half-open at both ends, both end at once', {
  over: BOTH,
  ...HALF_OPEN,
  accept: (accepted) => accepted.end('s', 'latin1'),
  begin: (client) => client.once('connect', () => client.end('c', 'latin1')),
});

parity('D11: allowHalfOpen set as a property in the listener', {
  accept(accepted, trace) {
    accepted.allowHalfOpen = true;
    accepted.on('end', () => {
      trace.note('in end');
      setImmediate(() => accepted.end('late', 'latin1'));
    });
  },
  begin: (client) => client.end('early', 'latin1'),
});

parity('D10: what \'end\' listeners write is sent before the stream ends', {
  over: BOTH,
  begin: (client) => client.end('x', 'latin1'),
  accept(accepted, trace) {
    accepted.on('end', () => {
      accepted.write('one ', 'latin1', trace.callback('write'));
      accepted.write(large, trace.callback('the large write'));
    });
  },
});

parity('end() in \'end\' of a stream that is not half-open', {
  begin: (client) => client.end(),
  accept: (accepted, trace) => accepted.on('end', () => accepted.end('bye', 'latin1', trace.callback('end'))),
});

parity('destroy() in \'end\' while a write waits', {
  over: BOTH,
  // Which error the writes get, and whether the stream keeps it, has changed between versions of Node.
  except: ['bytesWritten', 'bytesRead', 'errored'],
  reads: false,
  begin(client, trace, run) {
    client.on('data', () => {}).pause();
    client.end();
    run.resume = () => client.resume();
  },
  accept(accepted, trace, run) {
    accepted.resume();
    accepted.write(huge);
    accepted.write('behind', 'latin1', (error) => trace.note('the write behind has failed', Boolean(error)));
    accepted.on('end', () => accepted.destroy());
    accepted.on('close', run.resume);
  },
});

parity('pauseOnConnect, and resume() later', {
  over: BOTH,
  serverOptions: { pauseOnConnect: true },
  begin: (client) => client.end('held back', 'latin1'),
  accept(accepted, trace) {
    trace.note('paused', accepted.isPaused());
    setImmediate(() => {
      trace.note('resume');
      accepted.resume();
    });
  },
});
