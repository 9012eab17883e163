'use strict';

// An HTTP server, as pm2 runs it: writes its port to the file `PORT_FILE`, and ends when pm2 asks it to.

const fs = require('fs');
const http = require('http');
const { check } = require('./common');

const server = check(http.createServer(({ socket }, response) => {
  response.end(JSON.stringify({ pid: process.pid, address: check(socket).remoteAddress }));
}));

server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(process.env.PORT_FILE, String(server.address().port));
  process.send('ready');
});

process.on('SIGINT', () => server.close(() => process.exit(0)));
