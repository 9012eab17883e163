'use strict';

// What the programs share that are run without rust-net/register and with it, and have to print the same.

const { once } = require('events');
// `NET`: the module to use instead, without rust-net/register.
const net = require(process.env.NET ?? 'net');

/** Whether the sockets and servers of this process should be ours. */
const IS_OURS = process.env.OURS === '1';

/** Throws unless `object` is of the class that the run is about: ours has members that Node's has not. */
function check(object) {
  const isOurs = typeof (object.setSecure ?? object.listenFD) === 'function';
  if (isOurs !== IS_OURS) throw new Error(`${object.constructor.name} is ${isOurs ? 'ours' : "Node's"}`);
  return object;
}

/** All that comes from `place`, where a server ends its connections; `text` is sent. */
async function ask(place, text = '') {
  const socket = net.connect(place);
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk));
  socket.end(text);
  await once(socket, 'close');
  return answer;
}

/** All of `error` that a program can see. */
function describe(error) {
  const { name, message: text, code, errno, syscall, address, port } = error;
  return { name, text, code, errno, syscall, address, port };
}

function print(value) {
  process.stdout.write(JSON.stringify(value));
}

module.exports = { ask, check, describe, net, print };
