'use strict';

// A server's questions to the program while the handshake waits, in Node's order: which session the client wants to
// resume ('resumeSession'), which context is for the name that it asks for (`SNICallback`), what is to be stapled to
// the certificate ('OCSPRequest'), and which protocol is chosen (`ALPNCallback`). Each may answer later.

const { functions: nodes } = require('../nodes-tls');
const { kSecurity, kTransport } = require('../symbols');
const { wireProtocols } = require('../tls/protocols');
const { contextOf } = require('./context');
const errors = require('./errors');
const { kCertificates, kHasIdentity, kIsNative, kNative, kReasonFor } = require('./symbols');

/** What a handshake of `socket`, a server's, asks of the engine, and when it is to ask here: for `secure()`. */
function serverRequest(socket, declinesFrom, logsKeys, received) {
  const { server, ALPNCallback } = socket._tlsOptions;
  const keepsSessions = hasListener(server, 'newSession');
  return {
    isServer: true,
    received,
    logsKeys,
    declinesFrom,
    asks: socket._SNICallback !== null,
    asksAlways: Boolean(ALPNCallback) || hasListener(server, 'resumeSession') || hasListener(server, 'OCSPRequest'),
    emitsServerSessions: keepsSessions,
    awaitsNewSession: keepsSessions,
  };
}

function hasListener(server, event) {
  return (server?.listenerCount?.(event) ?? 0) > 0;
}

/** The ClientHello has come: with `name`, `protocols` in wire format and the id of a session, as far as it has them. */
function askProgram(socket, name, protocols, asksForStapling, sessionId) {
  if (socket.destroyed) return;
  const question = { socket, security: socket[kSecurity], context: null, answer: {} };
  if (name !== undefined) socket.servername = name;
  const steps = [];
  if (sessionId.length > 0) steps.push((next) => askForSession(question, sessionId, next));
  if (name !== undefined && socket._SNICallback !== null) steps.push((next) => askForContext(question, name, next));
  if (asksForStapling) steps.push((next) => askForStaple(question, next));
  if (protocols !== undefined) steps.push((next) => askForProtocol(question, name, wireProtocols(protocols), next));
  const go = () => {
    if (!isWaiting(question)) return;
    if (needsNodes(socket, contextFor(question)) || lacksIdentity(question)) leaveToNodes(question);
    else if (steps.length === 0) goOn(question);
    else steps.shift()(go);
  };
  go();
}

/** Whether the handshake that the question is about still waits. */
function isWaiting({ socket, security }) {
  return !socket.destroyed && socket[kSecurity] === security;
}

/** The context of `SNICallback`, or else that of the socket, which `setKeyCert()` may have changed by now. */
function contextFor({ socket, context }) {
  return context ?? socket._tlsOptions.secureContext;
}

/** Whether a handshake of `socket`, a server's, with `context` needs OpenSSL, also because of what was done to it. */
function needsNodes(socket, context) {
  if (!context[kIsNative]) return true;
  return context[kReasonFor]({ isServer: true, requestCert: socket._requestCert }) !== null;
}

/** Whether `SNICallback` has chosen a context without a certificate: with OpenSSL, that of the socket stays. */
function lacksIdentity({ context }) {
  return context !== null && !context[kHasIdentity];
}

/** Goes on with the handshake. */
function goOn(question) {
  const { socket, answer } = question;
  const context = contextFor(question);
  const isOwn = context === socket[kSecurity].context;
  socket[kTransport].answerName(isOwn ? undefined : nativeOf(socket, context), answer);
}

/** A function for the program to call once, with an error or what `take` takes; then goes on by `next`. */
function answerOnce(question, take, next) {
  let isAnswered = false;
  return (error, value) => {
    const { socket } = question;
    if (isAnswered) {
      socket.destroy(errors.multipleCallback());
      return;
    }
    isAnswered = true;
    if (error) socket.destroy(error);
    else if (isWaiting(question)) {
      take(value);
      next();
    }
  };
}

/** Returns what `ask` returns. If it throws, the socket is destroyed. */
function destroyIfThrows(socket, ask) {
  try {
    return ask();
  } catch (error) {
    socket.destroy(error);
    return undefined;
  }
}

function askForSession(question, sessionId, next) {
  const { socket } = question;
  const answer = answerOnce(question, (session) => {
    if (session) question.answer.session = session;
  }, next);
  const { server } = socket._tlsOptions;
  const isAsked = destroyIfThrows(socket, () => server?.emit('resumeSession', sessionId, answer));
  if (!isAsked && !socket.destroyed) next();
}

function askForContext(question, name, next) {
  const { socket } = question;
  const answer = answerOnce(question, (given) => {
    // As in Node, what is no object is none.
    if (!given || typeof given !== 'object') return;
    const context = contextOf(given) ?? (isNodes(given) ? given : undefined);
    if (context === undefined) socket.destroy(errors.invalidSniContext());
    else question.context = context;
  }, next);
  destroyIfThrows(socket, () => socket._SNICallback(name, answer));
}

function askForStaple(question, next) {
  const { socket } = question;
  const { server } = socket._tlsOptions;
  if (!hasListener(server, 'OCSPRequest')) {
    next();
    return;
  }
  const answer = answerOnce(question, (response) => {
    if (response) question.answer.ocspResponse = response;
  }, next);
  const { own, issuer } = contextFor(question)[kCertificates]();
  destroyIfThrows(socket, () => server.emit('OCSPRequest', own, issuer, answer));
}

function askForProtocol(question, servername, names, next) {
  const { socket } = question;
  const { ALPNCallback } = socket._tlsOptions;
  if (!ALPNCallback) {
    next();
    return;
  }
  const protocols = names.map((name) => name.toString('ascii'));
  destroyIfThrows(socket, () => {
    const chosen = ALPNCallback.call(socket, { servername: servername ?? false, protocols });
    if (chosen === undefined) question.answer.refusesAlpn = true;
    else if (!protocols.includes(chosen)) throw errors.alpnCallbackInvalidResult(chosen, protocols);
    else question.answer.alpn = names[protocols.indexOf(chosen)];
  });
  next();
}

/** The engine's credentials for `context`, with what the connection has of its own. */
function nativeOf(socket, context) {
  const { _requestCert: requestCert, _rejectUnauthorized: rejects } = socket;
  return context[kNative](true, requestCert, requestCert && rejects, socket._tlsOptions.ALPNProtocols);
}

/** Whether `context` is one of Node's own, or OpenSSL's part of it. */
function isNodes(context) {
  return context instanceof nodes.SecureContext || typeof context?.setCert === 'function';
}

/** The context that the program has chosen needs OpenSSL, which has the whole handshake then (`handover.js`). */
function leaveToNodes(question) {
  const { socket, security } = question;
  if (security.declinesFrom === undefined) {
    socket.destroy(errors.invalidContext());
    return;
  }
  security.chosen = contextFor(question);
  socket[kTransport].answerName(undefined, { declines: true });
}

/** A session of TLS 1.2 is to be kept by the program: the handshake waits until it has been. */
function keepSession(socket, sessionId, data) {
  const { server } = socket._tlsOptions;
  let isDone = false;
  const done = () => {
    if (isDone) return;
    isDone = true;
    if (!socket.destroyed) socket[kTransport].newSessionDone();
  };
  let hasListener = false;
  try {
    hasListener = server.emit('newSession', sessionId, data, done);
  } catch (error) {
    server.emit('error', error);
  }
  if (!hasListener) done();
}

module.exports = { askProgram, keepSession, nativeOf, needsNodes, serverRequest };
