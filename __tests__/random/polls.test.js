'use strict';

// Long polling under rust-net/register: whatever is answered, cut or abandoned in whichever order, each request has the
// outcome that it has over Node's own modules, and no process stays.

const { execFileSync } = require('child_process');
const path = require('path');
const { certificate, identity } = require('../tls/pki');

const PROGRAM = path.join(__dirname, 'polls.js');
const REGISTER = path.join(__dirname, '..', '..', 'register.js');
const COUNT = 40;
const TIME = 120_000;

jest.setTimeout(TIME);

function play(flags, seed, options) {
  const args = [...flags, PROGRAM, seed, COUNT, ...options];
  return JSON.parse(execFileSync(process.execPath, args.map(String), { encoding: 'utf8', timeout: TIME / 2 }));
}

describe.each([
  ['http', () => []],
  ['https', () => [JSON.stringify({ ...identity('p256'), ca: certificate('root') })]],
])('%s', (_, given) => {
  test.each([1, 2, 3])('seed %i', (seed) => {
    const options = given();
    const expected = play([], seed, options);
    expect(expected).toHaveLength(COUNT);
    expect(play(['--require', REGISTER], seed, options)).toEqual(expected);
  });
});
