'use strict';

// An application of express, which the script here and the program serve.

const express = require('express');
const { BINARY, TEXT, digest, sayBusy } = require('./common');

module.exports = function application() {
  const app = express();
  app.get('/hello/:name', (request, response) => {
    response.json({ hello: request.params.name, ip: request.ip, secure: request.secure });
  });
  app.post('/digest', express.raw({ limit: '20mb' }), (request, response) => response.send(digest(request.body)));
  app.get('/binary', (request, response) => response.send(BINARY));
  app.get('/chunks', (request, response) => {
    for (let i = 0; i < 100; i++) response.write(`${TEXT}\n`);
    response.end();
  });
  app.get('/gone', (request) => request.socket.destroy());
  app.get('/never', sayBusy);
  return app;
};
