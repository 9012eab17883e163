'use strict';

// "Every split offset of a recorded handshake": whole handshakes, each with the bytes of one direction in two pieces.

const { once } = require('events');
const net = require('../..');
const { destroyAtEnd, listening, settled } = require('../helpers');
const { VERSIONS, only, secureClient } = require('../tls/ends');
const { certificate, identity } = require('../tls/pki');
const { tap } = require('../tls/wire');

/** Some thousand handshakes, one after the other, also beside other load. */
jest.setTimeout(300_000);

/** Whole handshakes whose bytes in `direction` are split at one offset each, the same for all that are sent. */
async function splitHandshakes(server, connect, direction, most) {
  let longest = 0;
  const attempt = async (offset) => {
    let at = 0;
    const between = await tap(server, {
      async [direction](chunk, to) {
        const cut = offset - at;
        at += chunk.length;
        longest = Math.max(longest, at);
        if (cut <= 0 || cut >= chunk.length) return to.write(chunk);
        to.write(chunk.subarray(0, cut));
        await settled();
        return to.write(chunk.subarray(cut));
      },
    });
    const client = connect(between);
    await once(client, 'secure');
    client.write('x');
    const [data] = await once(client, 'data');
    client.destroy();
    return data.toString();
  };
  let offset = 1;
  for (; offset <= Math.min(longest || most, most); offset += 16) {
    const offsets = Array.from({ length: 16 }, (_unused, i) => offset + i);
    expect(new Set(await Promise.all(offsets.map(attempt)))).toEqual(new Set(['x']));
  }
  return offset;
}

test.each(VERSIONS)('our client and server, whole handshakes of %s with certificates on both sides', async (version) => {
  const credentials = { ...identity('direct'), ca: certificate('root'), ...only(version) };
  const server = await listening(
    net.createServer((stream) => {
      destroyAtEnd(stream).setSecure(credentials).on('error', () => {});
      stream.pipe(stream);
    }),
  );
  const connect = (between) => secureClient(between, credentials);
  for (const direction of ['up', 'down']) {
    expect(await splitHandshakes(server, connect, direction, 4000)).toBeGreaterThan(500);
  }
});
