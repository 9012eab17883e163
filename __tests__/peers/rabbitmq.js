'use strict';

// Debian's RabbitMQ, and the port mapper of Erlang, which it wants and would otherwise start for the whole system.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');
const { Server, ownAddress, ownPort, portOfLocalhost, start } = require('./program');

/** A broker for the user `guest`, with TLS at `tlsPort`. What is given is its lifetime. */
async function rabbitmqServer(lifetime) {
  const folder = scratch(lifetime.cleanUp);
  const place = { host: ownAddress(), port: await ownPort(), tlsPort: await ownPort() };
  const { key, cert } = files('p256', folder);
  const [configuration, plugins] = ['rabbitmq.conf', 'plugins'].map((name) => path.join(folder, name));
  fs.writeFileSync(configuration, [
    `listeners.tcp.1 = ${place.host}:${place.port}`, `listeners.ssl.1 = ${place.host}:${place.tlsPort}`,
    `ssl_options.keyfile = ${key}`, `ssl_options.certfile = ${cert}`, 'log.console = true', 'log.file = false', '',
  ].join('\n'));
  fs.writeFileSync(plugins, '[].\n');
  const mapper = { ERL_EPMD_ADDRESS: place.host, ERL_EPMD_PORT: await ownPort() };
  const env = {
    ...process.env,
    // Killed, Erlang would leave a dump in the folder that the tests run in.
    ERL_CRASH_DUMP_BYTES: '0',
    ...mapper,
    HOME: folder,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: configuration,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_MNESIA_BASE: folder,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_NODENAME: 'rabbit@localhost',
    RABBITMQ_DIST_PORT: await portOfLocalhost(),
    // Its script becomes the server, and is no parent of it.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-noinput -kernel inet_dist_use_interface {${place.host.replaceAll('.', ',')}}`,
  };
  const options = { env, ...lifetime };
  const server = new Server(place, async () => {
    const program = start('rabbitmq-server', [], options);
    await program.said(/Server startup complete/);
    return program;
  });
  const names = start('epmd', ['-d', '-d'], options);
  await names.said(/entering the main select\(\) loop/);
  return server.start();
}

module.exports = { rabbitmqServer };
