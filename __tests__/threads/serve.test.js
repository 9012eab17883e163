'use strict';

// net.serve(): one port, a server in each of several threads.

const { getEventListeners, once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const { pathToFileURL } = require('url');
const net = require('../..');
const { atEnd, child, collect, destroyAtEnd, scratch, thrown } = require('../helpers');

const LOCAL = { port: 0, host: '127.0.0.1' };

const fixture = (name) => path.join(__dirname, 'fixtures', name);

async function serve(options) {
  const service = await net.serve({ workers: 2, listen: LOCAL, ...options });
  atEnd(() => service.shutdown({ grace: 0 }));
  return service;
}

function placeOf(service) {
  const address = service.address();
  return typeof address === 'string' ? { path: address } : { port: address.port, host: '127.0.0.1' };
}

/** What `service` answers to `text`; '' if the connection is closed without. */
function ask(service, text) {
  return new Promise((resolve, reject) => {
    const client = nodeNet.connect(placeOf(service));
    client.write(text);
    client.once('data', (data) => {
      client.destroy();
      resolve(data.toString());
    });
    client.on('error', ({ code }) => (code === 'ECONNRESET' ? resolve('') : reject(code)));
    client.on('close', () => resolve(''));
  });
}

/** Asks until all threads have answered: their numbers. */
async function threadsOf(service, count) {
  const seen = new Set();
  while (seen.size < count) seen.add(JSON.parse(await ask(service, '?')).threadId);
  return [...seen];
}

test('all threads serve the port, and find what they were passed', async () => {
  const service = await serve({ workers: 3, handler: fixture('stream.js'), workerData: { a: [1] } });
  expect(service.workers.map(({ threadId }) => threadId).sort()).toEqual((await threadsOf(service, 3)).sort());
  expect(JSON.parse(await ask(service, 'hello'))).toMatchObject({ workerData: { a: [1] }, text: 'hello' });
});

test('by default, one for each core', async () => {
  const service = await serve({ workers: undefined, handler: fixture('stream.js') });
  expect(service.workers.length).toBe(require('os').availableParallelism());
});

test('what threads accept has the options of the sockets, and sends its last words', async () => {
  const listen = { ...LOCAL, socketOptions: { linger: 0 } };
  const service = await serve({ handler: fixture('options.js'), listen });
  for (let i = 0; i < 10; i++) {
    const client = destroyAtEnd(nodeNet.connect(placeOf(service)).end());
    expect((await collect(client)).toString()).toBe('0');
  }
  const wrong = { ...LOCAL, socketOptions: { linger: 1 } };
  await expect(serve({ handler: fixture('options.js'), listen: wrong })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

test('a path, a relative name of the module, and its URL', async () => {
  const place = `${scratch()}/socket`;
  const relative = path.relative(process.cwd(), fixture('stream.js'));
  const service = await serve({ listen: { path: place }, handler: relative });
  expect(service.address()).toBe(place);
  expect(JSON.parse(await ask(service, 'x')).text).toBe('x');
  await service.shutdown();
  expect(fs.existsSync(place)).toBe(false);
  const other = await serve({ handler: pathToFileURL(fixture('stream.js')) });
  expect(JSON.parse(await ask(other, 'x')).text).toBe('x');
});

test.each(['http.mjs', 'nodes.js', 'copy.js'])('a server that the module makes: %s', async (name) => {
  const service = await serve({ handler: fixture(name), workerData: 5 });
  const { port } = service.address();
  const answer = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } });
  const text = await answer.text();
  if (name !== 'http.mjs') expect(text).toMatch(/^of (Node|another copy)$/);
  else expect(JSON.parse(text)).toEqual({ index: expect.any(Number), workerData: 5 });
  expect(await service.shutdown()).toMatchObject({ destroyed: 0 });
});

test.each(['exit', 'throw'])('a thread that dies (%s) is replaced, and no connection is refused meanwhile', async (how) => {
  const service = await serve({ workers: 2, handler: fixture('stream.js') });
  const died = once(service, 'exit');
  const replaced = once(service, 'listening');
  const answers = [ask(service, how)];
  const [index, error, code] = await died;
  // Half of them wait for the thread that is to come.
  for (let asked = 0; asked < 20; asked++) answers.push(ask(service, '?'));
  expect([how === 'throw' ? error.message : error, code]).toEqual(how === 'throw' ? ['thrown on demand', 1] : [null, 3]);
  expect(await replaced).toEqual([index]);
  expect((await Promise.all(answers)).slice(1)).not.toContain('');
  await threadsOf(service, 2);
});

test.each([
  ['a port', () => LOCAL],
  ['a path', () => ({ path: `${scratch()}/socket` })],
])('a thread that ends its own server leaves %s to the next one', async (_where, listen) => {
  const service = await serve({ workers: 2, listen: listen(), handler: fixture('stream.js') });
  service.on('exit', () => {});
  const replaced = once(service, 'listening');
  await ask(service, 'recycle');
  await replaced;
  const answers = Array.from({ length: 40 }, () => ask(service, '?'));
  expect(await Promise.all(answers)).not.toContain('');
});

test('a module that throws when the next thread loads it is loaded again, and what has come meanwhile is served', async () => {
  const workerData = new SharedArrayBuffer(4);
  const service = await serve({ workers: 1, handler: fixture('flaky.js'), workerData });
  const exits = [];
  service.on('exit', (index, error, code) => exits.push([index, error?.message ?? null, code]));
  const listens = once(service, 'listening');
  const died = once(service, 'exit');
  await ask(service, 'exit');
  await died;
  expect(await ask(service, '?')).toBe('served');
  await listens;
  expect(exits).toEqual([[0, null, 3], [0, 'load 2', 1], [0, 'load 3', 1]]);
});

test('shutdown() checks its options before anything ends', async () => {
  const service = await serve({ handler: fixture('stream.js') });
  expect(thrown(() => service.shutdown('SIGTERM')).code).toBe('ERR_INVALID_ARG_TYPE');
  for (const grace of [-1, 1.5, '5']) expect(thrown(() => service.shutdown({ grace })).code).toMatch(/^ERR_/);
  expect(thrown(() => service.shutdown({ signal: 1 })).code).toBe('ERR_INVALID_ARG_TYPE');
  expect(await ask(service, '?')).not.toBe('');
});

test("a server of Node's has no more time than 'grace'", async () => {
  const service = await serve({ handler: fixture('nodes.js') });
  const client = destroyAtEnd(nodeNet.connect(placeOf(service)));
  client.on('error', () => {});
  client.write('GET / HTTP/1.1\r\nhost: here\r\n\r\nGET');
  await once(client, 'data');
  await service.shutdown({ grace: 1 });
  expect(service.workers).toEqual([null, null]);
});

test('without a listener, a warning says that a thread has died', async () => {
  const { lines, exit } = child(`
    net.serve({ workers: 1, listen: { port: 0, host: '127.0.0.1' }, handler: process.argv[2] }).then((service) => {
      process.on('warning', ({ message }) => console.log(message));
      service.on('listening', () => service.shutdown());
      net.connect(service.address().port, '127.0.0.1').on('error', () => {}).write('throw');
    });
  `, { args: [fixture('stream.js')] });
  expect((await lines.next()).value).toBe('thrown on demand');
  expect(await exit).toBe(0);
});

test('shutdown() has the streams of all threads finish, and then nothing is left', async () => {
  const service = await serve({ workers: 2, handler: fixture('slow.js') });
  const clients = Array.from({ length: 6 }, () => destroyAtEnd(nodeNet.connect(placeOf(service))));
  await Promise.all(clients.map((client) => once(client, 'readable')));
  const answers = clients.map(collect);
  const ending = service.shutdown();
  expect(service.shutdown()).toBe(ending);
  expect(service.address()).toBe(null);
  expect(await ending).toEqual({ ended: 6, destroyed: 0, terminated: 0, ms: expect.any(Number) });
  expect((await Promise.all(answers)).map(String)).toEqual(Array(6).fill('begun done'));
  expect(service.workers).toEqual([null, null]);
});

test('its time ends with a signal, and so does the service', async () => {
  const ending = new AbortController();
  const service = await serve({ handler: fixture('stream.js'), signal: ending.signal });
  const client = destroyAtEnd(nodeNet.connect(placeOf(service)));
  client.write('x');
  await once(client, 'data');
  client.on('error', () => {});
  const closed = once(client, 'close');
  ending.abort();
  const time = new AbortController();
  time.abort();
  await closed;
  expect(await service.shutdown()).toMatchObject({ ended: 1, destroyed: 0 });
});

test('a thread that throws what is no error has died of one, whose cause that is', async () => {
  const service = await serve({ handler: fixture('stream.js') });
  const died = once(service, 'exit');
  expect(await ask(service, 'throw a number')).toBe('');
  const [, error] = await died;
  expect([error.message, error.cause]).toEqual(['A thread of net.serve() has thrown 42', 42]);
  await once(service, 'listening');
  expect((await threadsOf(service, 2)).length).toBe(2);
});

test('and the warning that there is without a listener leaves the process alone', async () => {
  const { lines, exit } = child(`
    process.on('warning', ({ message }) => console.log(message));
    net.serve({ listen: { port: 0, host: '127.0.0.1' }, workers: 1, handler: process.argv[2] }).then((service) => {
      service.on('listening', () => service.shutdown());
      net.connect(service.address().port, '127.0.0.1').on('error', () => {}).write('throw a number');
    });
  `, { args: [fixture('stream.js')] });
  expect((await lines.next()).value).toBe('A thread of net.serve() has thrown 42');
  expect(await exit).toBe(0);
});

test('a thread that dies while it ends says so', async () => {
  const service = await serve({ workers: 1, handler: fixture('stream.js') });
  const client = destroyAtEnd(nodeNet.connect(placeOf(service)));
  client.on('error', () => {}).write('fail at the end');
  await once(client, 'data');
  const died = once(service, 'exit');
  const ending = service.shutdown({ grace: Infinity });
  expect((await died)[1].message).toBe('thrown at the end');
  expect(await ending).toMatchObject({ ended: 0, destroyed: 0, terminated: 0 });
});

describe('the signal of serve()', () => {
  test('ends the start', async () => {
    const workerData = new SharedArrayBuffer(4);
    const ending = new AbortController();
    const place = path.join(scratch(), 'socket');
    const options = { listen: { path: place }, workers: 1, handler: fixture('pending.js'), workerData };
    const starting = net.serve({ ...options, signal: ending.signal });
    await Atomics.waitAsync(new Int32Array(workerData), 0, 0).value;
    ending.abort('enough');
    const error = await starting.catch((reason) => reason);
    expect([error.name, error.code, error.cause]).toEqual(['AbortError', 'ABORT_ERR', 'enough']);
    expect(fs.existsSync(place)).toBe(false);
    expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  });

  test('that is aborted before lets nothing begin', async () => {
    const workerData = new SharedArrayBuffer(4);
    const options = { listen: LOCAL, workers: 1, handler: fixture('pending.js'), workerData };
    await expect(net.serve({ ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' });
    expect(new Int32Array(workerData)[0]).toBe(0);
  });

  test('is left alone after the end', async () => {
    const { signal } = new AbortController();
    const service = await serve({ handler: fixture('stream.js'), signal });
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    await service.shutdown();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('errors', () => {
  const handler = fixture('stream.js');

  test.each([
    ['ERR_INVALID_ARG_TYPE', undefined],
    ['ERR_INVALID_ARG_TYPE', { listen: LOCAL }],
    ['ERR_INVALID_ARG_TYPE', { listen: LOCAL, handler: 5 }],
    ['ERR_INVALID_ARG_TYPE', { listen: LOCAL, handler, workers: 'all' }],
    ['ERR_OUT_OF_RANGE', { listen: LOCAL, handler, workers: 0 }],
    ['ERR_INVALID_ARG_VALUE', { listen: {}, handler }],
    ['ERR_SOCKET_BAD_PORT', { listen: { port: -1 }, handler }],
    ['ERR_INVALID_ARG_TYPE', { listen: LOCAL, handler, signal: 1 }],
    ['ERR_MODULE_NOT_FOUND', { listen: LOCAL, handler: fixture('missing.js'), workers: 2 }],
  ])('%s', async (code, options) => {
    await expect(net.serve(options)).rejects.toMatchObject({ code });
  });

  test('a module that exports no function', async () => {
    await expect(serve({ handler: fixture('wrong.js') })).rejects.toThrow(/must export a function/);
  });

  test('a port that is taken', async () => {
    const server = nodeNet.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    await expect(serve({ listen: { port, host: '127.0.0.1' }, handler })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    server.close();
  });
});
