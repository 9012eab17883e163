'use strict';

// Options of the kernel whose effect only a network shows, in a namespace of their own, where one can be made; and what
// they answer without a capability.

const { execFile, spawnSync } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { missing } = require('./socket-options');

const pathOf = (entry) => path.join(__dirname, '..', '..', entry);

/** What each test finds. */
const EXPECTED = {
  // The device that a route leads to, by the mark.
  mark: ['d0', 'd1'],
  // Only by that device; what has been sent to an address of it comes by it, also from here.
  bindToDevice: ['d1', 'd0', 'ECONNREFUSED connect', 'none', 'ENODEV setsockopt'],
  // listen(), also over IPv6, and BoundSocket: without an option, with freebind, with transparent.
  freebind: [
    'EADDRNOTAVAIL listen', 'EADDRNOTAVAIL listen', 'EADDRNOTAVAIL bind',
    'none', 'none', '192.0.2.1', 'none', 'none', '192.0.2.1',
  ],
  // A client from a foreign address, without the option and with it; the address that a client has meant.
  transparent: ['EADDRNOTAVAIL bind', 'none', '192.0.2.1', '192.0.2.55'],
  // Received and written bytes, and SYNs with data as the client and the server count them; the first gets the cookie.
  fastOpen: [
    '14 14 0 0', '24 24 1 1', '7 7 1 1', '300000 300000 1 1', '0 0 0 1',
    'the server begins', 'ECONNREFUSED connect', 'ENOTSUP setsockopt',
  ],
  userTimeout: 'ETIMEDOUT read',
};

const reason = missing();

(reason === undefined ? test : test.skip).each(['index.js', 'node.js'])('%s in a namespace', async (entry) => {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(__dirname, 'socket-options.js'), pathOf(entry)]);
  expect(JSON.parse(stdout)).toEqual(EXPECTED);
}, 60_000);

const WITHOUT = ['--bounding-set=-net_admin,-net_raw', process.execPath, '-e'];
const canDrop = spawnSync('setpriv', [...WITHOUT, '']).status === 0 && process.getuid() === 0;

(canDrop ? test : test.skip)('without the capability: EPERM, and nothing is half-done', async () => {
  const script = `
    const net = require(process.argv[1]);
    const seen = [];
    const note = (what) => ({ code, syscall }) => seen.push([what, code, syscall].join(' '));
    const socketOptions = { transparent: true };
    const server = net.createServer((stream) => stream.pipe(stream)).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      net.createServer().on('error', note('listen')).listen({ port: 0, socketOptions });
      net.connect({ port, host: '127.0.0.1', socketOptions }).on('error', note('connect')).on('close', () => {
        try { new net.BoundSocket({ socketOptions }); } catch (error) { note('bind')(error); }
        const stream = net.connect(port, '127.0.0.1', () => {
          try { stream.setOption('mark', 1); } catch (error) { note('setOption')(error); }
          seen.push(stream.getOption('mark'));
          stream.end('goes on');
        });
        stream.on('data', (data) => seen.push(String(data))).on('close', () => {
          console.log(JSON.stringify(seen));
          server.close();
        });
      });
    });`;
  const { stdout } = await promisify(execFile)('setpriv', [...WITHOUT, script, pathOf('index.js')]);
  const refused = ['listen', 'connect', 'bind', 'setOption'].map((call) => `${call} EPERM setsockopt`);
  expect(JSON.parse(stdout)).toEqual([...refused, 0, 'goes on']);
});
