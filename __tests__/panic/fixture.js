'use strict';

// An echo server on a binding with faults built in, one client that sets one off, another whose handshake does, and one
// that must not notice. The key and certificate for the handshake come as JSON, as the argument.

const { once } = require('events');
const net = require('net');
const tls = require('tls');
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
  server.once('connection', (stream) => stream.setSecure(JSON.parse(process.argv[2])));
  const shaking = tls.connect({ port, host: '127.0.0.1', servername: 'panic.test' }).on('error', () => {});
  await new Promise((resolve) => shaking.once('close', resolve));
  bystander.write('still here');
  console.log(String((await once(bystander, 'data'))[0]));
  bystander.destroy();
  server.close();
}

main();
