'use strict';

// A connection that waits for its next request: the `http.Agent` of later versions of Node guards it, as data that
// come meanwhile would be taken for the answer to that request.

const { once } = require('events');
const net = require('../../node');
const { MAJORS, nodes } = require('../package/nodes');
const { pair, record, settled } = require('../helpers');
const { DEADLINE, project, run } = require('./project');

jest.setTimeout(4 * DEADLINE);

const ours = { server: net, client: net };

/** Named as Node's is; what it does is not asked. */
function freeSocketOnReadGuard() {}
function onStreamRead() {}

/** A server that says more than it was asked for, between two requests or right before the second. */
const APPLICATION = `
const http = require('http');
const net = require('net');

let connections = 0;
let first;
const server = net.createServer((socket) => {
  first ??= socket;
  const name = 'connection ' + ++connections;
  socket.on('error', () => {});
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\n\\r\\n' + name));
});
const agent = new http.Agent({ keepAlive: true });

function get() {
  return new Promise((resolve, reject) => {
    http.get({ port: server.address().port, host: '127.0.0.1', agent }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (data) => (text += data)).on('end', () => resolve(text));
    }).on('error', reject);
  });
}

async function poison(isSeen) {
  await new Promise((done) => first.write('HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nPOISON', done));
  // What a guard does, it has done when other connections have been served.
  if (isSeen) await new Promise((seen) => net.connect(server.address().port, '127.0.0.1').end('x').resume().on('close', seen));
}

server.listen(0, '127.0.0.1', async () => {
  const answers = [await get()];
  await new Promise(setImmediate);
  await poison(process.argv[2] === 'seen');
  answers.push(await get());
  process.stdout.write(JSON.stringify(answers.map((answer) => answer === answers[0])));
  process.exit();
});
`;

describe.each(['seen', 'not yet seen'])('data for no request, %s', (when) => {
  test.each(MAJORS)('cost the connection where they do in Node, on Node %i', async (major) => {
    const node = new Map(nodes()).get(major);
    const folder = project({ 'app.js': APPLICATION });
    const without = await run(folder, ['app.js', when], { node });
    const registered = await run(folder, ['--require', 'rust-net/register', 'app.js', when], { node });
    expect(registered).toBe(without);
  });
});

test.each([['paused', (client) => client.pause()], ['reading', (client) => client.resume()]])(
  'the guard destroys a stream that is %s when data or the end come',
  async (_, prepare) => {
    for (const act of [(peer) => peer.write('x'), (peer) => peer.end()]) {
      const [client, accepted] = await pair(ours);
      prepare(client);
      const events = record(client, 'data', 'end', 'error');
      client._handle.onread = freeSocketOnReadGuard;
      expect(client._handle.onread).toBe(freeSocketOnReadGuard);
      act(accepted);
      await once(client, 'close');
      expect(events).toEqual([]);
    }
  },
);

test('without the guard, the stream goes on as before: paused or reading', async () => {
  const [client, accepted] = await pair(ours);
  const events = record(client, 'data');
  client._handle.onread = freeSocketOnReadGuard;
  client.pause();
  client._handle.onread = onStreamRead;
  expect(client._handle.onread).toBe(null);
  accepted.write('x');
  await settled();
  expect(events).toEqual([]);
  client.resume();
  await once(client, 'data');
  accepted.end();
  await once(client, 'end');
});

test('an `onread` of another name means nothing', async () => {
  const [client, accepted] = await pair(ours);
  client._handle.onread = () => {};
  accepted.end('x');
  expect(String((await once(client, 'data'))[0])).toBe('x');
});

test('hasPendingRead() says whether something has come that was not read, hasRef() whether it keeps the process', async () => {
  const [accepted, client] = await pair({ ...ours, serverOptions: { pauseOnConnect: true } });
  const handle = client._handle;
  expect([handle.hasPendingRead(), handle.hasRef(), handle.writeQueueSize]).toEqual([false, true, 0]);
  accepted.write('x');
  await settled();
  client.unref();
  expect([handle.hasPendingRead(), handle.hasRef()]).toEqual([true, false]);
  client.ref();
  expect(handle.hasRef()).toBe(true);
  client.destroy();
  expect([handle.hasPendingRead(), handle.hasRef()]).toEqual([false, false]);
});
