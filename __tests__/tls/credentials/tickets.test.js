'use strict';

// D19: session tickets.

const net = require('../../..');
const { child, thrown } = require('../../helpers');
const { DEADLINE, describeWith, start } = require('../../peers/program');
const { CLIENT, SERVER, VERSIONS, greeter, only, secureServer, visit } = require('../ends');

jest.setTimeout(2 * DEADLINE);

describe('session tickets: "tickets on servers with rotating keys that can be shared between processes"', () => {
  const ticketKeys = Buffer.alloc(48, 7);

  test('getTicketKeys(): those that were given, or 48 random bytes of its own; nobody changes them by what it gives', () => {
    const [given, one, other] = [{ ...SERVER, ticketKeys }, SERVER, SERVER].map(net.createCredentials);
    expect(given.getTicketKeys().equals(ticketKeys)).toBe(true);
    expect([one.getTicketKeys().length, one.getTicketKeys().equals(other.getTicketKeys())]).toEqual([48, false]);
    one.getTicketKeys().fill(0);
    expect(one.getTicketKeys().equals(Buffer.alloc(48))).toBe(false);
  });

  test.each([
    ['a string', 'x'.repeat(48), 'ERR_INVALID_ARG_TYPE'],
    ['nothing', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['too few', Buffer.alloc(47), 'ERR_INVALID_ARG_VALUE'],
    ['too many', Buffer.alloc(49), 'ERR_INVALID_ARG_VALUE'],
  ])('setTicketKeys: %s: %s', (_, keys, code) => {
    const credentials = net.createCredentials({ ...SERVER, ticketKeys });
    const error = thrown(() => credentials.setTicketKeys(keys));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(/["']keys["']/)]);
    expect(credentials.getTicketKeys().equals(ticketKeys)).toBe(true);
  });

  /** Whether a visit to `server` resumes a session. */
  async function comesBack(server, credentials) {
    return (await visit(server, credentials, { servername: 'localhost' })).isSessionReused();
  }

  /** Visits all `servers`, one after the other, with the same credentials: whether each has resumed a session. */
  async function visits(servers, options = CLIENT) {
    const credentials = net.createCredentials(options);
    const seen = [];
    for (const server of servers) seen.push(await comesBack(server, credentials));
    return seen;
  }

  test.each(VERSIONS)('two servers that share them are one, and others are not: %s', async (version) => {
    const options = { ...SERVER, ...only(version) };
    const one = net.createCredentials({ ...options, ticketKeys });
    const servers = [
      await greeter(one),
      await greeter({ ...options, ticketKeys: one.getTicketKeys() }),
      await greeter(options),
    ];
    expect(await visits([servers[0], servers[1], servers[0]])).toEqual([false, true, true]);
    expect(await visits([servers[0], servers[2], servers[0]])).toEqual([false, false, false]);
  });

  test.each(VERSIONS)('setTicketKeys(): sessions of the former keys can still be resumed, of those before no more: %s', async (version) => {
    const credentials = net.createCredentials({ ...SERVER, ...only(version) });
    const server = await greeter(credentials);
    const [loyal, absent] = [net.createCredentials(CLIENT), net.createCredentials(CLIENT)];
    expect([await comesBack(server, loyal), await comesBack(server, absent)]).toEqual([false, false]);
    credentials.setTicketKeys(Buffer.alloc(48, 1));
    expect(credentials.getTicketKeys().equals(Buffer.alloc(48, 1))).toBe(true);
    expect(await comesBack(server, loyal)).toBe(true);
    credentials.setTicketKeys(Buffer.alloc(48, 2));
    // The one has got a ticket under the second keys meanwhile.
    expect([await comesBack(server, loyal), await comesBack(server, absent)]).toEqual([true, false]);
  });

  test.each(VERSIONS)('two processes that share them are one: %s', async (version) => {
    const options = { ...SERVER, ...only(version) };
    const script = `
      const [options, keys] = process.argv.slice(2);
      const credentials = net.createCredentials({ ...JSON.parse(options), ticketKeys: Buffer.from(keys, 'hex') });
      const server = net.createServer((stream) => {
        stream.setSecure(credentials).on('secure', () => stream.write('hello'));
        stream.on('close', () => console.log(stream.isSessionReused()));
      });
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
    const { lines } = child(script, { args: [JSON.stringify(options), ticketKeys.toString('hex')] });
    const line = async () => (await lines.next()).value;
    const port = Number(await line());
    const theirs = { address: () => ({ port }) };
    const ours = await greeter({ ...options, ticketKeys });
    expect(await visits([theirs, ours, theirs])).toEqual([false, true, true]);
    expect([await line(), await line()]).toEqual(['false', 'true']);
  });

  test.each(VERSIONS)('"sessionTimeout": 0 is never, on either side: %s', async (version) => {
    const options = { ...SERVER, ...only(version) };
    const [open, closed] = [await greeter(options), await greeter({ ...options, sessionTimeout: 0 })];
    expect(await visits([closed, closed])).toEqual([false, false]);
    expect(await visits([open, open], { ...CLIENT, sessionTimeout: 0 })).toEqual([false, false]);
    expect(await visits([open, open])).toEqual([false, true]);
  });

  describeWith(['openssl'], 'openssl', () => {
    const LIFETIMES = VERSIONS.flatMap((version) => [[version, {}, '300'], [version, { sessionTimeout: 77 }, '77']]);

    test.each(LIFETIMES)('%s, %j: openssl is told that a ticket lives for %s seconds', async (version, options, seconds) => {
      const server = await secureServer({ ...SERVER, ...only(version), ...options });
      server.on('connection', (stream) => stream.on('secure', () => stream.end('hello')));
      const { output } = await start('openssl', ['s_client', '-connect', `127.0.0.1:${server.address().port}`]).outcome;
      expect(output).toMatch(`ticket lifetime hint: ${seconds} (seconds)`);
    });
  });
});
