'use strict';

// A service that opens files for other processes of the same user, and passes them on as descriptors: they then read
// files that they might not be able to open themselves.
//
//   node examples/open-files.js serve [folder] [path]        (default: the current folder, /tmp/open-files.sock)
//   node examples/open-files.js print NAME [path]            (prints the file NAME of that folder)
//
// A request is the name of a file, as one line. The answer is `ok`, with the descriptor, or an error code.

const fs = require('fs');
const path = require('path');
const net = require('..'); // require('rust-net') in a project of your own
const { onLine } = require('./lines');

/** Never another place than the folder, by a name or by a link. */
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** Opens the file `name` in `folder`. Returns the descriptor. */
function open(folder, name) {
  if (name !== path.basename(name)) throw Object.assign(new Error(`${name} is no name`), { code: 'EINVAL' });
  const fd = fs.openSync(path.join(folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  throw Object.assign(new Error(`${name} is no file`), { code: 'EISDIR' });
}

function serve(folder = '.', place = '/tmp/open-files.sock') {
  const server = net.createServer((stream) => {
    stream.on('error', (error) => console.error(`open-files: ${error.message}`));
    // The kernel says who has connected. A client can't claim to be another.
    if (stream.peerCredentials.uid !== process.getuid()) {
      stream.end('EPERM\n');
      return;
    }
    onLine(stream, (name) => {
      try {
        const fd = open(folder, name);
        // The message has a copy of it.
        stream.sendFD(fd, 'ok\n');
        fs.closeSync(fd);
      } catch ({ code }) {
        stream.write(`${code}\n`);
      }
      if (stream.bufferSize > 0) stream.pause();
    });
    stream.on('drain', () => stream.resume());
  });
  server.on('error', (error) => {
    console.error(`open-files: ${error.message}`);
    process.exitCode = 1;
  });
  server.listen(place, () => console.log(`open-files: listening on ${place}`));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
}

function print(name, place = '/tmp/open-files.sock') {
  const client = net.connect(place, () => client.write(`${name}\n`, 'utf8'));
  client.on('fd', (fd) => {
    fs.createReadStream(null, { fd }).on('error', (error) => client.destroy(error)).pipe(process.stdout);
  });
  onLine(client, (answer) => {
    if (answer !== 'ok') client.destroy(new Error(`${name}: ${answer}`));
    client.end();
  });
  client.on('error', (error) => {
    console.error(`open-files: ${error.message}`);
    process.exitCode = 1;
  });
}

const [command, ...args] = process.argv.slice(2);
if (command === 'serve') {
  serve(...args);
} else if (command === 'print' && args.length > 0) {
  print(...args);
} else {
  console.error('usage: open-files.js serve [folder] [path], or open-files.js print <name> [path]');
  process.exitCode = 2;
}
