'use strict';

// Members that Node's sockets and servers have for themselves, and that packages call or replace all the same: each is
// used alike on node:net and on rust-net/node.

const { once } = require('events');
const node = require('net');
const ours = require('../../node');
const { destroyAtEnd, listening } = require('../helpers');

/** An accepted stream of `net`, the client at the other end, and their server. */
async function pair(net) {
  const server = await listening(net.createServer());
  const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  return { accepted: destroyAtEnd(accepted), client, server };
}

describe.each([['node:net', node], ['rust-net/node', ours]])('%s', (_, net) => {
  test('_getpeername() and _getsockname() return the addresses', async () => {
    expect([new net.Socket()._getpeername(), new net.Socket()._getsockname()]).toEqual([{}, {}]);
    const { accepted, client, server } = await pair(net);
    const { port } = server.address();
    expect(client._getpeername()).toEqual({ address: '127.0.0.1', family: 'IPv4', port });
    expect(client._getsockname()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: client.localPort });
    expect(accepted._getpeername()).toEqual(client._getsockname());
    expect(accepted._getsockname()).toEqual(client._getpeername());
  });

  test('_peername and _sockname, where a program has put something there, are the addresses', async () => {
    const { client, server } = await pair(net);
    client._peername = { address: '10.0.0.1', family: 'IPv4', port: 443 };
    client._sockname = { address: '::1', family: 'IPv6', port: 444 };
    expect([client.remoteAddress, client.remoteFamily, client.remotePort]).toEqual(['10.0.0.1', 'IPv4', 443]);
    expect([client.localAddress, client.localFamily, client.localPort]).toEqual(['::1', 'IPv6', 444]);
    expect([client._getpeername(), client.address()]).toEqual([client._peername, client._sockname]);
    client.destroy();
    await once(client, 'close');
    client.connect(server.address().port, '127.0.0.1');
    await once(client, 'connect');
    expect([client.remotePort, client.localAddress]).toEqual([server.address().port, '127.0.0.1']);
  });

  test('_reset() resets the connection', async () => {
    const { accepted, client } = await pair(net);
    const failed = once(client, 'error');
    expect(accepted._reset()).toBe(accepted);
    const [error] = await failed;
    expect(error.code).toBe('ECONNRESET');
  });

  test('_server is the server that has accepted the stream, and can be assigned', async () => {
    const { accepted, client, server } = await pair(net);
    expect(accepted._server).toBe(server);
    expect(client._server).toBe(null);
    client._server = 'mine';
    expect(client._server).toBe('mine');
  });

  test('_connections is the number of open connections', async () => {
    const { accepted, server } = await pair(net);
    expect(server._connections).toBe(1);
    accepted.destroy();
    await once(accepted, 'close');
    expect(server._connections).toBe(0);
  });

  test("_emitCloseIfDrained() emits 'close' once nothing is open", async () => {
    const { accepted, server } = await pair(net);
    let closed = 0;
    server.on('close', () => closed++);
    server._emitCloseIfDrained();
    await new Promise(setImmediate);
    expect(closed).toBe(0);
    server.close();
    accepted.destroy();
    await once(server, 'close');
    server._emitCloseIfDrained();
    await once(server, 'close');
    expect(closed).toBe(2);
  });

  test('_unrefTimer() restarts the idle timer', async () => {
    const { accepted } = await pair(net);
    accepted._unrefTimer();
    const order = [];
    await new Promise((resolve) => {
      accepted.setTimeout(40, () => {
        order.push('timeout');
        resolve();
      });
      // Due at the same time, and set later: if the idle timer were not restarted, it would fire first.
      setTimeout(() => order.push('timer'), 40);
      const since = Date.now();
      while (Date.now() - since < 20);
      accepted._unrefTimer();
    });
    expect(order).toEqual(['timer', 'timeout']);
  });

  test("an _onTimeout() of the program's takes the place of 'timeout'", async () => {
    const { accepted } = await pair(net);
    const emitted = jest.fn();
    accepted.on('timeout', emitted);
    await new Promise((resolve) => {
      accepted._onTimeout = resolve;
      accepted.setTimeout(1);
    });
    expect(emitted).not.toHaveBeenCalled();
    Object.getPrototypeOf(accepted)._onTimeout.call(accepted);
    expect(emitted).toHaveBeenCalledTimes(1);
  });

  test('_writeGeneric() sends what it is called with', async () => {
    const { accepted, client } = await pair(net);
    client.setEncoding('latin1');
    const written = [];
    accepted._writeGeneric(false, 'one', 'latin1', (error) => written.push(error ?? 1));
    accepted._writeGeneric(false, Buffer.from('two'), '', (error) => written.push(error ?? 2));
    const list = [{ chunk: 'thr', encoding: 'latin1' }, { chunk: Buffer.from('ee'), encoding: 'buffer' }];
    accepted._writeGeneric(true, list, '', (error) => {
      written.push(error ?? 3);
      accepted.end();
    });
    let received = '';
    for await (const text of client) received += text;
    expect([received, written]).toEqual(['onetwothree', [1, 2, 3]]);
  });

  test('a _writeGeneric() of the program sees every byte, those of a pipe too', async () => {
    const { accepted, client } = await pair(net);
    const { accepted: target, client: last } = await pair(net);
    const seen = [];
    const own = target._writeGeneric;
    target._writeGeneric = function (isList, data, encoding, callback) {
      for (const { chunk } of isList ? data : [{ chunk: data }]) seen.push(Buffer.from(chunk));
      return own.call(this, isList, data, encoding, callback);
    };
    target.write('first');
    target.cork();
    target.write('second');
    target.write('third');
    target.uncork();
    accepted.pipe(target);
    let received = '';
    last.setEncoding('latin1').on('data', (text) => (received += text));
    for (const text of ['piped', 'again']) {
      client.write(text);
      while (!received.endsWith(text)) await once(last, 'data');
    }
    expect(received).toBe('firstsecondthirdpipedagain');
    expect(Buffer.concat(seen).toString()).toBe(received);
  });
});
