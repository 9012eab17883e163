'use strict';

// "Every system call of the engine fails once with every errno that it may have: no panic, no leak, no descriptor
// closed twice, an error in Node's form", and what takes such failures, or delays, to be seen. On a binding with faults
// built in, which is made here, in debug mode, beside the real one.

const { execFile } = require('child_process');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');
const { build } = require('../../scripts/faults');
const { atLast, scratch } = require('../helpers');
const { race } = require('./race');
const { FAILURES, canInject, play } = require('./whole');

const ROOT = path.join(__dirname, '..', '..');

/** How long the machines run here, in seconds. */
const [FAULTS, RACES] = [15, 8];

jest.setTimeout(300_000);

const before = process.env.RUST_NET_BINDING;

beforeAll(() => {
  process.env.RUST_NET_BINDING = build();
});

atLast(() => {
  fs.rmSync(path.dirname(process.env.RUST_NET_BINDING), { recursive: true });
  if (before === undefined) delete process.env.RUST_NET_BINDING;
  else process.env.RUST_NET_BINDING = before;
});

const run = promisify(execFile);

test.each(['uv', 'thread'])('every call fails once, with every errno (woken by %s)', async (wake) => {
  const env = { ...process.env, RUST_NET_WAKE: wake };
  const args = [path.join(ROOT, 'scripts', 'faults.js'), '--seconds', String(FAULTS)];
  // A finding fails the command; its output has the seed and the case.
  const { stdout } = await run(process.execPath, args, { env, maxBuffer: 64 << 20 });
  expect(JSON.parse(stdout)).toMatchObject({ findings: [] });
});

describe('in a whole process, with the binding as it is published', () => {
  const ENTRIES = ['../..', '../../node'];
  const run = canInject() ? test : test.skip;

  run.each(Object.keys(FAILURES))('%s fails', async (call) => {
    const { RUST_NET_BINDING } = process.env;
    delete process.env.RUST_NET_BINDING;
    try {
      const [code] = FAILURES[call];
      for (const [i, entry] of ENTRIES.entries()) {
        const at = { entry: require.resolve(entry), call, code, when: i + 1 };
        expect({ ...at, wrong: await play(scratch(), at) }).toEqual({ ...at, wrong: '' });
      }
    } finally {
      process.env.RUST_NET_BINDING = RUST_NET_BINDING;
    }
  });
});

test('D7: of many processes that want one socket file at once, one gets it', async () => {
  const seed = Date.now();
  const outcome = await race(scratch(), { processes: 5, seed, delay: 3000, milliseconds: RACES * 1000 });
  expect({ seed, ...outcome }).toMatchObject({ seed, findings: [] });
});

test.each(['uv', 'thread'])('a listener whose accept fails for ever does not spin (woken by %s)', async (wake) => {
  const env = { ...process.env, RUST_NET_WAKE: wake };
  const { stdout } = await run(process.execPath, [path.join(__dirname, 'refuses.js')], { env });
  expect(stdout.split('\n')).toEqual(['acceptError EPERM accept', 'tries now and then: true', 'served', '']);
});
