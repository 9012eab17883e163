'use strict';

// The services of the soak that speak HTTP: each answer is the complement of what was sent, and names its thread.

const http = require('../../http');
const https = require('../../https');
const { complement } = require('./frames');

/**
 * A server of http, or of https with the files of `source` (`read()`, `number()`, `ticketKeys`): the server, the number
 * of its first certificate, and what replaces that.
 */
function webServer(source, { worker, laterBy }, report) {
  const answer = async (request, response) => {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // Its client has gone.
      return;
    }
    if (request.url === '/later') await new Promise((resolve) => setTimeout(resolve, laterBy));
    response.setHeader('x-worker', worker);
    response.end(complement(Buffer.concat(chunks)));
  };
  if (source === null) return { server: http.createServer(answer) };
  const { read, number, ticketKeys } = source;
  const first = number();
  const server = https.createServer({ ...read(), ticketKeys }, answer);
  const reload = () => {
    const next = number();
    server.setSecureContext({ ...read(), ticketKeys });
    report('certificate', { certificate: next });
  };
  return { server, first, reload };
}

module.exports = { webServer };
