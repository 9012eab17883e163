'use strict';

// examples/echo.js

const fs = require('fs');
const path = require('path');
const { collect } = require('../helpers');
const { FOLDER, client, example, portOf } = require('./run');

/** The example of section "net.Server", but for the name of the module and the port. */
const PAGE = `
var server = net.createServer(function (stream) {
  stream.setEncoding('utf8');
  stream.on('connect', function () {
    stream.write('hello\\r\\n');
  });
  stream.on('data', function (data) {
    stream.write(data);
  });
  stream.on('end', function () {
    stream.write('goodbye\\r\\n');
    stream.end();
  });
});
server.listen(port, 'localhost');
`;

test('it is the example of the page', () => {
  expect(fs.readFileSync(path.join(FOLDER, 'echo.js'), 'utf8')).toContain(PAGE);
});

test('D10: "The page\'s own echo server must deliver `hello`, the echo and `goodbye` to its client."', async () => {
  const running = example('echo.js', '0');
  const { stream } = await client(await portOf(running), 'localhost');
  stream.end('and so on\r\n');
  expect((await collect(stream)).toString()).toBe('hello\r\nand so on\r\ngoodbye\r\n');
});

test.each(['SIGINT', 'SIGTERM'])('after %s, it lets its clients finish and ends', async (signal) => {
  const running = example('echo.js', '0');
  const port = await portOf(running);
  const { hear, say, stream } = await client(port, 'localhost');
  expect(await hear()).toBe('hello');
  running.process.kill(signal);
  say('still there?');
  expect(await hear()).toBe('still there?');
  stream.end();
  expect(await hear()).toBe('goodbye');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});
