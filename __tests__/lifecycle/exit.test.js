'use strict';

// D26: "a script that closes all it opened exits by itself", whatever became of what it opened.

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const ECHO = ['accepted closes false', 'received hellobye', 'server closes'];

/** The script, and what it prints before it exits; a Set where the order is open. */
const SCRIPTS = [
  ['requires only', ['loaded function']],
  ['makes a stream and a server, and opens neither', ['made']],
  ['listens and closes', ['closed']],
  ['closes in the turn of listen', ['closed']],
  ["listens and closes in 'beforeExit'", ['closed', "'beforeExit' comes again"]],
  ['echoes over TCP', new Set(ECHO)],
  ['echoes over UNIX', new Set(ECHO)],
  ['is refused', ['error ECONNREFUSED', 'close true']],
  ['finds no socket file', ['error ENOENT', 'close true']],
  ['finds no host', ['error ENOTFOUND', 'close true']],
  ['is refused at every address', ['error ECONNREFUSED', 'close true']],
  ['listens where somebody listens', ['error EADDRINUSE', 'closed']],
  ['listens where nobody may', ['error EACCES false']],
  ['listens on a bad descriptor', ['error string false']],
  ['is reset by its peer', ['error ECONNRESET', 'close true']],
  ['writes after its end', ['error ERR_STREAM_WRITE_AFTER_END', 'close true']],
  ['destroys while connecting', ['close false', 'close false']],
  ['destroys streams with unread and unsent data', ['close false', 'close false']],
  ['ends both sides of a half-open stream', new Set(['writeOnly', 'close false', 'late'])],
  ['sets timeouts and closes', ['end']],
  ['aborts server and stream through signals', new Set(['accepted closes', 'server closes', 'error ABORT_ERR'])],
  ['opens the same stream again', ['close false', 'close false']],
  ['serves streams that are left after server.close', ['server closes', 'received late', 'close false']],
  ['sends to a closed peer', ['error true', 'close']],
];

test.each(SCRIPTS)('D26: "a script that closes all it opened exits by itself": one that %s', async (name, expected) => {
  const { stdout, ...outcome } = await run('exits.js', [name]);
  expect(outcome).toEqual(GOOD);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.pop()).toBe('exit 0');
  if (expected instanceof Set) expect(lines.sort()).toEqual([...expected].sort());
  else expect(lines).toEqual(expected);
});
