'use strict';

// A TLSSocket that is opened again after 'close' is secure again: nothing that is written to it goes out in the clear.

const { once } = require('events');
const tls = require('../../tls');
const { atEnd } = require('../helpers');
const { serve, target } = require('../parity/tls/compared');

test('connect() after close', async () => {
  const heard = [];
  const listening = await serve(tls, {}, (socket) => {
    socket.on('data', (data) => heard.push(String(data))).on('end', () => socket.end());
  });
  const failures = [];
  listening.on('tlsClientError', ({ code }) => failures.push(code));
  const options = target(listening);
  const socket = tls.connect(options);
  atEnd(() => socket.destroy());
  for (const text of ['first', 'second']) {
    if (text === 'second') socket.connect(options);
    socket.resume().end(text);
    await once(socket, 'secureConnect');
    expect([socket.authorized, socket.encrypted, socket.getProtocol()]).toEqual([true, true, 'TLSv1.3']);
    await once(socket, 'close');
    expect(socket.getProtocol()).toBe(null);
  }
  expect([heard, failures]).toEqual([['first', 'second'], []]);
});

test('connect() again to a server that is not trusted', async () => {
  const listening = await serve(tls);
  const socket = tls.connect(target(listening));
  await once(socket, 'secureConnect');
  socket.resume().end();
  await once(socket, 'close');
  const other = await serve(tls, { ...require('../tls/pki').identity('selfSigned') });
  socket.connect(target(other));
  socket.write('a secret');
  const [error] = await once(socket, 'error');
  expect([error.code, socket.authorized]).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT', false]);
});
