'use strict';

// What the plays share. Each play is `async (tools) => what it has seen`, which is compared with what it sees without
// rust-net/register.

const { once } = require('events');
const http = require('http');
const net = require('net');

const HOST = '127.0.0.1';

class Tools {
  #cleanups = [];

  atEnd(cleanup) {
    this.#cleanups.push(cleanup);
  }

  async end() {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }

  /** Has `server` listen. Returns its port. */
  async listen(server, ...args) {
    server.listen(...(args.length > 0 ? args : [0, HOST]));
    await once(server, 'listening');
    this.atEnd(() => {
      if (server.listening) server.close();
      server.closeAllConnections?.();
    });
    return server.address()?.port;
  }

  /** A server of http that listens: `[server, port]`. */
  async serve(options, handler) {
    const server = typeof options === 'function' ? http.createServer(options) : http.createServer(options, handler);
    return [server, await this.listen(server)];
  }

  agent(options) {
    const agent = new http.Agent(options);
    this.atEnd(() => agent.destroy());
    return agent;
  }

  /** The answer to a request: `{ status, headers, body, trailers }`, or `{ error }`. */
  async ask(options, body, module = http) {
    const request = module.request({ host: HOST, agent: false, ...options });
    const answered = once(request, 'response').catch((error) => [{ error }]);
    request.end(body);
    const [response] = await answered;
    if (response.error) return { error: response.error.code };
    return this.readAll(response);
  }

  async readAll(response) {
    let body = '';
    response.setEncoding('utf8');
    try {
      for await (const text of response) body += text;
    } catch ({ code }) {
      return { status: response.statusCode, body, error: code };
    }
    const { statusCode: status, headers, trailers } = response;
    delete headers.date;
    return { status, headers, body, trailers };
  }

  /** All that a server sends to a client that sends `text`. `halfOpen`: it ends its side at once. */
  async raw(port, text, { halfOpen = false } = {}) {
    const socket = net.connect({ port, host: HOST, allowHalfOpen: true });
    this.atEnd(() => socket.destroy());
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (data) => (received += data));
    let failure;
    socket.on('error', ({ code }) => (failure = code));
    if (halfOpen) socket.end(text);
    else socket.write(text);
    await new Promise((resolve) => socket.on('end', resolve).on('close', resolve));
    return { received: received.replace(/Date: .*\r\n/g, ''), failure };
  }

  /** The names of the events of `emitter`, as they come. */
  trace(emitter, ...names) {
    const seen = [];
    for (const name of names) emitter.on(name, () => seen.push(name));
    return seen;
  }
}

module.exports = { HOST, Tools, once };
