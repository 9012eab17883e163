'use strict';

// mongodb and a small server of its protocol, OP_MSG, in the clear and over TLS: insert, find with a cursor, ping.

const { BSON, MongoClient } = require('mongodb');
const net = require('net');
const tls = require('tls');
const { BINARY, HOST, TEXT, another, atOnce, closed, codeOf, digest, identities, listening, report, sayBusy } = require('./common');

const OP_QUERY = 2004;
const OP_REPLY = 1;
const OP_MSG = 2013;

const ABOUT = {
  isWritablePrimary: true, ismaster: true, maxBsonObjectSize: 48 << 20, maxMessageSizeBytes: 48 << 20,
  maxWriteBatchSize: 100_000, minWireVersion: 0, maxWireVersion: 21, readOnly: false, ok: 1,
};

/** The documents of a collection that is everybody's. */
const documents = [];

const COMMANDS = {
  hello: () => ABOUT,
  ismaster: () => ABOUT,
  ping: () => ({ ok: 1 }),
  endSessions: () => ({ ok: 1 }),
  insert({ documents: added }) {
    documents.push(...added);
    return { n: added.length, ok: 1 };
  },
  find({ filter, batchSize = 101 }) {
    const [[key, value]] = Object.entries(filter);
    const found = documents.filter((document) => document[key] === value);
    return { cursor: { id: BSON.Long.ZERO, ns: 'test.items', firstBatch: found.slice(0, batchSize) }, ok: 1 };
  },
  gone: (_, stream) => stream.destroy() && undefined,
  never: () => void sayBusy(),
};

function reply(stream, requestId, opCode, head, document) {
  const body = BSON.serialize(document);
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + head.length + body.length, 0);
  header.writeInt32LE(requestId, 8);
  header.writeInt32LE(opCode, 12);
  stream.write(Buffer.concat([header, head, body]));
}

/** A request of OP_MSG: its document, with those of the sections that follow. */
function parse(message) {
  const request = {};
  for (let at = 20; at < message.length;) {
    const kind = message[at++];
    const size = message.readInt32LE(at);
    const section = message.subarray(at, at + size);
    at += size;
    if (kind === 0) {
      Object.assign(request, BSON.deserialize(section, { promoteBuffers: true }));
      continue;
    }
    const name = section.subarray(4, section.indexOf(0, 4)).toString();
    request[name] = [];
    for (let next = 5 + name.length; next < size; next += section.readInt32LE(next)) {
      const document = section.subarray(next, next + section.readInt32LE(next));
      request[name].push(BSON.deserialize(document, { promoteBuffers: true }));
    }
  }
  return request;
}

function answer(stream, message) {
  const [requestId, opCode] = [message.readInt32LE(4), message.readInt32LE(12)];
  // The first question may be in an older form.
  if (opCode === OP_QUERY) {
    const head = Buffer.alloc(20);
    head.writeInt32LE(1, 16);
    reply(stream, requestId, OP_REPLY, head, ABOUT);
    return;
  }
  const request = parse(message);
  const document = COMMANDS[Object.keys(request)[0]](request, stream);
  if (document) reply(stream, requestId, OP_MSG, Buffer.alloc(5), document);
}

function serve(stream) {
  let chunks = [];
  let length = 0;
  stream.on('error', () => {});
  stream.on('data', (data) => {
    chunks.push(data);
    length += data.length;
    while (length >= 4) {
      if (chunks[0].length < 4) chunks = [Buffer.concat(chunks)];
      const size = chunks[0].readInt32LE(0);
      if (length < size) return;
      const all = Buffer.concat(chunks);
      answer(stream, all.subarray(0, size));
      chunks = [all.subarray(size)];
      length -= size;
    }
  });
}

function start(credentials, port) {
  return listening(credentials ? tls.createServer(credentials, serve) : net.createServer(serve), port);
}

async function exercise(credentials) {
  const isSecure = credentials !== undefined;
  const open = (port, options) => {
    const secured = isSecure && { tls: true, servername: 'localhost', ...options };
    const patience = { serverSelectionTimeoutMS: 3000, maxPoolSize: 10 };
    return new MongoClient(`mongodb://${HOST}:${port}/?directConnection=true`, { ...patience, ...secured }).connect();
  };
  documents.length = 0;
  const server = await start(credentials, 0);
  const { port } = server.address();
  const client = await open(port);
  const items = client.db('test').collection('items');
  await items.insertOne({ name: TEXT, data: BINARY });
  const { data } = await items.findOne({ name: TEXT });
  await items.insertMany(Array.from({ length: 100 }, (_, i) => ({ i })));
  const many = await atOnce(100, (i) => items.findOne({ i }));
  const { ok } = await client.db('test').command({ ping: 1 });
  const gone = await client.db('test').command({ gone: 1 }).catch(({ name }) => name);
  await client.close();
  const untrusting = { ca: identities.untrusted.cert, serverSelectionTimeoutMS: 100 };
  const distrusted = isSecure && (await open(port, untrusting).catch(codeOf));
  await closed(server);

  const kind = isSecure ? 'secure' : 'plain';
  const doomed = await another(kind);
  const lasting = await open(doomed.port);
  const command = (name) => lasting.db('test').command({ [name]: 1 });
  await command('ping');
  const waiting = command('never').catch(({ name }) => name);
  await doomed.busy();
  await doomed.kill();
  const killed = await waiting;
  const again = await another(kind, doomed.port);
  const reconnected = (await command('ping')).ok;
  await lasting.close();
  await again.kill();
  return {
    binary: digest(data.buffer) === digest(BINARY),
    manyAtOnce: many.every((item, i) => item.i === i),
    ok,
    gone,
    ...(isSecure && { distrusted }),
    killed,
    reconnected,
  };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }), {
  plain: (port) => start(undefined, port),
  secure: (port) => start(identities.server, port),
});
