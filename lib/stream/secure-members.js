'use strict';

// What TLS adds to a stream. In today's contract a stream in the clear has none of these members, because programs look
// for them to find out whether it is secure; they come with `setSecure()`, and go when the stream is opened again.

const { X509Certificate } = require('crypto');
const { Duplex } = require('stream');
const { bytesOf, validateInteger, validateString } = require('../arguments');
const errors = require('../errors');
const { assignable, membersLike } = require('../members');
const { describe, describeAsToday } = require('../tls/secure');
const { kContract, kSecurity, kTransport } = require('./fields');

class SecureMembers extends Duplex {
  /** Whether the peer's certificate is trusted. Contract: stream.verifyPeer. */
  verifyPeer() {
    return sessionOf(this).agreement.verdict === undefined;
  }

  /** The peer's certificate, or an empty object. Contract: stream.getPeerCertificate. */
  getPeerCertificate() {
    return certificate(this, sessionOf(this).peer);
  }

  /** The peer's certificate as Node's `crypto.X509Certificate`; undefined without one. */
  getPeerX509Certificate() {
    const { peer } = sessionOf(this);
    return peer === null ? undefined : new X509Certificate(peer);
  }

  /** Our own certificate, in the form that `getPeerCertificate()` has for the peer's. */
  getCertificate() {
    return certificate(this, sessionOf(this).own);
  }

  /** The cipher suite: `{ name, standardName, version }`; undefined in the clear. */
  getCipher() {
    const agreement = agreementOf(this);
    if (agreement === undefined) return undefined;
    const { cipher: name, standardCipher: standardName, cipherVersion: version } = agreement;
    return { name, standardName, version };
  }

  /** 'TLSv1.2' or 'TLSv1.3'; null in the clear. */
  getProtocol() {
    return agreementOf(this)?.protocol ?? null;
  }

  /** Whether the handshake has resumed a former session. */
  isSessionReused() {
    return agreementOf(this)?.isResumed ?? false;
  }

  /** Keying material that both ends can derive, and only they (RFC 5705). */
  exportKeyingMaterial(length, label, context) {
    validateInteger(length, 'length', 1);
    validateString(label, 'label');
    const bytes = context === undefined ? undefined : bytesOf(context, 'context');
    sessionOf(this);
    if (!this[kTransport].isOpen || this.destroyed) throw errors.socketClosed();
    const material = this[kTransport].exportKeyingMaterial(length, Buffer.from(label), bytes);
    if (material !== null) return material;
    if (this[kTransport].refusesLabel(label)) {
      throw errors.invalidArgumentValue('label', label, 'is reserved, or too long');
    }
    throw errors.outOfRange('length', 'what can be derived', length);
  }

  /** Whether the stream is secure. */
  get encrypted() {
    return knownOf(this) !== undefined;
  }

  /** What `verifyPeer()` returns; false while it would throw. */
  get authorized() {
    return agreementOf(this) !== undefined && this.verifyPeer();
  }

  /** Why the peer is not trusted, in Node's codes; null if it is, or if nothing is known. */
  get authorizationError() {
    return agreementOf(this)?.verdict ?? null;
  }

  /** The application protocol that was agreed on, or false. */
  get alpnProtocol() {
    return agreementOf(this)?.alpn?.toString('latin1') ?? false;
  }

  /** The name that the client has asked for, or false. */
  get servername() {
    return agreementOf(this)?.serverName ?? false;
  }

  /** Whether the peer's FIN has come without its close_notify: what was received may not be all that was sent. */
  get truncated() {
    return this[kSecurity]?.truncated ?? false;
  }
}

/** The members' property descriptors. A program's own class may have fields of these names. */
const MEMBERS = assignable(membersLike([SecureMembers], {}));

/** Gives `stream` these members, where its prototype does not have them. What the program has put there stays. */
function showSecureMembers(stream) {
  if (stream[kContract].showsTlsInTheClear) return;
  for (const [name, member] of Object.entries(MEMBERS)) {
    if (!(name in stream)) Object.defineProperty(stream, name, member);
  }
}

/** Takes them away again. */
function hideSecureMembers(stream) {
  if (stream[kContract].showsTlsInTheClear) return;
  for (const name of Object.keys(MEMBERS)) {
    const member = Object.getOwnPropertyDescriptor(stream, name);
    if (member !== undefined && isOurs(member, MEMBERS[name])) delete stream[name];
  }
}

/** Whether `member` of a stream is the one that `setSecure()` has put there. */
function isOurs(member, { get, value }) {
  return member.get === get && member.value === value;
}

/** What is known of a secure stream's session: `{ agreement, peer, own }`; undefined in the clear. */
function knownOf(stream) {
  return stream[kSecurity]?.known ?? undefined;
}

function agreementOf(stream) {
  return knownOf(stream)?.agreement;
}

/** Like `knownOf`; throws in the clear (D24). */
function sessionOf(stream) {
  const known = knownOf(stream);
  if (known === undefined) throw errors.notSecure();
  return known;
}

function certificate(stream, der) {
  return stream[kContract].describesCertificatesBriefly ? describe(der) : describeAsToday(der);
}

module.exports = { MEMBERS, hideSecureMembers, showSecureMembers };
