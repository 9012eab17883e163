'use strict';

// Prints the context of AsyncLocalStorage that the events of a client and of an accepted stream have.

const { AsyncLocalStorage } = require('async_hooks');
const net = require('../../..');

const storage = new AsyncLocalStorage();
const show = (name) => console.log(name, storage.getStore());

const server = net.createServer((stream) => {
  show('accepted');
  stream.on('data', () => {
    show('accepted data');
    stream.end('hello');
  });
});

server.listen(0, '127.0.0.1', () => {
  storage.run('client', () => {
    const client = net.connect(server.address().port, '127.0.0.1', () => {
      show('connect');
      client.write('hello');
    });
    client.on('data', () => show('data'));
    client.on('close', () => {
      show('close');
      server.close();
    });
  });
});
