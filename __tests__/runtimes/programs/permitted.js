'use strict';

// A server and a client of ours in Deno: prints what they are not allowed, or `done`. Run as `permitted.js [path]`.

const entries = ['..', '../node', '../tls', '../http', '../https'];
const [net] = entries.map((name) => require(`../../${name}`));

const [place] = process.argv.slice(2);
const refused = (side) => ({ code, message, syscall }) => console.log(side, code, syscall, message);

process.on('uncaughtException', refused('listen'));

const server = net.createServer((stream) => stream.pipe(stream));

server.listen(...(place ? [place] : [0, '127.0.0.1']), () => {
  const address = server.address();
  const client = place ? net.connect(place) : net.connect(address.port, address.address);
  client.on('error', refused('connect'));
  client.on('data', () => console.log('done'));
  client.on('close', () => server.close());
  client.end('hello');
});

if (!place) net.connect(1, '127.0.0.2').on('error', refused('connect'));
