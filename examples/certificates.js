'use strict';

// A TLS server that takes a new certificate while it runs. Its clients get one line, and the certificate of the moment.
//
//   openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out cert.pem \
//     -subj /CN=localhost -addext subjectAltName=DNS:localhost
//   node examples/certificates.js key.pem cert.pem [port]        (default 8128; with 0, the system chooses one)
//   openssl s_client -connect localhost:8128 -CAfile cert.pem -verify_return_error -quiet
//
// Make the files once more, and the next client is shown the new certificate. Connections that are open keep theirs.

const net = require('..'); // require('rust-net') in a project of your own

const DAY = 24 * 60 * 60 * 1000;
/** A certificate that expires so soon should have been renewed, in milliseconds. */
const RENEWED_BEFORE = 14 * DAY;

const [keyFile, certFile, port = 8128] = process.argv.slice(2);
if (certFile === undefined) {
  console.error('usage: certificates.js <key file> <certificate file> [port]');
  process.exit(2);
}

const credentials = net.createCredentials({ keyFile, certFile, watch: { interval: 500 }, handshakeTimeout: 10_000 });

/** What an alarm would look at. */
function report() {
  const { expires } = credentials;
  console.log(`certificates: valid until ${expires.toISOString()}`);
  if (expires - Date.now() < RENEWED_BEFORE) console.error('certificates: this one has to be renewed');
}

credentials.on('replaced', report);
// Files that do not fit each other, as between two writes: those in use stay, and the next change is looked at.
credentials.on('error', ({ message }) => console.error(`certificates: not replaced: ${message}`));

const server = net.createServer((stream) => {
  stream.setSecure(credentials);
  stream.on('secure', () => stream.end('hello\n'));
  // A failed handshake concerns its client alone.
  stream.on('error', () => {});
});

server.on('error', (error) => {
  console.error(`certificates: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, 'localhost', () => {
  console.log(`certificates: listening on localhost:${server.address().port}`);
  report();
});

// A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    credentials.unwatch();
    if (server.listening) server.close();
  });
}
