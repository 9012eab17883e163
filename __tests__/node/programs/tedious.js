'use strict';

// tedious and a small server of TDS: with TLS whose handshake is wrapped in packets of TDS (so that it goes over a
// Duplex on both sides), and with TLS below all, as TDS 8.0 has it. Batches of SQL are answered with their length.

const net = require('net');
const { Duplex } = require('stream');
const { Connection, Request } = require('tedious');
const tls = require('tls');
const { HOST, TEXT, atOnce, closed, codeOf, event, identities, listening, report } = require('./common');

const [SQL_BATCH, RESULT, LOGIN, PRELOGIN] = [1, 4, 16, 18];

const END_OF_MESSAGE = 1;

function packet(type, body) {
  const head = Buffer.from([type, END_OF_MESSAGE, 0, 0, 0, 0, 1, 0]);
  head.writeUInt16BE(head.length + body.length, 2);
  return Buffer.concat([head, body]);
}

/** The end of an answer, about `count` rows. */
function done(count) {
  const token = Buffer.alloc(13);
  token.writeUInt8(0xFD, 0);
  token.writeUInt16LE(0x10, 1);
  token.writeUInt32LE(count, 5);
  return token;
}

/** Version 16.0, and that encryption is wanted. */
const ABOUT = Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 16, 0, 0, 0, 0, 0, 1]);

/** That the login is accepted, for TDS 7.4. */
function accepted() {
  const name = Buffer.concat([Buffer.of(4), Buffer.from('Test', 'utf16le')]);
  const body = Buffer.concat([Buffer.of(1, 0x74, 0, 0, 4), name, Buffer.of(16, 0, 0, 0)]);
  return Buffer.concat([Buffer.of(0xAD, body.length, 0), body]);
}

/** The packets of TDS in what `stream` receives go to `take(type, body)`, whole messages of them. */
function messages(stream, take) {
  let received = Buffer.alloc(0);
  let parts = [];
  stream.on('error', () => {});
  stream.on('data', (data) => {
    received = Buffer.concat([received, data]);
    while (received.length >= 8 && received.length >= received.readUInt16BE(2)) {
      const whole = received.subarray(0, received.readUInt16BE(2));
      received = received.subarray(whole.length);
      parts.push(whole.subarray(8));
      if ((whole[1] & END_OF_MESSAGE) === 0) continue;
      const body = Buffer.concat(parts);
      parts = [];
      take(whole[0], body);
    }
  });
}

/** What carries TLS over `socket`: the handshake in packets of PRELOGIN, one for each flight, and then as it is. */
class Carrier extends Duplex {
  #socket;
  #flight = [];
  #isWrapping = true;

  constructor(socket) {
    super();
    this.#socket = socket;
    socket.on('data', (data) => {
      // After the handshake, what comes is a record of TLS.
      this.#isWrapping &&= data[0] === PRELOGIN;
      this.push(this.#isWrapping ? data.subarray(8) : data);
    });
    socket.on('close', () => this.destroy());
  }

  _read() {}

  _write(chunk, encoding, callback) {
    if (!this.#isWrapping) {
      this.#socket.write(chunk, callback);
      return;
    }
    if (this.#flight.push(chunk) === 1) {
      setImmediate(() => {
        this.#socket.write(packet(PRELOGIN, Buffer.concat(this.#flight)));
        this.#flight = [];
      });
    }
    callback();
  }

  _destroy(error, callback) {
    this.#socket.destroy();
    callback(error);
  }
}

function serve(stream) {
  messages(stream, (type, body) => {
    if (type === PRELOGIN) stream.write(packet(RESULT, ABOUT));
    else if (type === LOGIN) stream.write(packet(RESULT, Buffer.concat([accepted(), done(0)])));
    else if (type === SQL_BATCH) {
      // After the headers, whose length comes first.
      const text = body.subarray(body.readUInt32LE(0)).toString('utf16le');
      if (text === 'gone') stream.destroy();
      else stream.write(packet(RESULT, done(text.length)));
    }
  });
}

/** The first message is in the clear, the second begins the handshake. */
function serveWrapped(socket) {
  socket.on('error', () => {});
  socket.once('data', () => {
    serve(new tls.TLSSocket(new Carrier(socket), { isServer: true, ...identities.server }));
    socket.write(packet(RESULT, ABOUT));
  });
}

const WAYS = {
  wrapped: { create: () => net.createServer(serveWrapped), encrypt: true },
  strict: {
    create: () => tls.createServer({ ...identities.server, ALPNProtocols: ['tds/8.0'] }, serve),
    encrypt: 'strict',
  },
};

/** A client that is connected. */
async function open(port, encrypt, ca = identities.ca) {
  const client = new Connection({
    server: HOST,
    authentication: { type: 'default', options: { userName: 'you', password: TEXT } },
    options: { port, encrypt, serverName: 'localhost', cryptoCredentialsDetails: { ca }, connectTimeout: 10_000 },
  });
  client.on('error', () => {});
  await new Promise((resolve, reject) => client.connect((error) => (error ? reject(error) : resolve())));
  return client;
}

/** How many rows `client` has been told of. */
function ask(client, text) {
  return new Promise((resolve, reject) => {
    client.execSqlBatch(new Request(text, (error, count) => (error ? reject(error) : resolve(count))));
  });
}

/** The code of what has failed first. */
function firstCode(error) {
  const earlier = error.cause ?? error.errors?.[0];
  return earlier ? firstCode(earlier) : codeOf(error);
}

async function exercise({ create, encrypt }) {
  const server = await listening(create());
  const { port } = server.address();
  const client = await open(port, encrypt);
  const long = TEXT.repeat(20_000);
  const posted = (await ask(client, long)) === long.length;
  const many = await atOnce(10, async (i) => {
    const one = await open(port, encrypt);
    const count = await ask(one, 'x'.repeat(i));
    one.close();
    await event(one, 'end');
    return count === i;
  });
  const gone = await ask(client, 'gone').catch(codeOf);
  client.close();
  const distrusted = await open(port, encrypt, identities.untrusted.cert).catch(firstCode);
  await closed(server);
  const refused = await open(port, encrypt).catch(firstCode);
  return { posted, manyAtOnce: many.every(Boolean), gone, distrusted, refused };
}

report(async () => ({ wrapped: await exercise(WAYS.wrapped), strict: await exercise(WAYS.strict) }));
