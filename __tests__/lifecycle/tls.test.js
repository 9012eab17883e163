'use strict';

// D26 where TLS is spoken: "a script that closes all it opened exits by itself, in a worker thread [too], and
// process.exit() and worker.terminate() at any moment neither crash nor hang".

const { DEADLINE, GOOD, run } = require('./child');

jest.setTimeout(2 * DEADLINE);

const PLACES = [
  'setSecure', 'accepted setSecure', 'connect', 'SNICallback', 'SNICallback answered', 'keylog', 'accepted keylog',
  'secure', 'accepted secure', 'written', 'data', 'error', 'close',
  ...Array.from({ length: 6 }, (_, i) => `turn ${3 * i * i}`),
];

const ENDS = [
  ['the client ends', 'hello true'],
  ['the server ends', 'goodbye'],
  ['destroyed when it is secure', 'closed'],
  ['destroyed in the middle of the handshake', 'closed'],
  ['the handshake has failed', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  ['the deadline of the handshake has passed', 'ERR_TLS_HANDSHAKE_TIMEOUT'],
  ['nobody has answered who was asked for the name', 'closed'],
  ['a secure stream that is not referenced', 'secure'],
  ['credentials alone', 'made'],
];

const WORKERS = [
  ['handshakes with itself', 'terminated 8'],
  ['a transfer with itself', 'terminated 8'],
  ['handshakes with node:tls', 'terminated 8'],
  ['clients of node:tls, in handshakes and transfers', 'terminated 8'],
  ['exit with workers in handshakes and transfers', 'busy'],
];

test.each(PLACES)('D26: process.exit() in the middle of handshakes neither crashes nor hangs: %s', async (place) => {
  const [main, worker] = await Promise.all([
    run('tls-leaves.js', [place]),
    run('tls-leaves.js', [place, 'worker']),
  ]);
  expect(main).toEqual({ code: 7, signal: null, stdout: '', stderr: '' });
  expect(worker).toEqual({ ...GOOD, stdout: 'worker 7\n' });
});

test.each(ENDS)('D26: a script exits by itself after TLS: %s', async (name, said) => {
  const [main, worker] = await Promise.all([
    run('tls-ends.js', [name]),
    run('tls-ends.js', [name, 'worker']),
  ]);
  expect(main).toEqual({ ...GOOD, stdout: `${said}\n` });
  expect(worker).toEqual({ ...GOOD, stdout: `${said}\nworker 0\n` });
});

test.each(WORKERS)('D26: worker.terminate() in the middle of TLS neither crashes nor hangs: %s', async (name, said) => {
  expect(await run('tls-workers.js', [name])).toEqual({ ...GOOD, stdout: `${said}\n` });
});
