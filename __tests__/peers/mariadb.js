'use strict';

// Debian's MariaDB.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');
const { Server, ownAddress, ownPort, start } = require('./program');

/** A server with the database `test` and its only user, `user` with `password`. What else is given is its lifetime. */
async function mariadbServer({ user, password, ...lifetime }) {
  const folder = scratch(lifetime.cleanUp);
  const data = path.join(folder, 'data');
  const asRoot = process.getuid() === 0 ? ['--user=root'] : [];
  const place = { host: ownAddress(), port: await ownPort(), socketPath: path.join(folder, 'mariadb') };
  const made = await start('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, ...asRoot], lifetime).outcome;
  if (made.code !== 0) throw new Error(`mariadb-install-db: ${made.output}`);
  const { key, cert } = files('p256', folder);
  const first = path.join(folder, 'first.sql');
  const users = ['%', 'localhost'].flatMap((from) => [
    `CREATE USER IF NOT EXISTS '${user}'@'${from}' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO '${user}'@'${from}';`,
  ]);
  fs.writeFileSync(first, ['CREATE DATABASE IF NOT EXISTS test;', ...users, ''].join('\n'));
  const args = [
    '--no-defaults', ...asRoot, `--datadir=${data}`, `--bind-address=${place.host}`, `--port=${place.port}`,
    `--socket=${place.socketPath}`, `--init-file=${first}`, '--max-allowed-packet=64M', '--innodb-log-file-size=128M',
    '--skip-name-resolve', '--character-set-server=utf8mb4', `--ssl-key=${key}`, `--ssl-cert=${cert}`,
  ];
  const server = new Server(place, async () => {
    const program = start('mariadbd', args, lifetime);
    await program.said(/ready for connections/);
    return program;
  });
  return server.start();
}

module.exports = { mariadbServer };
