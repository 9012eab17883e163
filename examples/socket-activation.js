'use strict';

// Socket activation: a service manager binds the sockets and passes them on, listening, as descriptors 3, 4, ...
// So a port below 1024 needs no privileges here, and no connection is lost while the server restarts.
//
//   systemd-socket-activate -l 8124 node examples/socket-activation.js
//
// or, as a service of systemd, with a .socket unit beside it (see sd_listen_fds(3)).

const net = require('..'); // require('rust-net') in a project of your own

const FIRST = 3;

/** How many sockets the manager has passed to this process, and not to an ancestor. */
function given({ LISTEN_PID, LISTEN_FDS }) {
  return Number(LISTEN_PID) === process.pid ? Number(LISTEN_FDS) || 0 : 0;
}

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

const count = given(process.env);
for (let i = 0; i < count; i++) serve(FIRST + i);
if (count === 0) {
  console.error('socket-activation: no sockets were given (LISTEN_PID, LISTEN_FDS)');
  process.exitCode = 1;
}

// Open streams go on until they end. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const server of servers) {
      if (server.listening) server.close();
    }
  });
}
