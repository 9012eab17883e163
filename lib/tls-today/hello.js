'use strict';

// A server's questions to the program while the handshake waits: which context for the name that a client asks for.

const { kSecurity, kTransport } = require('../symbols');
const errors = require('./errors');
const { wireProtocols } = require('./protocols');
const { kNative } = require('./symbols');

/** A client has asked for the server `name`: `SNICallback` chooses. */
function askForContext(socket, name) {
  if (socket.destroyed) return;
  const security = socket[kSecurity];
  socket.servername = name;
  let isAnswered = false;
  const answer = (error, context) => {
    if (isAnswered) {
      socket.destroy(errors.multipleCallback());
      return;
    }
    isAnswered = true;
    if (error) {
      socket.destroy(error);
      return;
    }
    if (socket.destroyed || socket[kSecurity] !== security) return;
    socket[kTransport].answerName(context ? nativeOf(socket, context) : undefined);
  };
  try {
    socket._SNICallback(name, answer);
  } catch (error) {
    socket.destroy(error);
  }
}

/** The engine's credentials for `context`, with what the connection has of its own. */
function nativeOf(socket, context) {
  const { ALPNProtocols } = socket._tlsOptions;
  const alpn = ALPNProtocols ? wireProtocols(ALPNProtocols) : [];
  return context[kNative]({ isServer: true, requestCert: socket._requestCert, alpn });
}

module.exports = { askForContext };
