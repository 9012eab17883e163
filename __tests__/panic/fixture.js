'use strict';

// An echo server on a binding with a fault built in, one client that sets it off, and one that must not notice.

const { once } = require('events');
const net = require('net');
const ours = require('../..');

async function main() {
  const server = ours.createServer((stream) => {
    stream.on('data', (data) => stream.write(data));
    stream.on('error', (error) => console.log(`error ${error.code}`));
    stream.on('close', (hadError) => console.log(`close ${hadError}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const [bystander, victim] = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
  await Promise.all([once(bystander, 'connect'), once(victim, 'connect')]);
  victim.write('rust-net: panic, please');
  await once(victim.resume(), 'close');
  bystander.write('still here');
  console.log(String((await once(bystander, 'data'))[0]));
  bystander.destroy();
  server.close();
}

main();
