'use strict';

// mysql2 and a server of MariaDB; with TLS, if the test names the certificates to trust.

const mysql = require('mysql2/promise');
const { BINARY, TEXT, ask, atOnce, digest, event, peer, report } = require('./common');

const { host, port, socketPath, user, password } = peer;
const who = { user, password, database: 'test', charset: 'utf8mb4' };
const place = { ...who, host, port, ssl: peer.trusted };

report(async () => {
  const pool = mysql.createPool({ ...place, connectionLimit: 10 });
  await pool.query('DROP TABLE IF EXISTS items');
  await pool.query('CREATE TABLE items (name VARCHAR(100) PRIMARY KEY, data LONGBLOB) CHARACTER SET utf8mb4');
  await pool.query('INSERT INTO items VALUES (?, ?)', [TEXT, BINARY]);
  const [[{ name, data }]] = await pool.query('SELECT * FROM items');
  // Prepared: as bytes, not as text.
  await pool.execute('INSERT INTO items VALUES (?, ?)', ['prepared', BINARY]);
  const [[prepared]] = await pool.execute('SELECT data FROM items WHERE name = ?', ['prepared']);
  const numbers = await atOnce(500, async (i) => (await pool.execute('SELECT ? AS i', [i]))[0][0].i);
  const [long] = await pool.query('SELECT seq, REPEAT(?, 100) AS text FROM seq_1_to_20000', [TEXT]);
  const failed = await pool.query('SELECT * FROM nothing').catch((error) => error.code);
  const atPath = await mysql.createConnection({ ...who, socketPath });
  const [[unix]] = await atPath.query('SELECT data FROM items WHERE name = ?', [TEXT]);
  await atPath.end();

  // The server is killed with one connection in a query, of which a row has come, and one idle.
  const idle = await mysql.createConnection(place);
  const dismissed = event(idle, 'error');
  const busy = (await mysql.createConnection(place)).connection;
  const query = busy.query("SELECT REPEAT('x', 100000) FROM seq_1_to_2 WHERE seq = 1 OR SLEEP(600) = 0");
  const lost = event(busy, 'error');
  await event(query, 'result');
  await ask('kill');
  const codes = [(await lost).code, (await dismissed).code];
  const refused = await mysql.createConnection(place).catch((error) => error.code);
  await ask('start');
  const again = await atOnce(20, async () => (await mysql.createConnection(place)));
  const [[{ Value: secure }]] = await again[0].query("SHOW STATUS LIKE 'Ssl_version'");
  const distrusting = { ...place, ssl: peer.untrusted };
  const distrusted = peer.untrusted && (await mysql.createConnection(distrusting).catch((error) => error.code));
  const texts = await Promise.all(again.map((one) => one.query('SELECT ? AS text', [TEXT])));
  await Promise.all(again.map((one) => one.end()));
  const [[{ text }]] = await pool.query('SELECT ? AS text', [TEXT]);
  await pool.end();
  return {
    text: name === TEXT,
    binary: digest(data) === digest(BINARY),
    prepared: digest(prepared.data) === digest(BINARY),
    manyAtOnce: numbers.every((number, i) => Number(number) === i),
    long: long.length === 20000 && long.every((row) => row.text === TEXT.repeat(100)),
    failed,
    overUnix: digest(unix.data) === digest(BINARY),
    killed: codes,
    refused,
    ...(peer.untrusted && { secure, distrusted }),
    reconnected: texts.every(([[row]]) => row.text === TEXT) && text === TEXT,
  };
});
