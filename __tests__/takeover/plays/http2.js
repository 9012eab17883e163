'use strict';

// Node's http2, in both roles, in the clear and over TLS.

const { readFileSync } = require('fs');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const { setImmediate } = require('timers/promises');
const { HOST, once } = require('./tools');

const cert = readFileSync(process.env.CERT);
const key = readFileSync(process.env.KEY);

const hello = (request, response) => response.end(`hello ${request.url}`);

/** A server and a client of http2 that talk to each other: `[server, session]`. */
async function talk(tools, handler, { isSecure = false, ...options } = {}) {
  const create = isSecure ? http2.createSecureServer : http2.createServer;
  const server = create({ ...(isSecure && { key, cert }), ...options }, handler);
  const port = await tools.listen(server);
  const scheme = isSecure ? 'https' : 'http';
  const session = http2.connect(`${scheme}://${HOST}:${port}`, { ca: cert, servername: 'localhost' });
  tools.atEnd(() => session.destroy());
  return [server, session, port];
}

/** The answer to a request over http2. */
async function ask(session, headers = {}, body) {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined });
  const answered = once(stream, 'response');
  if (body !== undefined) stream.end(body);
  const [{ ':status': status }] = await answered;
  let text = '';
  for await (const data of stream.setEncoding('utf8')) text += data;
  return { status, text };
}

const [DATA, HEADERS, END_STREAM] = [0, 1, 1];

/** Whether `bytes`, which are whole frames, have one of that `type` with these `flags`. */
function hasFrame(bytes, type, flags) {
  for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === type && (bytes[at + 4] & flags) === flags) return true;
  }
  return false;
}

/** `length` bytes that differ from place to place. */
function pattern(length) {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255));
}

/** Reads `stream`, which stops for a turn of the loop at each chunk. Returns whether it got `expected`. */
async function readSlowly(stream, expected) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    await setImmediate();
  }
  return Buffer.concat(chunks).equals(expected);
}

/** An upload of several windows to a server that reads slowly, and answers whether it got all. */
async function pausedUpload(tools, options) {
  const body = pattern(3 << 20);
  const [, session] = await talk(tools, async (request, response) => {
    response.end(JSON.stringify(await readSlowly(request, body)));
  }, options);
  return ask(session, { ':method': 'POST' }, body);
}

/** Notes what happens to `socket`, in order, in the list that is returned. */
function watch(socket) {
  const events = [];
  for (const event of ['end', 'finish', 'timeout']) socket.on(event, () => events.push(event));
  socket.on('error', ({ code, syscall }) => events.push(['error', code, syscall]));
  socket.on('close', (hadError) => events.push(['close', hadError]));
  return events;
}

/** A session over a socket that the play has made itself, and the one that the server has for it. */
async function talkOver(tools, handler) {
  const server = http2.createServer(handler);
  const accepted = once(server, 'connection');
  const socket = net.connect(await tools.listen(server), HOST);
  const session = http2.connect(`http://${HOST}`, { createConnection: () => socket });
  tools.atEnd(() => session.destroy());
  const [theirs] = await accepted;
  return { server, session, socket, theirs };
}

/** What happens to the sockets below a session once it has been used, and `end({ session, socket })` is called. */
async function ending(tools, end) {
  const { session, socket, theirs } = await talkOver(tools, hello);
  const seen = [watch(socket), watch(theirs)];
  await ask(session);
  session.on('error', () => {});
  const closed = bothClosed(socket, theirs);
  end({ session, socket });
  await closed;
  const states = [socket, theirs].map(({ destroyed, readyState, pending }) => [destroyed, readyState, pending]);
  return { seen, states };
}

/** Both have been closed. */
function bothClosed(one, other) {
  return Promise.all([one, other].map((socket) => once(socket, 'close').catch(() => once(socket, 'close'))));
}

module.exports = {
  'a request': async (tools) => {
    const [, session] = await talk(tools, hello);
    return ask(session);
  },

  'a connection whose first bytes were looked at': async (tools) => {
    const inner = http2.createServer(hello);
    const looked = [];
    const outer = net.createServer(function look(socket) {
      const first = socket.read(3);
      if (first === null) return socket.once('readable', () => look(socket));
      looked.push(first.toString());
      socket.unshift(first);
      return inner.emit('connection', socket);
    });
    const session = http2.connect(`http://${HOST}:${await tools.listen(outer)}`);
    tools.atEnd(() => session.destroy());
    return { ...(await ask(session)), looked };
  },

  'over TLS': async (tools) => {
    const [, session] = await talk(tools, hello, { isSecure: true });
    return { ...(await ask(session)), encrypted: session.encrypted, protocol: session.alpnProtocol };
  },

  'addresses of the session': async (tools) => {
    const [, session] = await talk(tools, (request, response) => {
      const { remoteAddress, remoteFamily, encrypted } = request.socket;
      response.end(JSON.stringify({ remoteAddress, remoteFamily, encrypted }));
    }, { isSecure: true });
    const { text } = await ask(session);
    return { text, client: [session.socket.remoteAddress, session.socket.authorized] };
  },

  'many streams at once': async (tools) => {
    const [, session] = await talk(tools, (request, response) => request.pipe(response));
    const sizes = [1, 100, 10_000, 100_000, 1_000_000];
    const answers = await Promise.all(sizes.map((size) => ask(session, { ':method': 'POST' }, 'x'.repeat(size))));
    return answers.map(({ status, text }) => [status, text.length]);
  },

  'many streams at once over TLS': async (tools) => {
    const [, session] = await talk(tools, (request, response) => request.pipe(response), { isSecure: true });
    const sizes = [1, 100, 10_000, 100_000, 1_000_000];
    const answers = await Promise.all(sizes.map((size) => ask(session, { ':method': 'POST' }, 'x'.repeat(size))));
    return answers.map(({ status, text }) => [status, text.length]);
  },

  'an upload whose reader stops now and then': async (tools) => pausedUpload(tools),

  'an upload over TLS whose reader stops now and then': async (tools) => pausedUpload(tools, { isSecure: true }),

  'a download whose reader stops now and then': async (tools) => {
    const body = pattern(3 << 20);
    const [, session] = await talk(tools, (request, response) => response.end(body), { isSecure: true });
    return readSlowly(session.request({ ':path': '/' }), body);
  },

  'a session that is destroyed while it writes': async (tools) => {
    const [, session] = await talk(tools, (request, response) => response.end(Buffer.alloc(1_000_000)));
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await once(stream, 'data');
    const closed = once(session, 'close');
    session.destroy();
    await closed;
    return [session.destroyed, stream.destroyed];
  },

  'what happens to the sockets of a session that is closed': async (tools) =>
    ending(tools, ({ session }) => session.close()),

  'what the sockets of a session have counted': async (tools) => {
    const { session, socket, theirs } = await talkOver(tools, (request, response) => request.pipe(response));
    await ask(session, { ':method': 'POST' }, pattern(100_000).toString('latin1'));
    const isLarge = [socket.bytesRead, socket.bytesWritten, theirs.bytesRead, theirs.bytesWritten].map((n) => n > 1e5);
    const closed = bothClosed(socket, theirs);
    session.close();
    await closed;
    return [isLarge, socket.bytesRead === theirs.bytesWritten, theirs.bytesRead === socket.bytesWritten];
  },

  'the addresses of the sockets of a session': async (tools) => {
    const { session, socket, theirs } = await talkOver(tools, hello);
    await ask(session);
    const { address, port } = theirs.address();
    return [
      [address, port === socket.remotePort, theirs.remotePort === socket.localPort],
      [session.socket.remoteAddress, session.socket.remoteFamily, session.socket.remotePort === port],
      [socket.readyState, theirs.readyState, theirs.connecting, theirs.pending],
    ];
  },

  'a socket that is destroyed below a session': async (tools) => {
    const { server, session, socket, theirs } = await talkOver(tools, () => {});
    const seen = [watch(socket), watch(theirs)];
    for (const one of [session, theirs]) one.on('error', () => {});
    server.on('sessionError', () => {});
    const asked = once(server, 'stream');
    session.request({ ':path': '/' }).on('error', () => {});
    const [stream] = await asked;
    stream.on('error', () => {});
    const closed = bothClosed(socket, theirs);
    theirs.destroy();
    await closed;
    return seen;
  },

  'a peer that resets the connection below a session': async (tools) => {
    const { server, session, socket, theirs } = await talkOver(tools, () => {});
    const seen = watch(theirs);
    const errors = [];
    server.on('sessionError', ({ code }) => errors.push(code));
    session.on('error', () => {});
    const asked = once(server, 'stream');
    session.request({ ':path': '/' }).on('error', () => {});
    const [stream] = await asked;
    stream.on('error', ({ code }) => errors.push(code));
    const closed = bothClosed(socket, theirs);
    socket.resetAndDestroy();
    await closed;
    return { errors, seen };
  },

  'an idle socket below a session': async (tools) => {
    const { session, theirs } = await talkOver(tools, hello);
    await ask(session);
    theirs.setTimeout(20);
    await once(theirs, 'timeout');
    return [theirs.timeout, (await ask(session)).text];
  },

  'a client that ends its side below a session': async (tools) => ending(tools, ({ socket }) => socket.end()),

  'close() of a session waits for its streams': async (tools) => {
    let finish;
    const [server, session] = await talk(tools, (request, response) => (finish = () => response.end('late')));
    const asked = once(server, 'request');
    const answer = ask(session);
    await asked;
    const closed = once(session, 'close');
    session.close();
    finish();
    const { text } = await answer;
    await closed;
    return text;
  },

  'frames that come at once, read behind the first of them': async (tools) => {
    const [, , port] = await talk(tools, (request, response) => response.end('behind the headers'));
    const gathering = net.createServer((near) => {
      const far = net.connect(port, HOST);
      let held = Buffer.alloc(0);
      far.on('data', (data) => {
        held = Buffer.concat([held, data]);
        if (hasFrame(held, HEADERS, 0) && !hasFrame(held, DATA, END_STREAM)) return;
        near.write(held);
        held = Buffer.alloc(0);
      });
      near.on('error', () => {}).on('close', () => far.destroy());
      far.on('error', () => {}).on('close', () => near.destroy());
      near.pipe(far);
    });
    const session = http2.connect(`http://${HOST}:${await tools.listen(gathering)}`);
    tools.atEnd(() => session.destroy());
    return ask(session);
  },

  'a server over TLS that goes away': async (tools) => {
    const server = http2.createSecureServer({ key, cert });
    const asked = once(server, 'stream');
    const port = await tools.listen(server);
    const session = http2.connect(`https://${HOST}:${port}`, { ca: cert, servername: 'localhost' });
    tools.atEnd(() => session.destroy());
    const events = [];
    session.on('error', ({ code }) => events.push(['error of the session', code]));
    session.on('connect', (_, socket) => {
      socket.on('error', ({ code }) => events.push(['error of the socket', code]));
      socket.on('close', (hadError) => events.push(['close of the socket', hadError]));
    });
    const closed = once(session, 'close');
    const request = session.request({ ':path': '/' });
    request.resume();
    const [stream] = await asked;
    stream.respond({ ':status': 200 });
    await once(request, 'response');
    const gone = once(session, 'goaway');
    stream.session.goaway();
    await gone;
    stream.session.close();
    stream.end('the last answer');
    await closed;
    return events;
  },

  'the connection is lost': async (tools) => {
    const [server, session] = await talk(tools, () => {});
    server.on('session', (one) => one.on('error', () => {}));
    const stream = session.request({ ':path': '/' });
    const failed = once(stream, 'error').catch((error) => [error]);
    session.on('error', () => {});
    const [one] = await once(server, 'session');
    await once(server, 'stream');
    one.destroy();
    // It may be a write that finds out: then there is an 'error' before it.
    const closed = once(session, 'close').catch(() => {});
    await Promise.race([failed, closed]);
    return [session.destroyed];
  },

  'allowHTTP1': async (tools) => {
    const server = http2.createSecureServer({ key, cert, allowHTTP1: true }, (request, response) =>
      response.end(request.httpVersion),
    );
    const port = await tools.listen(server);
    const { body } = await tools.ask({ port, ca: cert, servername: 'localhost' }, undefined, https);
    const session = http2.connect(`https://${HOST}:${port}`, { ca: cert, servername: 'localhost' });
    tools.atEnd(() => session.destroy());
    return [body, (await ask(session)).text];
  },

  'a port without a server': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    const session = http2.connect(`http://${HOST}:${port}`);
    const [{ code }] = await once(session, 'error');
    return code;
  },

  'ping and settings': async (tools) => {
    const [, session] = await talk(tools, hello);
    const [settings] = await once(session, 'remoteSettings');
    const pong = await new Promise((resolve) => session.ping((error, _, payload) => resolve(error ?? payload.length)));
    return { pong, streams: settings.maxConcurrentStreams };
  },
};
