'use strict';

// A server's questions to the program while the handshake waits: which context for the name that a client asks for.

const { functions: nodes } = require('../nodes-tls');
const { kSecurity, kTransport } = require('../symbols');
const { contextOf } = require('./context');
const errors = require('./errors');
const { wireProtocols } = require('./protocols');
const { kIsNative, kNative, kNeedsNodes } = require('./symbols');

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
    if (!context) {
      socket[kTransport].answerName(undefined);
      return;
    }
    const native = nativeOf(socket, context);
    if (native === undefined) socket.destroy(errors.invalidSniContext());
    else if (native === null) leaveToNodes(socket);
    else socket[kTransport].answerName(native);
  };
  try {
    socket._SNICallback(name, answer);
  } catch (error) {
    socket.destroy(error);
  }
}

/**
 * The engine's credentials for `context`, with what the connection has of its own; null if it can't use that,
 * undefined if it is no context.
 */
function nativeOf(socket, given) {
  const context = contextOf(given);
  if (context === undefined && !isNodes(given)) return undefined;
  if (!context?.[kIsNative]) return null;
  const { ALPNProtocols } = socket._tlsOptions;
  const alpn = ALPNProtocols ? wireProtocols(ALPNProtocols) : [];
  return context[kNative]({ isServer: true, requestCert: socket._requestCert, alpn });
}

/** Whether `context` is one of Node's own, or OpenSSL's part of it. */
function isNodes(context) {
  return context instanceof nodes.SecureContext || typeof context?.setCert === 'function';
}

/**
 * The context that the program has chosen needs OpenSSL. This handshake has begun without it and can't go on. Later
 * ones of the same server will be OpenSSL's from the start.
 */
function leaveToNodes(socket) {
  const { server } = socket._tlsOptions;
  if (server) server[kNeedsNodes] = 'SNICallback has chosen a context that needs OpenSSL';
  socket.destroy(errors.invalidContext());
}

module.exports = { askForContext };
