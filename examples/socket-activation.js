'use strict';

// Socket activation: a service manager binds the sockets and passes them on, listening, as descriptors 3, 4, ...
// So a port below 1024 needs no privileges here, and no connection is lost while the server restarts.
//
//   systemd-socket-activate -l 8124 node examples/socket-activation.js
//
// or, as a service of systemd, with a .socket unit beside it (see sd_listen_fds(3)).

const net = require('..'); // require('rust-net') in a project of your own

const servers = [];

function serve(fd) {
  const server = net.createServer((stream) => {
    stream.on('error', (error) => console.error(`socket-activation: ${error.message}`));
    stream.pipe(stream);
  });
  server.on('error', (error) => {
    console.error(`socket-activation: descriptor ${fd}: ${error.message}`);
    process.exitCode = 1;
  });
  server.listenFD(fd, () => {
    const address = server.address();
    const where = typeof address === 'string' ? address : `${address.address}:${address.port}`;
    console.log(`socket-activation: listening on ${where}`);
  });
  servers.push(server);
}

const sockets = net.listenFDs({ unset: true });
for (const { fd } of sockets) serve(fd);
if (sockets.length === 0) {
  console.error('socket-activation: no sockets were given (LISTEN_PID, LISTEN_FDS)');
  process.exitCode = 1;
}

// What has been asked is answered. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const server of servers) server.shutdown();
  });
}
