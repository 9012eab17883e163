'use strict';

// postgres and a server of PostgreSQL; with TLS, if the test names the certificates to trust.

const postgres = require('postgres');
const { EventEmitter } = require('events');
const { BINARY, TEXT, ask, atOnce, digest, event, peer, report } = require('./common');

const { host, port, user, password, trusted, untrusted } = peer;
const place = { host, port, user, password, database: 'postgres', backoff: () => 0.02 };
const CONNECTIONS = 10;

/** What becomes of a connection with the options `ssl`: the code of its error. */
async function refusal(ssl) {
  const sql = postgres({ ...place, ssl });
  const code = await sql`SELECT 1`.catch((error) => error.code);
  await sql.end();
  return code;
}

report(async () => {
  const happenings = new EventEmitter();
  const tell = (name) => (what) => happenings.emit(name, what);
  const next = (name) => event(happenings, name);
  const sql = postgres({ ...place, max: CONNECTIONS, ssl: trusted, onnotice: tell('notice'), onclose: tell('close') });
  const [{ text, bytes }] = await sql`SELECT ${TEXT}::text AS text, ${BINARY}::bytea AS bytes`;
  const numbers = await atOnce(500, async (i) => (await sql`SELECT ${i}::int AS i`)[0].i);
  const long = [];
  await sql`SELECT i, repeat(${TEXT}, 100) AS text FROM generate_series(1, 20000) AS i`
    .cursor(1000, (rows) => {
      long.push(...rows);
    });
  const [{ ssl }] = await sql`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`;
  const failed = await sql`SELECT 1 / 0`.catch((error) => error.code);
  await sql.listen('channel', tell('notification'), tell('listen'));
  const heard = next('notification');
  await sql.notify('channel', TEXT);

  const lost = sql`DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(600); END $$`.catch((error) => error.code);
  await next('notice');
  let closed = 0;
  const gone = event(happenings, 'close', () => (closed += 1) === CONNECTIONS);
  const listensAgain = next('listen');
  await ask('kill');
  // Whether the reset of the dead server's socket is met depends on what it had not read yet: either is right.
  const killed = ['CONNECTION_CLOSED', 'ECONNRESET'].includes(await lost);
  // Of a query on a connection that it does not know to be gone, it may never tell the outcome, on either net.
  await gone;
  const refused = await sql`SELECT 1`.catch((error) => error.code);
  await ask('start');
  await listensAgain;
  const heardAgain = next('notification');
  await sql.notify('channel', `${TEXT} again`);
  const again = await atOnce(20, () => sql`SELECT ${TEXT}::text AS text`);
  await sql.end();
  return {
    text: text === TEXT,
    binary: digest(bytes) === digest(BINARY),
    manyAtOnce: numbers.every((number, i) => number === i),
    long: long.length === 20000 && long.every((row) => row.text === TEXT.repeat(100)),
    secure: ssl,
    failed,
    notified: [await heard, await heardAgain].join() === `${TEXT},${TEXT} again`,
    killed,
    refused,
    reconnected: again.every(([row]) => row.text === TEXT),
    refusals: untrusted && [await refusal(untrusted), await refusal({ ...trusted, servername: 'elsewhere.test' })],
  };
});
