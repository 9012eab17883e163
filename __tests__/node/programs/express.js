'use strict';

// express with http.createServer and https.createServer.

const express = require('express');
const http = require('http');
const https = require('https');
const { BINARY, TEXT, digest, listening, report, sayBusy } = require('./common');
const { bothWays } = require('./http');

function application() {
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
}

function start(credentials, port) {
  const app = application();
  return listening(credentials ? https.createServer(credentials, app) : http.createServer(app), port);
}

const { run, serve } = bothWays(start);

report(run, serve);
