'use strict';

// "Same semantics as Node's pipe to the last event".

const { once } = require('events');
const nodeNet = require('net');
const { PassThrough, finished } = require('stream');
const net = require('../../..');
const { atEnd, destroyAtEnd, listening, namesUntilClose } = require('../../helpers');
const { content, piped, twoConnections } = require('./pipes');

afterEach(() => jest.restoreAllMocks());

describe('"Same semantics as Node\'s pipe to the last event"', () => {
  const EVENTS = ['pipe', 'unpipe', 'pause', 'end', 'finish', 'error', 'close'];

  /** What happens to the middle of two connections in `scenario`, with `middle`. */
  async function observe(middle, scenario) {
    const [source, from, target, to] = await twoConnections({ middle, options: scenario.options });
    for (const stream of [from, to]) stream.on('error', () => {}).on('close', () => {});
    to.on('data', () => {});
    const names = [namesUntilClose(source, EVENTS), namesUntilClose(target, EVENTS)];
    await piped(source, from, target, to, scenario.pipe);
    await scenario.run({ source, from, target, to });
    // Streams that are still open then are not compared.
    atEnd(() => [source, from, target, to].forEach((stream) => stream.destroy()));
    return Promise.all(names);
  }

  const SCENARIOS = {
    'the source ends, and the target\'s peer after it': {
      run: ({ from, to, source }) => {
        to.on('end', () => to.end());
        source.on('end', () => source.end());
        from.end('the last');
      },
    },
    '{ end: false }: the target lives on': {
      pipe: { end: false },
      async run({ from, source, target }) {
        source.on('end', () => source.end());
        from.end('the last');
        await once(source, 'end');
        target.destroy();
      },
    },
    'without half-open': {
      options: {},
      run: ({ from, to }) => {
        to.on('end', () => to.end());
        from.end('the last');
      },
    },
    'the source is destroyed': {
      run: ({ source, target }) => {
        source.on('close', () => target.destroy());
        source.destroy();
      },
    },
    'the source is destroyed with an error': {
      run: ({ source, target }) => {
        source.on('error', () => {});
        source.on('close', () => target.destroy());
        source.destroy(new Error('mine'));
      },
    },
    'the target is destroyed': {
      run: ({ source, target }) => {
        target.on('close', () => source.destroy());
        target.destroy();
      },
    },
    'the peer of the source resets': {
      run: ({ from, source, target }) => {
        source.on('error', () => {});
        source.on('close', () => target.destroy());
        from.resetAndDestroy();
      },
    },
    'the peer of the target resets': {
      run: ({ to, source, target }) => {
        target.on('error', () => {});
        target.on('close', () => source.destroy());
        to.resetAndDestroy();
      },
    },
    'the target is ended: that ends the pipe': {
      async run({ source, target }) {
        target.end();
        await once(target, 'finish');
        source.destroy();
        target.destroy();
      },
    },
    'unpipe(), and pipe() again': {
      run: ({ from, source, target, to }) => {
        to.on('end', () => to.end());
        source.on('end', () => source.end());
        source.unpipe(target);
        source.pipe(target);
        from.end('the last');
      },
    },
  };

  test.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
    const expected = await observe(nodeNet, scenario);
    expect(await observe(net, scenario)).toEqual(expected);
  });

  test('D25: traffic through a pipe starts the timeouts anew; idleness ends in \'timeout\' on both', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    const timeouts = [once(source.setTimeout(50), 'timeout'), once(target.setTimeout(50), 'timeout')];
    from.write('traffic');
    await Promise.all(timeouts);
    expect([source.destroyed, target.destroyed]).toEqual([false, false]);
  });

  test('of rust-net/node: \'timeout\' comes again once there was traffic again, through the pipe', async () => {
    const [source, from, target, to] = await twoConnections({ middle: require('../../../node') });
    await piped(source, from, target, to);
    for (let i = 0; i < 2; i++) {
      const timeouts = [source, target].map((stream) => once(i === 0 ? stream.setTimeout(50) : stream, 'timeout'));
      from.write('traffic');
      await Promise.all(timeouts);
    }
    expect([source.destroyed, target.destroyed]).toEqual([false, false]);
  });

  test('D16: a stream that is opened again still has its pipes, and unpipe() ends them', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).end('hello')));
    const target = new PassThrough();
    const seen = [];
    target.on('data', (data) => seen.push(data.toString()));
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    stream.pipe(target, { end: false });
    await once(stream, 'close');
    stream.connect(server.address().port, '127.0.0.1').unpipe(target);
    stream.resume();
    await once(stream, 'close');
    expect([seen, stream.listenerCount('data')]).toEqual([['hello'], 0]);
  });

  test('finished() of both ends sees the end', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    const over = [source, target].map((stream) => new Promise((resolve) => finished(stream, resolve)));
    to.on('end', () => to.end());
    source.on('end', () => source.end());
    from.end(content);
    expect(await Promise.all(over)).toEqual([undefined, undefined]);
  });
});
