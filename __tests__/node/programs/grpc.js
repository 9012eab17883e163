'use strict';

// grpc-js: in the clear, with TLS, and with certificates on both sides.

const grpc = require('@grpc/grpc-js');
const { promisify } = require('util');
const { BINARY, HOST, TEXT, another, atOnce, codeOf, digest, identities, report, sayBusy } = require('./common');

const AS_IT_IS = (value) => value;

/** The four kinds of method, and one that is never answered; messages are bytes. */
function method(path, requestStream, responseStream) {
  const serializers = ['requestSerialize', 'requestDeserialize', 'responseSerialize', 'responseDeserialize'];
  const given = Object.fromEntries(serializers.map((name) => [name, AS_IT_IS]));
  return { path: `/test.Test/${path}`, requestStream, responseStream, ...given };
}

const SERVICE = {
  echo: method('echo', false, false),
  collect: method('collect', true, false),
  repeat: method('repeat', false, true),
  converse: method('converse', true, true),
  peer: method('peer', false, false),
  never: method('never', false, false),
};

const Client = grpc.makeGenericClientConstructor(SERVICE, 'Test');

const BIG = { 'grpc.max_receive_message_length': 20 << 20 };

const HANDLERS = {
  echo: ({ request }, callback) => callback(null, request),
  collect(call, callback) {
    const chunks = [];
    call.on('data', (chunk) => chunks.push(chunk));
    call.on('end', () => callback(null, Buffer.from(digest(Buffer.concat(chunks)))));
  },
  repeat(call) {
    for (let i = 0; i < 100; i++) call.write(Buffer.from(`${call.request} ${i}`));
    call.end();
  },
  converse(call) {
    call.on('data', (data) => call.write(data));
    call.on('end', () => call.end());
  },
  peer(call, callback) {
    const { subject } = call.getAuthContext().sslPeerCertificate ?? {};
    callback(null, Buffer.from(JSON.stringify({ peer: call.getPeer().replace(/:\d+$/, ''), subject })));
  },
  never: sayBusy,
};

const pair = ({ key, cert }) => [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }];
const { server: own, client: clients, untrusted } = identities;
const CA = Buffer.from(identities.ca);

/** Credentials of server and client by way. */
const WAYS = {
  plain: { server: () => grpc.ServerCredentials.createInsecure(), client: () => grpc.credentials.createInsecure() },
  secure: {
    server: () => grpc.ServerCredentials.createSsl(null, pair(own), false),
    client: () => grpc.credentials.createSsl(CA),
  },
  mutual: {
    server: () => grpc.ServerCredentials.createSsl(CA, pair(own), true),
    client: () => grpc.credentials.createSsl(CA, Buffer.from(clients.key), Buffer.from(clients.cert)),
  },
};

async function start(way, port) {
  const server = new grpc.Server(BIG);
  server.addService(SERVICE, HANDLERS);
  const bound = await promisify(server.bindAsync.bind(server))(`${HOST}:${port}`, WAYS[way].server());
  return { server, address: () => ({ port: bound }) };
}

function connect(port, credentials) {
  return new Client(`${HOST}:${port}`, credentials, {
    ...BIG,
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.default_authority': 'localhost',
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 20,
  });
}

/** The answer of the unary method `name`. */
function ask(client, name, message, options = {}) {
  return new Promise((resolve, reject) => {
    const answer = (error, value) => (error ? reject(error) : resolve(value));
    client[name](Buffer.from(message), new grpc.Metadata(), options, answer);
  });
}

/** The digest that the server has made of BINARY, which is sent in parts. */
function sent(client) {
  return new Promise((resolve, reject) => {
    const call = client.collect((error, value) => (error ? reject(error) : resolve(value.toString())));
    for (let at = 0; at < BINARY.length; at += 1 << 20) call.write(BINARY.subarray(at, at + (1 << 20)));
    call.end();
  });
}

/** All that comes on `call`. */
function received(call) {
  return new Promise((resolve, reject) => {
    const messages = [];
    call.on('data', (message) => messages.push(message.toString()));
    call.on('error', reject);
    call.on('end', () => resolve(messages));
  });
}

async function exercise(way) {
  const { server, address } = await start(way, 0);
  const { port } = address();
  const client = connect(port, WAYS[way].client());
  const text = (await ask(client, 'echo', TEXT)).toString() === TEXT;
  const binary = digest(await ask(client, 'echo', BINARY)) === digest(BINARY);
  const known = JSON.parse(await ask(client, 'peer', ''));
  const streamed = (await sent(client)) === digest(BINARY);
  const repeated = (await received(client.repeat(Buffer.from(TEXT)))).every((message, i) => message === `${TEXT} ${i}`);
  const conversation = client.converse();
  const heard = received(conversation);
  for (let i = 0; i < 100; i++) conversation.write(Buffer.from(`${i}`));
  conversation.end();
  const conversed = (await heard).length === 100;
  const many = await atOnce(200, (i) => ask(client, 'echo', `${i}`));
  const late = await ask(client, 'echo', TEXT, { deadline: Date.now() - 1000 }).catch(codeOf);
  client.close();
  const distrusting = way !== 'plain' && connect(port, grpc.credentials.createSsl(Buffer.from(untrusted.cert)));
  const distrusted = distrusting && (await ask(distrusting, 'echo', TEXT).catch(codeOf));
  if (distrusting) distrusting.close();
  const unknown = way === 'mutual' && connect(port, grpc.credentials.createSsl(CA));
  const dismissed = unknown && (await ask(unknown, 'echo', TEXT).catch(codeOf));
  if (unknown) unknown.close();
  await promisify(server.tryShutdown.bind(server))();

  const doomed = await another(way);
  const lasting = connect(doomed.port, WAYS[way].client());
  await ask(lasting, 'echo', TEXT);
  const waiting = ask(lasting, 'never', TEXT).catch(codeOf);
  await doomed.busy();
  await doomed.kill();
  const killed = await waiting;
  const refused = await ask(lasting, 'echo', TEXT).catch(codeOf);
  const again = await another(way, doomed.port);
  await promisify(lasting.waitForReady.bind(lasting))(Date.now() + 20_000);
  const reconnected = (await ask(lasting, 'echo', TEXT)).toString() === TEXT;
  lasting.close();
  await again.kill();
  return {
    text, binary, peer: known.peer, subject: known.subject?.CN, streamed, repeated, conversed,
    manyAtOnce: many.every((answer, i) => answer.toString() === `${i}`),
    late, distrusted, dismissed, killed, refused, reconnected,
  };
}

report(
  async () => ({ plain: await exercise('plain'), secure: await exercise('secure'), mutual: await exercise('mutual') }),
  Object.fromEntries(Object.keys(WAYS).map((way) => [way, (port) => start(way, port)])),
);
