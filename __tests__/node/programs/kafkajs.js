'use strict';

// kafkajs and a small server of Kafka's protocol, in the clear and over TLS: who is there, which topics there are, and
// the list of them made longer.

const { Kafka, logLevel } = require('kafkajs');
const net = require('net');
const tls = require('tls');
const { HOST, atOnce, closed, codeOf, identities, listening, report } = require('./common');

const int16 = (value) => Buffer.from([value >> 8, value & 255]);
const int32 = (value) => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
const string = (text) => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);
const array = (items) => Buffer.concat([int32(items.length), ...items]);

const NO_RACK = int16(-1);

const [METADATA, API_VERSIONS, CREATE_TOPICS] = [3, 18, 19];

/** The one version of each that the server knows. */
const VERSIONS = { [METADATA]: 1, [API_VERSIONS]: 0, [CREATE_TOPICS]: 0 };

const ranges = Object.entries(VERSIONS).map(([key, version]) => Buffer.concat([key, version, version].map(int16)));

/** The answers, without the id of the request. */
const ANSWERS = {
  [API_VERSIONS]: () => Buffer.concat([int16(0), array(ranges)]),
  [METADATA](topics, port) {
    const brokers = array([Buffer.concat([int32(1), string(HOST), int32(port), NO_RACK])]);
    const partitions = array([Buffer.concat([int16(0), int32(0), int32(1), array([int32(1)]), array([int32(1)])])]);
    const known = [...topics].map((name) => Buffer.concat([int16(0), string(name), Buffer.of(0), partitions]));
    return Buffer.concat([brokers, int32(1), array(known)]);
  },
  [CREATE_TOPICS](topics, port, body) {
    const name = body.subarray(6, 6 + body.readInt16BE(4)).toString();
    topics.add(name);
    return array([Buffer.concat([string(name), int16(0)])]);
  },
};

function serve(stream, topics, port) {
  let received = Buffer.alloc(0);
  stream.on('error', () => {});
  stream.on('data', (data) => {
    received = Buffer.concat([received, data]);
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const request = received.subarray(4, 4 + received.readInt32BE(0));
      received = received.subarray(4 + request.length);
      const body = request.subarray(10 + Math.max(0, request.readInt16BE(8)));
      const answer = ANSWERS[request.readInt16BE(0)](topics, port, body);
      stream.write(Buffer.concat([int32(4 + answer.length), request.subarray(4, 8), answer]));
    }
  });
}

async function exercise(credentials) {
  const topics = new Set(['first']);
  const accept = (stream) => serve(stream, topics, server.address().port);
  const server = credentials ? tls.createServer(credentials, accept) : net.createServer(accept);
  await listening(server);
  const { port } = server.address();

  function open(options) {
    const ssl = credentials && { servername: 'localhost', ...options };
    const place = { clientId: 'client', brokers: [`${HOST}:${port}`], ssl, logLevel: logLevel.NOTHING };
    return new Kafka({ ...place, retry: { retries: 0 } }).admin();
  }

  async function once(work) {
    const admin = open();
    await admin.connect();
    const outcome = await work(admin);
    await admin.disconnect();
    return outcome;
  }

  const before = await once((admin) => admin.listTopics());
  const many = await atOnce(10, (i) => once((admin) => {
    return admin.createTopics({ topics: [{ topic: `topic ${i}` }], waitForLeaders: false });
  }));
  const after = await once((admin) => admin.listTopics());
  const distrusted = credentials && (await open({ ca: identities.untrusted.cert }).connect().catch(codeOf));
  await closed(server);
  const refused = await open().connect().catch(codeOf);
  return { before, created: many.every(Boolean), after: after.length, ...(credentials && { distrusted }), refused };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }));
