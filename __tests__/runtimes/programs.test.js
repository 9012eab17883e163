'use strict';

// Programs in Bun and Deno: what only a process of its own shows, or a runtime of its own.

const path = require('path');
const { scratch } = require('../helpers');
const { DEADLINE, ROOT, VERSIONS, ensureRuntimes, run, start } = require('./runtimes');

jest.setTimeout(3 * DEADLINE);

const REGISTER = path.join(ROOT, 'register.js');
const MANY = path.join(ROOT, '__tests__', 'lifecycle', 'fixtures', 'many.js');
const COUNT = 2000;
const RUNTIMES = Object.keys(VERSIONS);
const GOOD = { code: 0, signal: null, stderr: '' };

const program = (name) => path.join(__dirname, 'programs', `${name}.js`);

beforeAll(ensureRuntimes);

test.each(['node', ...RUNTIMES])('%s: the context in events is that of AsyncLocalStorage', async (runtime) => {
  const { stdout, ...outcome } = await run(runtime, [program('context')]);
  expect(outcome).toEqual(GOOD);
  const lines = stdout.trim().split('\n').sort();
  const client = ['close', 'connect', 'data'].map((name) => `${name} client`);
  expect(lines).toEqual(['accepted data undefined', 'accepted undefined', ...client].sort());
});

describe.each(RUNTIMES)('%s', (runtime) => {
  test.each([[runtime, 'node'], ['node', runtime]])(`2,000 connections, served by %s, from %s`, async (serves, connects) => {
    const server = start(serves, [MANY, 'serve']);
    const client = start(connects, [MANY, 'connect', await server.line(), COUNT]);
    expect(await client.line()).toBe(`open ${COUNT}`);
    client.write('ask');
    expect(await client.line()).toBe(`answered ${COUNT}`);
    server.write('count');
    expect(await server.line()).toBe(`open ${COUNT}`);
    client.write('close');
    expect(await client.outcome).toEqual(GOOD);
    server.write('close');
    expect(await server.line()).toBe('left 0');
    expect(await server.outcome).toEqual(GOOD);
  });

  test.each(runtime === 'bun' ? ['--preload'] : ['--preload', '--import', '--require'])(
    'rust-net/register with %s says that it can not be had, and the program is not run', async (flag) => {
      const args = runtime === 'bun' ? [flag, REGISTER, program('context')] : [program('context')];
      const { code, stdout, stderr } = await run(runtime, args, { permissions: ['--allow-all', flag, REGISTER] });
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('rust-net/register can only replace the modules of Node');
    },
  );
});

describe('permissions of Deno', () => {
  const BINDING = ['--allow-read', '--allow-ffi'];
  const outcome = async (permissions, ...args) => run('deno', [program('permitted'), ...args], { permissions });

  test('--allow-read, --allow-ffi and --allow-net are all that is needed', async () => {
    const { stdout, ...rest } = await outcome([...BINDING, '--allow-net']);
    expect(rest).toEqual(GOOD);
    expect(stdout.trim().split('\n').sort()).toEqual(['connect ECONNREFUSED connect connect ECONNREFUSED 127.0.0.2:1', 'done']);
  });

  test('a host in --allow-net is the only one', async () => {
    const { stdout, ...rest } = await outcome([...BINDING, '--allow-net=127.0.0.1']);
    expect(rest).toEqual(GOOD);
    const denied = 'Requires net access to "127.0.0.2:1", run again with the --allow-net flag';
    const refused = `connect ERR_ACCESS_DENIED connect connect ERR_ACCESS_DENIED ${denied}`;
    expect(stdout.trim().split('\n').sort()).toEqual([refused, 'done']);
  });

  test('without --allow-net, nothing listens', async () => {
    const { stdout } = await outcome(BINDING);
    const denied = 'Requires net access to "127.0.0.1:0", run again with the --allow-net flag';
    expect(stdout).toContain(`listen ERR_ACCESS_DENIED undefined ${denied}`);
    expect(stdout).not.toContain('done');
  });

  test('UNIX sockets want --allow-read and --allow-write', async () => {
    const place = path.join(scratch(), 's');
    expect((await outcome([...BINDING, '--allow-write'], place)).stdout).toBe('done\n');
    const { stdout } = await outcome(BINDING, place);
    expect(stdout).toBe(`listen ERR_ACCESS_DENIED undefined Requires write access to "${place}", run again with the --allow-write flag\n`);
  });

  test.each([
    [['--allow-read'], 'Remedy: deno --allow-ffi'],
    [['--allow-ffi'], 'run again with the --allow-read flag'],
  ])('with %j alone, what is missing is said', async (permissions, words) => {
    const { code, stderr } = await outcome(permissions);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });
});
