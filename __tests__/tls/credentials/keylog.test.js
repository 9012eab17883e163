'use strict';

// D19: the log of keys.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { GOOD, runProgram } = require('../../lifecycle/child');
const { child, scratch } = require('../../helpers');
const { DEADLINE } = require('../../peers/program');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  nextSecure,
  only,
  secureClient,
  securePair,
  secureServer,
  tlsClient,
  tlsServer,
  tolerantServer,
} = require('../ends');
const { identity } = require('../pki');

jest.setTimeout(2 * DEADLINE);

describe('"`SSLKEYLOGFILE`-style key logging only when asked for in the credentials (`keylog` callback or file)"', () => {
  /** How many lines a handshake of a version makes. */
  const LINES = { 'TLSv1.2': 1, 'TLSv1.3': 5 };

  /** The next `count` calls of `push`: what it was called with. */
  function gather(count) {
    let push;
    const lines = [];
    const all = new Promise((resolve) => {
      push = (line) => {
        lines.push(line.toString());
        if (lines.length === count) resolve(lines);
      };
    });
    return [push, all, lines];
  }

  test.each(VERSIONS)('a callback, of a client and of a server: the same lines as of node:tls at the other end, %s', async (version) => {
    for (const [here, there] of [['server', 'client'], ['client', 'server']]) {
      const [keylog, ours, all] = gather(LINES[version]);
      const [push, theirs] = gather(LINES[version]);
      const side = { ...only(version) };
      if (here === 'server') {
        const server = await secureServer({ ...SERVER, ...side, keylog });
        const client = tlsClient(server).on('keylog', push);
        await once(client, 'secureConnect');
      } else {
        const server = await tlsServer({ ...SERVER, ...side });
        server.on('keylog', push);
        await once(secureClient(server, { ...CLIENT, keylog }), 'secure');
      }
      expect([there, (await ours).toSorted()]).toEqual([there, (await theirs).toSorted()]);
      for (const line of all) expect(line).toMatch(/^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}\n$/);
    }
  });

  test('the callback gets Buffers', async () => {
    const keylog = jest.fn();
    const called = new Promise((resolve) => keylog.mockImplementation(resolve));
    await securePair({ ...SERVER, keylog });
    expect(Buffer.isBuffer(await called)).toBe(true);
  });

  test('a file: lines are appended, by several credentials and streams', async () => {
    const keylog = path.join(scratch(), 'keys');
    fs.writeFileSync(keylog, '# ours\n');
    const [push, theirs] = gather(15);
    const server = await secureServer({ ...SERVER, ...only('TLSv1.3'), keylog });
    for (let i = 0; i < 3; i++) {
      const accepted = nextSecure(server);
      await once(tlsClient(server).on('keylog', push), 'secureConnect');
      await accepted;
    }
    const [first, ...lines] = fs.readFileSync(keylog, 'utf8').split(/(?<=\n)/);
    expect(first).toBe('# ours\n');
    expect(lines.toSorted()).toEqual((await theirs).toSorted());
    // Both ends in one file: each line twice.
    await securePair({ ...SERVER, ...only('TLSv1.3'), keylog }, { ...CLIENT, keylog });
    const both = fs.readFileSync(keylog, 'utf8').split(/(?<=\n)/).slice(16);
    expect([both.length, new Set(both).size]).toEqual([10, 5]);
  });

  test('no environment variable turns it on: SSLKEYLOGFILE', async () => {
    const file = path.join(scratch(), 'keys');
    const server = await tolerantServer(identity('direct'));
    const args = [require.resolve('../fixtures/verdict.js'), String(server.address().port), JSON.stringify(CLIENT)];
    const env = { SSLKEYLOGFILE: file, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const { stdout, stderr, ...outcome } = await runProgram([process.execPath, ...args], { env });
    expect({ ...outcome, stderr }).toEqual(GOOD);
    expect(JSON.parse(stdout).verdict).toEqual([true, null]);
    expect(fs.existsSync(file)).toBe(false);
  });

  test('a callback does not keep the process alive', async () => {
    const server = await tolerantServer();
    const script = `
      const keylog = (line) => console.log(String(line).split(' ')[0]);
      const credentials = net.createCredentials({ keylog, maxVersion: 'TLSv1.2' });
      const stream = net.connect(Number(process.argv[2]), '127.0.0.1').setSecure(credentials);
      stream.on('secure', () => stream.end());`;
    const { lines, exit } = child(script, { args: [String(server.address().port)] });
    expect((await lines.next()).value).toBe('CLIENT_RANDOM');
    expect(await exit).toBe(0);
  });
});
