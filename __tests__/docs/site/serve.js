'use strict';

// A web server for the files of a folder, on the loopback interface.

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const path = require('path');

const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', json: 'application/json' };

/** Serves `folder`, and returns the server and its origin. */
async function serve(folder) {
  const server = http.createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const file = path.join(folder, decodeURIComponent(pathname), pathname.endsWith('/') ? 'index.html' : '');
    fs.readFile(file, (error, data) => {
      const type = TYPES[path.extname(file).slice(1)] ?? 'application/octet-stream';
      response.writeHead(error ? 404 : 200, { 'content-type': type }).end(data);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

module.exports = { serve };
