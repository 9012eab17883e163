'use strict';

// Debian's PostgreSQL.

const fs = require('fs');
const path = require('path');
const { find } = require('../../scripts/peers');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');
const { Server, account, ownAddress, ownPort, start } = require('./program');

/** Makes the files of a server in `folder`, with the only user `user`: where they are. */
async function initialised(folder, { user, password, access, ...options }) {
  const data = path.join(folder, 'data');
  const secret = path.join(folder, 'password');
  fs.writeFileSync(secret, password, { mode: 0o644 });
  const args = ['-D', data, '-U', user, '--pwfile', secret, '-A', 'scram-sha-256', '--no-sync', '--no-locale', '-E', 'UTF8'];
  const made = await start('initdb', args, options).outcome;
  if (made.code !== 0) throw new Error(`initdb: ${made.output}`);
  fs.writeFileSync(path.join(data, 'pg_hba.conf'), `${access}\n`);
  return data;
}

/**
 * A server that has the certificate of `name`, and the user `user` with `password`; `access`, in the words of
 * `pg_hba.conf`, says who is let in how. A certificate that it asks for has to be below `root`. What else is given is
 * its lifetime.
 */
async function postgresqlServer({ name, user, password = 'none', access, ...lifetime }) {
  const folder = scratch(lifetime.cleanUp);
  // It will not run as root: Debian has a user for it. Told to quit at once, it leaves nothing in the system's memory.
  const options = { ...account('postgres'), cwd: folder, lastSignal: 'SIGQUIT', ...lifetime };
  const { key, cert } = files(name, folder);
  const { leaf: authorities } = files('root', folder);
  if (options.uid !== undefined) {
    for (const file of [folder, key, cert, authorities]) fs.chownSync(file, options.uid, options.gid);
  }
  const data = await initialised(folder, { user, password, access, ...options });
  const place = { host: ownAddress(), port: await ownPort() };
  const settings = {
    listen_addresses: place.host, port: place.port, unix_socket_directories: folder, fsync: 'off', max_connections: 30,
    ssl: 'on', ssl_key_file: key, ssl_cert_file: cert, ssl_ca_file: authorities,
  };
  const given = Object.entries(settings).flatMap(([setting, value]) => ['-c', `${setting}=${value}`]);
  const binary = path.join(path.dirname(fs.realpathSync(find('initdb'))), 'postgres');
  const server = new Server({ ...place, folder }, async () => {
    const program = start(binary, ['-D', data, ...given], options);
    await program.said(/ready to accept connections/);
    return program;
  });
  return server.start();
}

module.exports = { postgresqlServer };
