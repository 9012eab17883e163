'use strict';

// What each thread of the soak's servers runs: answers requests (`frames.js`), in the clear or over TLS, and dies when
// it is told to.

const { BroadcastChannel, threadId } = require('worker_threads');
const fs = require('fs');
const path = require('path');
const net = require('../..');
const { ANSWER, BYE, Frames, HELLO, LATER, REQUEST, complement, frame, head } = require('./frames');
const { webServer } = require('./web-handler');

/** How long a request of the type LATER waits for its answer, in milliseconds. */
const LATER_BY = 60;

/** How often a watched certificate is looked at, in milliseconds. */
const INTERVAL = 100;

exports.createServer = ({ index, workerData }) => {
  const { service, generation, folder, watches, ticketKeys, isWeb } = workerData;
  const channel = new BroadcastChannel('soak');
  channel.unref();
  const report = (type, details) => channel.postMessage({ type, service, index, threadId, ...details });
  const source = folder === undefined ? null : sourceIn({ folder, watches, ticketKeys });
  const worker = `${process.pid}.${threadId}`;
  const { server, ...secured } = isWeb
    ? webServer(source, { worker, laterBy: LATER_BY }, report)
    : frameServer(source, { worker, service, generation }, report);
  channel.onmessage = ({ data: { type, to, how } }) => {
    if (type === 'reload') secured.reload?.();
    if (type === 'die' && to === `${service}.${index}`) die(how, server, report);
  };
  report('up', { certificate: secured.first });
  return server;
};

/** The key and the certificate in `folder`, and the number of that. */
function sourceIn({ folder, watches, ticketKeys }) {
  const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  return {
    watched: watches ? { keyFile, certFile, watch: { interval: INTERVAL } } : null,
    read: () => ({ key: fs.readFileSync(keyFile), cert: fs.readFileSync(certFile) }),
    number: () => Number(fs.readFileSync(path.join(folder, 'number'), 'utf8')),
    ticketKeys: Buffer.from(ticketKeys, 'latin1'),
  };
}

/** A server of frames, with the number of its first certificate, and what replaces that. */
function frameServer(source, hello, report) {
  const secured = source === null ? null : certified(source, report);
  const server = net.createServer({ proxyProtocol: 'accept' }, (stream) => {
    if (secured !== null) stream.setSecure(secured.credentials);
    answer(stream, hello);
  });
  return { server, first: secured?.first, reload: secured?.reload };
}

/** The credentials from `source`, and what replaces them; `first` is the number of their first certificate. */
function certified({ watched, read, number, ticketKeys }, report) {
  const first = number();
  const credentials = net.createCredentials({ ...(watched ?? read()), ticketKeys });
  if (watched !== null) credentials.on('replaced', () => report('certificate', { certificate: number() }));
  credentials.on('error', ({ message }) => report('complaint', { message: `certificate: ${message}` }));
  const reload = () => {
    if (watched !== null) return;
    const next = number();
    credentials.replace(read());
    report('certificate', { certificate: next });
  };
  return { credentials, first, reload };
}

function answer(stream, hello) {
  const { remoteAddress, remotePort, proxy } = stream;
  stream.on('error', () => {});
  const send = (bytes) => {
    if (!stream.write(bytes)) stream.pause();
  };
  stream.on('drain', () => stream.resume());
  const later = [];
  // An answer of which the rest is not there yet, and a BYE that waits for its end.
  let [isWithin, isByeDue] = [false, false];
  const frames = new Frames(({ type, number, length }) => {
    if (type === LATER) {
      later.length = 0;
    } else {
      send(head(ANSWER, number, length));
      isWithin = true;
    }
  }, ({ type, number, length }, bytes, offset) => {
    const isWhole = offset + bytes.length === length;
    if (type === REQUEST) {
      send(complement(bytes));
      isWithin = !isWhole;
      if (isWhole && isByeDue) send(head(BYE, 0, 0));
      isByeDue &&= !isWhole;
      return;
    }
    later.push(complement(bytes));
    if (!isWhole) return;
    const whole = Buffer.concat(later);
    setTimeout(() => stream.writable && send(frame(ANSWER, number, whole)), LATER_BY);
  });
  stream.on('data', (chunk) => frames.push(chunk));
  stream.on('shutdown', () => {
    isByeDue = isWithin;
    if (!isByeDue) send(head(BYE, 0, 0));
  });
  const text = JSON.stringify({ ...hello, remoteAddress, remotePort, version: proxy?.version ?? 0 });
  stream.write(frame(HELLO, 0, Buffer.from(text)));
}

function die(how, server, report) {
  if (how === 'exit') process.exit(3);
  if (how === 'throw') setImmediate(() => { throw new Error('killed on purpose'); });
  if (how !== 'drain') return;
  server.shutdown({ grace: 20_000 }).then(({ destroyed }) => {
    if (destroyed > 0) report('complaint', { message: `a drained thread has destroyed ${destroyed} connections` });
    // After the report.
    setImmediate(() => process.exit(0));
  });
}
