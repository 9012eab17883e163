'use strict';

// How a connection comes to be, or does not.

const { once } = require('events');
const net = require('net');
const { BOTH, scenario } = require('.');

/** A lookup function that gives `answer`, in one of the two forms. */
function lookup(...addresses) {
  return (host, options, callback) => {
    const all = addresses.map((address) => ({ address, family: net.isIP(address) }));
    process.nextTick(() => (options.all ? callback(null, all) : callback(null, all[0].address, all[0].family)));
  };
}

const notFound = (host, options, callback) => {
  process.nextTick(callback, Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
};

scenario('a connection, a message and its echo', { over: BOTH }, async (stage) => {
  await stage.listen({ accept: (stream) => stream.on('data', (data) => stream.write(data)) });
  const client = stage.connect();
  client.write('¿qué tal?', stage.trace('client').callback('write'));
  client.once('data', () => client.end());
  await stage.closed('client', 'accepted');
});

for (const [form, args] of Object.entries({
  'port, host, callback': ({ port }) => [port, '127.0.0.1'],
  'port as text, host, callback': ({ port }) => [String(port), '127.0.0.1'],
  'options, callback': (target) => [target],
})) {
  scenario(`connect(${form})`, async (stage) => {
    await stage.listen();
    const client = stage.watch(new stage.client.Socket(), 'client');
    const trace = stage.trace('client');
    trace.outcome('connect', () => client.connect(...args(stage.target), trace.callback('connect')));
    client.once('connect', () => {
      trace.note('addresses', client.remoteAddress, client.remotePort, client.remoteFamily, client.localAddress);
      trace.note('address()', client.address().family, client.address().address);
      client.end();
    });
    await stage.closed('client', 'accepted');
  });
}

scenario('connection refused', { over: BOTH }, async (stage) => {
  if (stage.transport === 'unix') stage.target = { path: stage.path() };
  else stage.target = { port: await stage.refusing(), host: '127.0.0.1' };
  // When it comes is up to how long the system takes to refuse.
  const client = stage.connect({}, { except: ['drain', 'resume'] });
  client.write('never', stage.trace('client').callback('write'));
  client.end(stage.trace('client').callback('end'));
  await stage.closed('client');
});

// node:net binds before it says that it attempts to connect.
const WITHOUT_ATTEMPTS = { except: ['drain', 'connectionAttempt', 'connectionAttemptFailed'] };

scenario('a port that is bound here is refused there', async (stage) => {
  const port = await stage.refusing();
  stage.target = { port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: port };
  stage.connect({}, WITHOUT_ATTEMPTS);
  await stage.closed('client');
});

scenario('a local address that is not ours', async (stage) => {
  stage.target = { port: 1, host: '127.0.0.1', localAddress: '192.0.2.1' };
  stage.connect({}, WITHOUT_ATTEMPTS);
  await stage.closed('client');
});

for (const [title, options] of Object.entries({
  'a host that is not found': { lookup: notFound },
  'a host that is not found, one family': { lookup: notFound, family: 4 },
  'a host whose address is none': { lookup: lookup('nowhere') },
  'a host whose address is none, one family': { lookup: lookup('nowhere'), family: 4 },
})) {
  scenario(title, async (stage) => {
    stage.target = { port: 1, host: 'somewhere.invalid', ...options };
    stage.connect();
    await stage.closed('client');
  });
}

for (const [title, options] of Object.entries({
  'a host with one address': { lookup: lookup('127.0.0.1') },
  'a host with one address, one family': { lookup: lookup('127.0.0.1'), family: 4 },
  'a host with an address twice': { lookup: lookup('127.0.0.1', '127.0.0.1') },
  'a host with addresses that refuse before': { lookup: lookup('127.0.0.2', '127.0.0.3', '127.0.0.1') },
  'a host with addresses, and autoSelectFamily off': { lookup: lookup('127.0.0.1', '127.0.0.2'), autoSelectFamily: false },
})) {
  scenario(title, async (stage) => {
    await stage.listen();
    const client = stage.connect({ host: 'somewhere.invalid', ...options });
    client.once('connect', () => {
      stage.trace('client').note('attempted', client.autoSelectFamilyAttemptedAddresses);
      client.end();
    });
    await stage.closed('client', 'accepted');
  });
}

scenario('a host all of whose addresses refuse', async (stage) => {
  const port = await stage.refusing();
  const client = stage.watch(
    stage.client.connect({ port, host: 'somewhere.invalid', lookup: lookup('127.0.0.2', '127.0.0.1') }),
    'client',
  );
  await stage.closed('client');
  stage.trace('client').note('attempted', client.autoSelectFamilyAttemptedAddresses);
});

// Not "before": node:net opens the stream that it has destroyed, and goes on without telling.
for (const when of ['while connecting', 'when open']) {
  scenario(`a signal that aborts ${when}`, { over: BOTH }, async (stage) => {
    await stage.listen({ accept: (stream) => stream.write('hello') });
    const control = new AbortController();
    const client = stage.connect({ signal: control.signal });
    if (when === 'while connecting') process.nextTick(() => control.abort());
    client.once('data', () => control.abort());
    await stage.closed('client');
    if (when === 'when open') await stage.closed('accepted');
    else stage.server.close();
    if (when !== 'when open') await once(stage.server, 'close');
    if (when !== 'when open') delete stage.traces.accepted;
  });
}

scenario('connect() of a stream that is connecting', async (stage) => {
  await stage.listen();
  const client = stage.connect({}, WITHOUT_ATTEMPTS);
  client.connect(stage.target);
  await stage.closed('client');
  stage.server.close();
  await once(stage.server, 'close');
  delete stage.traces.accepted;
});

scenario('a stream that is opened again in close', async (stage) => {
  await stage.listen({ accept: (stream) => stream.end('bye') });
  // Ours reads anew, and says so.
  const client = stage.connect({}, { except: ['drain', 'resume'] });
  await once(client, 'close');
  client.connect(stage.target);
  await once(client, 'close');
  await stage.closed('accepted', 'accepted 2');
});

for (const paused of [false, true]) {
  scenario(`opened again, with its encodings${paused ? ', paused' : ''}`, { over: BOTH }, async (stage) => {
    await stage.listen({ accept: (stream) => stream.on('data', (data) => stream.end(data)) });
    const client = new stage.client.Socket({ highWaterMark: 7 });
    const trace = stage.trace('again');
    client.setEncoding('hex').setDefaultEncoding('latin1').setTimeout(100_000);
    let heard = [];
    client.on('data', (data) => heard.push(data));
    for (const round of ['first', 'second', 'third']) {
      client.connect(stage.target);
      await once(client, 'connect');
      trace.note(round, client.readableEncoding, client.isPaused(), client.readableFlowing, client.timeout);
      client.write(`é${round}`);
      if (client.isPaused()) client.resume();
      await once(client, 'close');
      trace.note('heard', heard.join(''), client.readableHighWaterMark, client.writableHighWaterMark);
      heard = [];
      if (paused) client.pause();
    }
    for (const name of ['accepted', 'accepted 2', 'accepted 3']) await stage.closed(name);
  });
}

scenario('blockList of a client', { since: 22 }, async (stage) => {
  const blockList = new net.BlockList();
  blockList.addAddress('127.0.0.1');
  stage.target = { port: 1, host: '127.0.0.1', blockList };
  stage.connect({}, WITHOUT_ATTEMPTS);
  await stage.closed('client');
});

scenario('blockList of a client, and a host with another address', { since: 22 }, async (stage) => {
  await stage.listen();
  const blockList = new net.BlockList();
  blockList.addAddress('127.0.0.9');
  const client = stage.connect({ host: 'somewhere.invalid', lookup: lookup('127.0.0.9', '127.0.0.1'), blockList });
  client.once('connect', () => client.end());
  await stage.closed('client', 'accepted');
});
