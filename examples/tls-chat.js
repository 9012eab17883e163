'use strict';

// A chat like examples/chat.js, over TLS. A participant with a certificate of a trusted authority has the name in the
// certificate. All others choose a name, which is shown after a `~`.
//
//   openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out cert.pem \
//     -subj /CN=localhost -addext subjectAltName=DNS:localhost
//   node examples/tls-chat.js key.pem cert.pem [port] [authorities.pem]        (default 8127; with 0, any)
//   openssl s_client -connect localhost:8127 -CAfile cert.pem -verify_return_error -quiet [-key k.pem -cert c.pem]

const fs = require('fs');
const net = require('..'); // require('rust-net') in a project of your own
const { Room } = require('./room');

const [keyFile, certFile, port = 8127, authoritiesFile] = process.argv.slice(2);
if (certFile === undefined) {
  console.error('usage: tls-chat.js <key file> <certificate file> [port] [file of authorities]');
  process.exit(2);
}

/** With trusted authorities, the server asks clients for a certificate. */
const credentials = net.createCredentials({
  key: fs.readFileSync(keyFile),
  cert: fs.readFileSync(certFile),
  ca: authoritiesFile === undefined ? undefined : fs.readFileSync(authoritiesFile),
  handshakeTimeout: 10_000,
});

/** The name in the client's certificate, if that is trusted. Handshakes do not fail without one. */
function certifiedName(stream) {
  if (!stream.verifyPeer()) return undefined;
  const { CN } = stream.getPeerX509Certificate().toLegacyObject().subject;
  return typeof CN === 'string' ? CN : undefined;
}

const room = new Room();
const server = net.createServer((stream) => {
  stream.setSecure(credentials);
  stream.on('secure', () => {
    const name = certifiedName(stream);
    if (name === undefined) room.ask(stream, (said) => `~${said}`);
    else room.welcome(stream, name);
  });
  // A failed handshake adds no participant. For a participant, an error is just another way to leave: 'close' follows.
  stream.on('error', () => {});
});

server.on('error', (error) => {
  console.error(`tls-chat: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, 'localhost', () => console.log(`tls-chat: listening on localhost:${server.address().port}`));

// A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    if (server.listening) server.close();
    room.close();
  });
}
