'use strict';

// express with http.createServer and https.createServer.

const http = require('http');
const https = require('https');
const application = require('../packages/express-application');
const { listening, report } = require('./common');
const { bothWays } = require('./http');

function start(credentials, port) {
  const app = application();
  return listening(credentials ? https.createServer(credentials, app) : http.createServer(app), port);
}

const { run, serve } = bothWays(start);

report(run, serve);
