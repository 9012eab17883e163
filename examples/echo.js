'use strict';

// The echo server of the contract, as printed there. `npm run demo` talks to it.
//
//   node examples/echo.js [port]        (default 8124; with 0, the system chooses one)

const port = process.argv[2] ?? 8124;

/* eslint-disable no-var -- the words of 2010 */
var net = require('..'); // require('rust-net') in a project of your own
var server = net.createServer(function (stream) {
  stream.setEncoding('utf8');
  stream.on('connect', function () {
    stream.write('hello\r\n');
  });
  stream.on('data', function (data) {
    stream.write(data);
  });
  stream.on('end', function () {
    stream.write('goodbye\r\n');
    stream.end();
  });
});
server.listen(port, 'localhost');

server.on('listening', () => console.log(`listening on localhost:${server.address().port}`));

// Open streams go on until they end. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
