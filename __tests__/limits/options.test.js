'use strict';

// Limits: their options, and `server.limits`.

const { once } = require('events');
const net = require('../..');
const today = require('../../node');
const { listening, thrown } = require('../helpers');
const { countDrops, dropped, dial, enter } = require('./ends');

const DEFAULTS = {
  maxConnectionsPerAddress: 0,
  maxHandshakes: 0,
  maxWaitingHandshakes: 1024,
  handshakeRate: 0,
  idleTimeout: 0,
  maxLifetime: 0,
  minRate: 0,
  minRateSpan: 5000,
};
const MOST = 2 ** 31 - 1;

describe.each([
  ['rust-net', net],
  ['rust-net/node', today],
])('options of limits, %s', (_name, module) => {
  test('the defaults, and what was given', () => {
    expect(module.createServer().limits).toEqual(DEFAULTS);
    const server = module.createServer({ minRate: 5, idleTimeout: null, maxLifetime: undefined });
    expect(server.limits).toEqual({ ...DEFAULTS, minRate: 5 });
    server.limits.minRate = 7;
    expect(server.setLimits({ maxWaitingHandshakes: 0 }).limits).toEqual({
      ...DEFAULTS,
      minRate: 5,
      maxWaitingHandshakes: 0,
    });
  });

  test.each(Object.keys(DEFAULTS))('%s takes whole numbers', (name) => {
    const server = module.createServer();
    for (const [value, code] of [
      ['1', 'ERR_INVALID_ARG_TYPE'],
      [{}, 'ERR_INVALID_ARG_TYPE'],
      [true, 'ERR_INVALID_ARG_TYPE'],
      [-1, 'ERR_OUT_OF_RANGE'],
      [1.5, 'ERR_OUT_OF_RANGE'],
      [NaN, 'ERR_OUT_OF_RANGE'],
      [Infinity, 'ERR_OUT_OF_RANGE'],
      [MOST + 1, 'ERR_OUT_OF_RANGE'],
    ]) {
      const options = { [name]: value };
      const errors = [
        thrown(() => module.createServer(options)),
        thrown(() => server.setLimits({ minRate: 3, ...options })),
        thrown(() => server.listen({ port: 0, ...options })),
      ];
      expect(errors.map((error) => error.code)).toEqual([code, code, code]);
      expect(errors[0].message).toContain(`options.${name}`);
    }
    expect(server.limits).toEqual(DEFAULTS);
    expect(server.listening).toBe(false);
    expect(module.createServer({ [name]: MOST }).limits[name]).toBe(MOST);
  });

  test('other arguments of setLimits() throw', () => {
    for (const argument of [undefined, null, 5, 'x', []]) {
      expect(thrown(() => module.createServer().setLimits(argument)).code).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  test('a name that is no limit throws in setLimits(), and changes nothing', () => {
    const server = module.createServer();
    for (const name of ['maxConnectionPerAddress', 'grace', 'toString']) {
      const error = thrown(() => server.setLimits({ minRate: 3, [name]: 1 }));
      expect([error.code, error.message]).toEqual(['ERR_INVALID_ARG_VALUE', expect.stringContaining(`options.${name}`)]);
    }
    expect(server.limits).toEqual(DEFAULTS);
    // Options of createServer() may be meant for others.
    expect(module.createServer({ maxConnectionPerAddress: 1 }).limits).toEqual(DEFAULTS);
  });

  test('minRateSpan is 100 at least', () => {
    expect(thrown(() => module.createServer({ minRateSpan: 99 })).code).toBe('ERR_OUT_OF_RANGE');
    expect(module.createServer({ minRateSpan: 100 }).limits.minRateSpan).toBe(100);
  });

  test('listen() takes them, too', async () => {
    const server = module.createServer({ idleTimeout: 60_000 });
    await listening(server, { port: 0, host: '127.0.0.1', maxConnectionsPerAddress: 1 });
    expect(server.limits).toEqual({ ...DEFAULTS, idleTimeout: 60_000, maxConnectionsPerAddress: 1 });
    await enter(server);
    const drop = dropped(server);
    dial(server);
    expect((await drop).reason).toBe('max-connections-per-address');
  });

  test('what listen() takes is for this time only, and what setLimits() takes is not', async () => {
    const server = module.createServer({ idleTimeout: 60_000, maxLifetime: 7 });
    const other = await listening(module.createServer());
    const failed = once(server, 'error');
    server.listen({ port: other.address().port, host: '127.0.0.1', idleTimeout: 5 });
    expect((await failed)[0].code).toBe('EADDRINUSE');
    expect(server.limits).toEqual({ ...DEFAULTS, idleTimeout: 60_000, maxLifetime: 7 });
    await listening(server, { port: 0, host: '127.0.0.1', maxConnectionsPerAddress: 1, minRate: 3 });
    server.setLimits({ minRate: 4, maxLifetime: 0 });
    expect(server.limits).toEqual({ ...DEFAULTS, idleTimeout: 60_000, maxConnectionsPerAddress: 1, minRate: 4 });
    await new Promise((resolve) => server.close(resolve));
    expect(server.limits).toEqual({ ...DEFAULTS, idleTimeout: 60_000, minRate: 4 });
    await listening(server, { port: 0, host: '127.0.0.1' });
    const { counts } = countDrops(server);
    await enter(server);
    await enter(server);
    expect([server.limits.maxConnectionsPerAddress, counts]).toEqual([0, {}]);
  });

  test('what is only in Object.prototype is no limit', () => {
    Object.prototype.idleTimeout = 5;
    try {
      const server = module.createServer({});
      expect(Object.hasOwn(server.limits, 'idleTimeout') && server.limits.idleTimeout).toBe(0);
    } finally {
      delete Object.prototype.idleTimeout;
    }
  });

  test('backlog', async () => {
    for (const [backlog, code] of [['5', 'ERR_INVALID_ARG_TYPE'], [0, 'ERR_OUT_OF_RANGE'], [1.5, 'ERR_OUT_OF_RANGE']]) {
      expect(thrown(() => module.createServer({ backlog })).code).toBe(code);
    }
  });
});
