'use strict';

// pg and a server of PostgreSQL; with TLS, if the test names the certificates to trust.

const { Client, Pool } = require('pg');
const { BINARY, TEXT, ask, atOnce, digest, event, peer, report } = require('./common');

const { host, port, user, password, trusted, untrusted } = peer;
const place = { host, port, user, password, database: 'postgres' };

/** What becomes of a connection with the options `ssl`: the code of its error. */
async function refusal(ssl) {
  const client = new Client({ ...place, ssl });
  const error = await client.connect().catch((reason) => reason);
  await client.end();
  return error?.code;
}

report(async () => {
  const pool = new Pool({ ...place, max: 10, ssl: trusted });
  const [{ text, bytes }] = (await pool.query('SELECT $1::text AS text, $2::bytea AS bytes', [TEXT, BINARY])).rows;
  const numbers = await atOnce(500, async (i) => (await pool.query('SELECT $1::int AS i', [i])).rows[0].i);
  const long = await pool.query('SELECT i, repeat($1, 100) AS text FROM generate_series(1, 20000) AS i', [TEXT]);
  const [{ ssl }] = (await pool.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')).rows;
  const failed = await pool.query('SELECT 1 / 0').catch((error) => error.code);

  const listener = await pool.connect();
  await listener.query('LISTEN channel');
  const heard = event(listener, 'notification');
  await pool.query('SELECT pg_notify($1, $2)', ['channel', TEXT]);
  const notified = (await heard).payload === TEXT;
  listener.release();

  // The server is killed with one connection in a query, others idle.
  const busy = await pool.connect();
  busy.on('error', () => {});
  const begun = event(busy, 'notice');
  const lost = busy
    .query("DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(600); END $$")
    .catch((error) => error.message);
  await begun;
  const idle = event(pool, 'error');
  pool.on('error', () => {});
  await ask('kill');
  // Whether the reset of the dead server's socket is met depends on what it had not read yet: either is right.
  const killed = ['Connection terminated unexpectedly', 'read ECONNRESET'].includes(await lost);
  const dismissed = (await idle).code;
  busy.release(true);
  // It would take one that it does not know to be gone.
  while (pool.totalCount > 0) await event(pool, 'remove');
  const refused = await pool.query('SELECT 1').catch((error) => error.code);
  await ask('start');
  const again = await atOnce(20, () => pool.query('SELECT $1::text AS text', [TEXT]));
  await pool.end();
  return {
    text: text === TEXT,
    binary: digest(bytes) === digest(BINARY),
    manyAtOnce: numbers.every((number, i) => number === i),
    long: long.rows.length === 20000 && long.rows.every((row) => row.text === TEXT.repeat(100)),
    secure: ssl,
    failed,
    notified,
    killed,
    dismissed,
    refused,
    reconnected: again.every(({ rows }) => rows[0].text === TEXT),
    refusals: untrusted && [await refusal(untrusted), await refusal({ ...trusted, servername: 'elsewhere.test' })],
  };
});
