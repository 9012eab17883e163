'use strict';

// Parity with node:net: writing and ending at the wrong time, twice, or with the wrong thing.

const { BOTH, parity } = require('./trace');

const large = Buffer.alloc(3_000_000, 'large ');

/** More than the kernel takes at once. */
const huge = Buffer.alloc(30_000_000, 'huge ');

parity('D14: write() after end()', {
  over: BOTH,
  // Our end may be on its way before the wrong call, which then comes too late to prevent 'finish'.
  except: ['finish', 'writableFinished'],
  begin(client, trace) {
    client.once('connect', () => {
      client.end('done', 'latin1');
      trace.outcome('write', () => client.write('late', 'latin1', trace.callback('the late write')));
    });
  },
});

parity('D14: write() after end() that waits for earlier writes', {
  over: BOTH,
  except: ['bytesRead', 'bytesWritten'],
  reads: false,
  accept: (accepted) => accepted.resume(),
  begin(client, trace) {
    client.once('connect', () => {
      client.write(huge);
      client.end('done', 'latin1', trace.aside('end'));
      trace.outcome('write', () => client.write('late', 'latin1', trace.aside('the late write')));
    });
  },
});

parity('D14: write() after end() before \'connect\'', {
  accepts: false,
  begin(client, trace) {
    client.end('done', 'latin1', trace.callback('end'));
    trace.outcome('write', () => client.write('late', 'latin1', trace.callback('the late write')));
  },
});

parity('D14: write() after destroy()', {
  over: BOTH,
  begin(client, trace) {
    client.once('connect', () => {
      client.destroy();
      trace.outcome('write', () => client.write('late', 'latin1', trace.aside('the late write')));
      trace.outcome('end', () => client.end('later', 'latin1', trace.aside('end')));
    });
  },
});

parity('D14: write() and end() after \'close\'', {
  begin(client, trace) {
    client.once('connect', () => client.destroy());
    client.once('close', () => {
      trace.outcome('write', () => client.write('late', 'latin1', trace.callback('the late write')));
      trace.outcome('end', () => client.end(trace.callback('end')));
      trace.outcome('destroy', () => client.destroy(new Error('late')));
    });
  },
});

parity('end() twice', {
  over: BOTH,
  begin(client, trace) {
    client.once('connect', () => {
      trace.outcome('end', () => client.end('once', 'latin1', trace.callback('the first end')));
      trace.outcome('end', () => client.end(trace.callback('the second end')));
    });
  },
});

parity('end() twice, the second time with data', {
  except: ['finish', 'writableFinished'],
  begin(client, trace) {
    client.once('connect', () => {
      client.end('once', 'latin1');
      trace.outcome('end', () => client.end('twice', 'latin1', trace.aside('the second end')));
    });
  },
});

parity('end() after \'finish\'', {
  serverOptions: { allowHalfOpen: true },
  begin(client, trace) {
    client.end('once', 'latin1');
    client.once('finish', () => trace.outcome('end', () => client.end(trace.callback('the second end'))));
  },
  accept: (accepted) => accepted.on('end', () => setImmediate(() => accepted.end())),
});

parity('destroySoon() with writes waiting', {
  over: BOTH,
  begin(client, trace) {
    client.once('connect', () => {
      client.write(huge, trace.callback('the huge write'));
      client.write('small', 'latin1', trace.callback('the small write'));
      client.destroySoon();
      trace.note('after destroySoon()');
    });
  },
});

parity('destroySoon() before \'connect\'', {
  begin(client, trace) {
    client.write('small', 'latin1', trace.callback('write'));
    client.destroySoon();
  },
});

parity('destroySoon() after end()', {
  begin(client) {
    client.once('connect', () => {
      client.end('x', 'latin1');
      client.destroySoon();
    });
  },
});

parity('D14: wrong arguments of write() throw at once', {
  begin(client, trace) {
    client.once('connect', () => {
      for (const chunk of [undefined, null, 1, true, {}, [1], Symbol.iterator, () => {}]) {
        trace.outcome(`write ${typeof chunk}`, () => client.write(chunk));
      }
      trace.outcome('write in an unknown encoding', () => client.write('x', 'klingon'));
      trace.outcome('end with a number', () => client.end(1));
      client.end('fine', 'latin1');
    });
  },
});

parity('every view of memory can be written', {
  over: BOTH,
  begin(client, trace) {
    client.once('connect', () => {
      const bytes = Buffer.from('0123456789abcdef').buffer.slice(0);
      client.write(new Uint8Array([104, 105]), trace.callback('Uint8Array'));
      trace.outcome('Uint16Array', () => client.write(new Uint16Array(2)));
      trace.outcome('DataView', () => client.write(new DataView(bytes, 1, 2)));
      trace.outcome('ArrayBuffer', () => client.write(bytes));
      client.end();
    });
  },
});

parity('writes and their callbacks in order, small and large, strings of all encodings and Buffers', {
  over: BOTH,
  begin(client, trace) {
    client.once('connect', () => {
      client.write('utf8 \u20ac \ud83d\ude00 ', 'utf8', trace.callback('utf8'));
      client.write('lone \ud83d ', 'utf8', trace.callback('a lone surrogate'));
      client.write('latin1 \u00e9\u20ac ', 'latin1', trace.callback('latin1'));
      client.write('ascii \u00e9\u20ac ', 'ascii', trace.callback('ascii'));
      client.write(large, trace.callback('large'));
      client.write('dWNzMg==', 'base64', trace.callback('base64'));
      client.write('ucs2', 'ucs2', trace.callback('ucs2'));
      client.write('abcd', 'hex', trace.callback('hex'));
      client.write('UTF8 \u20ac', 'UTF8', trace.callback('UTF8'));
      client.write('x'.repeat(100_000), 'utf8', trace.callback('a long string'));
      client.write('\u20ac'.repeat(4096), 'utf8', trace.callback('a string of 12 KiB'));
      client.write('', 'utf8', trace.callback('nothing'));
      client.end(Buffer.from('end'), trace.callback('end'));
    });
  },
});

parity('\'drain\' after a write beyond what the kernel takes', {
  over: BOTH,
  drain: true,
  begin(client, trace) {
    client.once('connect', () => {
      trace.outcome('write', () => client.write(huge, trace.callback('write')));
      trace.note('needs drain', client.writableNeedDrain);
      client.once('drain', () => {
        trace.note('waits', client.writableLength);
        client.end();
      });
    });
  },
});

parity('setDefaultEncoding()', {
  begin(client, trace) {
    client.once('connect', () => {
      trace.outcome('setDefaultEncoding', () => client.setDefaultEncoding('hex'));
      trace.outcome('setDefaultEncoding', () => client.setDefaultEncoding('klingon'));
      client.end('616263');
    });
  },
});

parity('cork(), writes, end()', {
  over: BOTH,
  begin(client, trace) {
    client.once('connect', () => {
      client.cork();
      for (let i = 0; i < 10; i++) client.write(`${i} `, 'latin1', trace.callback(`write ${i}`));
      trace.note('corked', client.writableCorked, client.writableLength);
      client.end(trace.callback('end'));
    });
  },
});

parity('D12: more small Buffers in one cork than one writev takes', {
  over: BOTH,
  begin(client, trace) {
    client.once('connect', () => {
      client.cork();
      for (let i = 0; i < 3000; i++) client.write(Buffer.from(`${i} `));
      client.uncork();
      client.end('last', 'latin1', trace.callback('end'));
    });
  },
});
