'use strict';

// koa with http.createServer and https.createServer.

const http = require('http');
const https = require('https');
const Koa = require('koa');
const { Readable } = require('stream');
const { BINARY, TEXT, collect, digest, listening, report, sayBusy } = require('./common');
const { bothWays } = require('./http');

const ROUTES = {
  '/digest': async (context) => {
    context.body = digest(await collect(context.req));
  },
  '/binary': (context) => {
    context.body = BINARY;
  },
  '/chunks': (context) => {
    context.body = Readable.from(Array.from({ length: 100 }, () => `${TEXT}\n`), { objectMode: false });
  },
  '/gone': (context) => {
    context.respond = false;
    context.socket.destroy();
  },
  '/never': (context) => {
    context.respond = false;
    sayBusy();
  },
};

function application() {
  const app = new Koa();
  app.use((context) => {
    const [, name] = /^\/hello\/(.*)/.exec(context.path) ?? [];
    if (name === undefined) return ROUTES[context.path]?.(context);
    context.body = { hello: decodeURIComponent(name), ip: context.ip, secure: context.secure };
    return undefined;
  });
  return app;
}

function start(credentials, port) {
  const handler = application().callback();
  return listening(credentials ? https.createServer(credentials, handler) : http.createServer(handler), port);
}

const { run, serve } = bothWays(start);

report(run, serve);
