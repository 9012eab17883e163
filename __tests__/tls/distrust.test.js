'use strict';

// D21: "A verdict, not a gate": a listener of 'secure' may be the gate. One that objects to the peer, by throwing or by
// destroying the stream, does so before anything that was pending has been sent.

const { once } = require('events');
const path = require('path');
const tls = require('tls');
const { runProgram } = require('../lifecycle/child');
const { child, destroyAtEnd, record } = require('../helpers');
const { SERVER, tlsServer } = require('./ends');
const { identity } = require('./pki');

const ROOT = path.join(__dirname, '..', '..');
const ENTRIES = [['rust-net', ROOT], ['rust-net/node', path.join(ROOT, 'node.js')]];

/** Listeners that object, as code: `stream` is theirs, `no` throws. */
const OBJECTIONS = {
  "a listener of 'secure' throws": "stream.on('secure', no)",
  "a listener of 'secureConnect' throws": "stream.on('secureConnect', no)",
  "the second listener of 'secure' throws": "stream.on('secure', () => {}).on('secure', no)",
  'a listener throws after it has written more': "stream.on('secure', () => { stream.write('secret, too'); no(); })",
  'a listener throws after end()': "stream.on('secure', () => { stream.end('secret, too'); no(); })",
  'an async listener rejects, with captureRejections': "stream.on('secure', async () => no())",
  'a listener destroys the stream in a tick': "stream.on('secure', () => process.nextTick(() => stream.destroy()))",
  'a listener destroys the stream in a microtask': "stream.on('secure', () => queueMicrotask(() => stream.destroy()))",
  'a listener destroys the stream ten ticks and microtasks later': `
    const after = (times) => {
      if (times === 0) stream.destroy();
      else process.nextTick(() => queueMicrotask(() => after(times - 1)));
    };
    stream.on('secure', () => after(10))`,
  'an async listener destroys the stream after ten ticks': `
    stream.on('secure', async () => {
      for (let i = 0; i < 10; i++) await new Promise(process.nextTick);
      stream.destroy();
    })`,
  'a listener destroys the stream': "stream.on('secure', () => stream.destroy())",
  'checkServerIdentity throws': '',
};

const SCRIPT = `
  require('events').captureRejections = process.argv[4].includes('captureRejections');
  const net = require(process.argv[1]);
  const no = () => { throw new Error('not trusted'); };
  process.on('uncaughtException', ({ message }) => console.log('uncaught', message));
  const credentials = process.argv[3] === '' ? { checkServerIdentity: no, ca: process.argv[5] } : {};
  const stream = net.connect(Number(process.argv[2]), '127.0.0.1').setSecure(credentials);
  stream.write('secret');
  stream.on('data', () => console.log('data'));
  stream.on('error', ({ message }) => console.log('error', message)).on('close', () => console.log('close'));
  eval(process.argv[3]);`;

/** What a server of node:tls receives from the script, and what that prints. */
async function play(entry, [name, code]) {
  const server = await tlsServer();
  const received = new Promise((resolve) => {
    // A client that has left in the middle of the handshake has sent nothing, either.
    server.on('tlsClientError', () => resolve(''));
    server.on('secureConnection', (socket) => {
      const data = record(socket, 'data');
      // A reset is an end, too.
      socket.on('error', () => {}).on('close', () => resolve(data.map(([, chunk]) => chunk).join('')));
      socket.write('hello');
    });
  });
  const args = [entry, server.address().port, code, name, identity('root').cert].map(String);
  const { stdout, stderr, code: exit } = await runProgram([process.execPath, '-e', SCRIPT, ...args]);
  expect([stderr, exit]).toEqual(['', 0]);
  return { received: await received, printed: stdout.trim().split('\n') };
}

describe.each(ENTRIES)('%s', (_, entry) => {
  test.each(Object.entries(OBJECTIONS))('%s: nothing is sent, nothing is received, and the stream is closed', async (...objection) => {
    const { received, printed } = await play(entry, objection);
    expect(received).toBe('');
    expect(printed.at(-1)).toBe('close');
    expect(printed).not.toContain('data');
    const [name] = objection;
    const throws = name.includes('throws');
    expect(printed.slice(0, -1)).toEqual(
      throws ? ['uncaught not trusted'] : name.includes('rejects') ? ['error not trusted'] : [],
    );
  });

  test('a listener that does not object: what was pending is sent', async () => {
    const { received } = await play(entry, ['none', "stream.on('data', () => stream.end())"]);
    expect(received).toBe('secret');
  });
});

test("a server's listener that throws: nothing is sent to the client", async () => {
  const script = `
    process.on('uncaughtException', ({ message }) => console.log(message));
    const server = net.createServer((stream) => {
      stream.setSecure(JSON.parse(process.argv[2])).write('secret');
      stream.on('secure', () => { throw new Error(stream.verifyPeer() ? 'trusted' : 'not trusted'); });
      stream.on('close', () => server.close());
    }).listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const { lines, exit } = child(script, { args: [JSON.stringify({ ...SERVER, requestCert: true })] });
  const port = Number((await lines.next()).value);
  const client = destroyAtEnd(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }));
  const data = record(client, 'data');
  client.on('error', () => {});
  await once(client, 'close');
  expect(data).toEqual([]);
  expect((await lines.next()).value).toBe('not trusted');
  expect(await exit).toBe(0);
});
