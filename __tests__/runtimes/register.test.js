'use strict';

// In Bun and Deno, whose modules do not look `net` up, the flag says that it can't be had, and the program is not run.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { DEADLINE, ROOT, ensureRuntimes, run } = require('./runtimes');

jest.setTimeout(2 * DEADLINE);

beforeAll(ensureRuntimes);

const REGISTER = path.join(ROOT, 'register.js');

describe.each([
  ['Bun', 'bun', '--preload'],
  ['Deno', 'deno', '--require'],
])('%s', (name, runtime, flag) => {
  /** The outcome of a program that says that it runs. */
  function play(text, ...flags) {
    const file = path.join(scratch(), 'app.cjs');
    fs.writeFileSync(file, text);
    return run(runtime, [...flags, file]);
  }

  test(flag, async () => {
    const { code, stdout, stderr } = await play("console.log('runs');", flag, REGISTER);
    expect({ failed: code !== 0, stdout }).toEqual({ failed: true, stdout: '' });
    expect(stderr).toContain(`rust-net/register can only replace the modules of Node: ${name} has a net of its own`);
    expect((await play("console.log('runs');")).stdout).toBe('runs\n');
  });

  test('a require() of the program', async () => {
    const text = `try { require(${JSON.stringify(REGISTER)}); } catch ({ code }) { console.log(code); }`;
    expect((await play(text)).stdout).toBe('ERR_RUST_NET_REGISTER\n');
  });
});
