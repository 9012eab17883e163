'use strict';

// net.listenFDs(): sockets that are passed in the way of systemd, by hand.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const net = require('..');
const today = require('../node');
const { thrown } = require('./helpers');

const ENTRY = JSON.stringify(path.join(__dirname, '..'));

/** What `code` prints in a process with these variables. `$$` is its id. */
async function said(variables, code) {
  const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const script = `${words.join(' ')} exec "$0" -e "$1"`;
  const env = { ...process.env };
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  const program = `const net = require(${ENTRY}); console.log(JSON.stringify(${code}));`;
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, process.execPath, program], { env });
  return JSON.parse(stdout);
}

test.each([
  ['with names', { LISTEN_PID: '$$', LISTEN_FDS: 2, LISTEN_FDNAMES: 'http:https' }, [{ fd: 3, name: 'http' }, { fd: 4, name: 'https' }]],
  ['without', { LISTEN_PID: '$$', LISTEN_FDS: 1 }, [{ fd: 3, name: 'unknown' }]],
  ['with too few', { LISTEN_PID: '$$', LISTEN_FDS: 2, LISTEN_FDNAMES: 'http' }, [{ fd: 3, name: 'http' }, { fd: 4, name: 'unknown' }]],
  ['of another process', { LISTEN_PID: 1, LISTEN_FDS: 1 }, []],
  ['none', {}, []],
  ['no number', { LISTEN_PID: '$$', LISTEN_FDS: 'many' }, []],
  ['less than none', { LISTEN_PID: '$$', LISTEN_FDS: -1 }, []],
])('%s', async (_name, variables, expected) => {
  expect(await said(variables, 'net.listenFDs()')).toEqual(expected);
});

test('`unset` deletes the variables, so that no child process takes the sockets for its own', async () => {
  const variables = { LISTEN_PID: '$$', LISTEN_FDS: 1, LISTEN_FDNAMES: 'a' };
  const left = 'Object.keys(process.env).filter((name) => name.startsWith("LISTEN_")).sort()';
  expect(await said(variables, `[net.listenFDs(), net.listenFDs({ unset: true }), net.listenFDs(), ${left}]`)).toEqual([
    [{ fd: 3, name: 'a' }],
    [{ fd: 3, name: 'a' }],
    [],
    [],
  ]);
});

test('wrong arguments throw', () => {
  expect(thrown(() => net.listenFDs(5)).code).toBe('ERR_INVALID_ARG_TYPE');
  expect(thrown(() => net.listenFDs({ unset: 'yes' })).code).toBe('ERR_INVALID_ARG_TYPE');
  expect(today.listenFDs).toBe(net.listenFDs);
});
