'use strict';

// examples/socket-activation.js, started as systemd does.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { listening } = require('../helpers');
const { FOLDER, client, nextLine, start } = require('./run');

const EXAMPLE = path.join(FOLDER, 'socket-activation.js');

/** Starts the example with `descriptors`, as a process that knows its own id. */
function activate(descriptors, pid = '$$') {
  const script = `LISTEN_PID=${pid} LISTEN_FDS=${descriptors.length} exec "$0" "$1"`;
  return start('/bin/sh', ['-c', script, process.execPath, EXAMPLE], { descriptors });
}

test('it serves the sockets that it is given', async () => {
  const parents = [
    await listening(nodeNet.createServer(), 0, '127.0.0.1'),
    await listening(nodeNet.createServer(), 0, '127.0.0.1'),
  ];
  const ports = parents.map((parent) => parent.address().port);
  const running = activate(parents.map((parent) => parent._handle.fd));
  for (const parent of parents) {
    parent.close();
    await once(parent, 'close');
  }
  for (const port of ports) expect(await nextLine(running)).toBe(`socket-activation: listening on 127.0.0.1:${port}`);
  for (const port of ports) {
    const { hear, say, stream } = await client(port, '127.0.0.1');
    say(`to ${port}`);
    expect(await hear()).toBe(`to ${port}`);
    stream.end();
    await once(stream, 'close');
  }
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('without sockets, or with those of another process, it says so', async () => {
  for (const running of [activate([]), activate([0], '1')]) {
    expect(await running.exit).toBe(1);
    expect(running.complaints()).toContain('no sockets were given');
  }
});

test('a descriptor that does not listen is named', async () => {
  const running = activate(['pipe']);
  expect(await running.exit).toBe(1);
  expect(running.complaints()).toContain('descriptor 3: listen ');
});
