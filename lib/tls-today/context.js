'use strict';

// `createSecureContext()`: what a context is made of, for rustls; and where that does not do, Node's own context.
//
// In Node, a context says nothing about ALPN and about asking clients for certificates: a connection does. rustls has
// all in one configuration, so a context makes one for each combination that is asked for, and keeps it.

const { randomBytes } = require('crypto');
const { validateInteger, validateObject, validateString } = require('../arguments');
const binding = require('../binding');
const { NODES_TLS, callingScript } = require('../callers');
const { optionError } = require('../errors');
const { countInstances, isInstance } = require('../members');
const { functions: nodes, module: nodesTls } = require('../nodes-tls');
const { readOptions } = require('../options');
const { archives, identities } = require('../tls/keys');
const { wireProtocols } = require('../tls/protocols');
const { forbidsTickets, lists, sessionContext, versions } = require('../tls/restrictions');
const { blobs } = require('../tls/values');
const { bundledAuthorities, certificatesIn, completeChain } = require('./certificates');
const errors = require('./errors');
const { SHORT_AUTHORITY, contextReasons, hasVersions, noteFallback, oldestVersion } = require('./fallback');
const { trustedByDefault } = require('./roots');
const { kAuthorities, kCertificates, kHasIdentity, kIsNative, kNative, kNodes, kOldestVersion, kReasonFor, kSetTicketKeys, kTicketKeys } = require('./symbols');

const kMake = Symbol('make');

/** What a cipher list may have after it. Where rustls does not always keep to it, OpenSSL is used (`fallback.js`). */
const SECURITY_LEVEL = /@SECLEVEL=\d/g;

/** Cipher lists that need no check, and the curves that stand for what there is. */
const USUAL_CIPHERS = new Set([undefined, nodesTls.DEFAULT_CIPHERS]);
const DEFAULT_CURVE = 'auto';

const OPTIONS = [
  'allowPartialTrustChain',
  'ca',
  'cert',
  'certificateCompression',
  'ciphers',
  'clientCertEngine',
  'crl',
  'dhparam',
  'ecdhCurve',
  'honorCipherOrder',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'secureOptions',
  'secureProtocol',
  'sessionIdContext',
  'sessionTimeout',
  'sigalgs',
  'ticketKeys',
];

/** Options that Node checks in ways of its own: with one of them, it is asked before ours is made. */
const CHECKED_BY_NODE = [
  'certificateCompression',
  'clientCertEngine',
  'crl',
  'dhparam',
  'pfx',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'secureOptions',
  'secureProtocol',
  'sigalgs',
  'ticketKeys',
];

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

/** The contexts of which OpenSSL's part has been asked for, by that part. */
const owners = new WeakMap();

/** The context that `value` is or belongs to; undefined if it is none of ours. */
function contextOf(value) {
  return isInstance(SecureContext, value) ? value : owners.get(value);
}

/** A context of TLS, as in node:tls. Programs get theirs from `createSecureContext()`. */
class SecureContext {
  #options;
  #parts;
  #reasons;
  #nodes;
  #oldestVersion;
  /** The credentials for servers that have been made, by what a connection has of its own. */
  #servers = new Map();
  /** The keys of session tickets that the program has given. */
  #ticketKeys = null;

  constructor(...args) {
    const isMade = args[0] === kMake;
    const [secureProtocol, secureOptions, minVersion, maxVersion] = args;
    const made = isMade ? args[1] : read({ secureProtocol, secureOptions, minVersion, maxVersion });
    this.#options = made.options;
    this.#parts = made.parts;
    this.#reasons = made.reasons;
    this.#nodes = made.nodes;
    this.#oldestVersion = made.oldestVersion;
  }

  /** Why OpenSSL has to be used for a connection with this context; null if rustls can be. */
  [kReasonFor]({ isServer, requestCert }) {
    const { always, forClients, forAsking } = this.#reasons;
    if (always !== null || !isServer) return always ?? forClients;
    return requestCert ? forAsking : null;
  }

  /** Whether rustls can be used, whatever has been asked for since. */
  get [kIsNative]() {
    return this.#parts !== null;
  }

  /** Whether there is a key and a certificate: what OpenSSL takes from a context that is chosen by name. */
  get [kHasIdentity]() {
    return this.#parts === null || this.#parts.identities.length > 0 || this.#parts.pfx.length > 0;
  }

  /**
   * The credentials of the engine, for connections that have these settings of their own. `protocols`: those of ALPN in
   * wire format, if there are any.
   */
  [kNative](isServer, requestCert, requireCert, protocols) {
    if (!isServer) return clientOf(this.#parts, protocols);
    const key = `${Boolean(requestCert)} ${Boolean(requireCert)} ${protocols ? protocols.latin1Slice() : ''}`;
    let native = this.#servers.get(key);
    if (native !== undefined) return native;
    native = serverOf(this.#parts, { requestCert, requireCert, alpn: protocolsOf(protocols) });
    // Keys that none has given are the engine's to replace in time. What others have sealed until now can be resumed.
    const keys = this.#ticketKeys ?? this.#firstServer?.ticketKeys();
    if (keys) native.setTicketKeys(keys);
    this.#servers.set(key, native);
    return native;
  }

  [kTicketKeys]() {
    if (this.#parts === null) return this[kNodes]().context.getTicketKeys();
    return this.#ticketKeys ?? (this.#firstServer ?? this[kNative](true, false, false)).ticketKeys();
  }

  get #firstServer() {
    return this.#servers.values().next().value;
  }

  [kSetTicketKeys](keys) {
    this.#ticketKeys = Buffer.from(keys);
    this.#nodes?.context.setTicketKeys(this.#ticketKeys);
    for (const native of this.#servers.values()) {
      // The engine still decrypts with the keys before the last. There are no tickets of those that come between: as in
      // Node, sessions of the former keys can't be resumed any more.
      native.setTicketKeys(randomBytes(keys.length));
      native.setTicketKeys(this.#ticketKeys);
    }
  }

  [kNodes]() {
    if (this.#nodes === null) {
      this.#nodes = nodes.createSecureContext(this.#options);
      if (this.#ticketKeys !== null) this.#nodes.context.setTicketKeys(this.#ticketKeys);
    }
    return this.#nodes;
  }

  /** The oldest version that OpenSSL accepts with this context, by its number in the protocol. */
  get [kOldestVersion]() {
    return this.#oldestVersion;
  }

  [kCertificates]() {
    return ownCertificates(this.#parts);
  }

  /** The certificates that the context trusts, as far as they are known here. */
  [kAuthorities]() {
    return this.#parts.ca === undefined ? bundledAuthorities() : this.#parts.ca.flatMap(certificatesIn);
  }

  /** OpenSSL's part. Who asks for it is going to change it: from then on, connections with this context use OpenSSL. */
  get context() {
    // Node's own TLS only reads it.
    if (this.#reasons.always === null && !NODES_TLS.includes(callingScript())) {
      this.#reasons.always = '`secureContext.context` has been asked for';
      noteFallback('a context', this.#reasons.always);
    }
    const { context } = this[kNodes]();
    owners.set(context, this);
    return context;
  }
}

/** Reads options: `{ options, parts, reasons, nodes, oldestVersion }`. Throws what Node throws. */
function read(given) {
  validateObject(given, 'options');
  const options = readOptions(given, OPTIONS);
  const kind = kindOf(options);
  const known = kind === null ? undefined : kinds.get(kind);
  if (known !== undefined) return { ...known, options, reasons: { ...known.reasons } };
  const made = readUncached(options);
  if (kind !== null && made.reasons.always === null && made.nodes === null) {
    if (kinds.size >= MAX_KINDS) kinds.clear();
    kinds.set(kind, { ...made, options: null, reasons: { ...made.reasons } });
  }
  return made;
}

/** As `read`, of options that have been read. */
function readUncached(options) {
  const reasons = contextReasons(options);
  const made = { options, parts: null, reasons, nodes: null, oldestVersion: oldestVersion(options) };
  if (reasons.always === null) {
    checkOptions(options);
    try {
      made.parts = partsOf(options);
      // What is wrong with a key or certificate is to be seen now.
      if (clientOf(made.parts).hasShortAuthorities) reasons.always = SHORT_AUTHORITY;
    } catch ({ message }) {
      reasons.always = reasons.forClients ?? message;
    }
  }
  const isCheckedByNode = CHECKED_BY_NODE.some((name) => isSet(options[name])) || !USUAL_CIPHERS.has(options.ciphers);
  if (reasons.always !== null || isCheckedByNode) made.nodes = nodes.createSecureContext(options);
  if (reasons.always === null && reasons.forClients === null) made.nodes = null;
  if (reasons.always !== null) noteFallback('a context', reasons.always);
  return made;
}

/** Makes a context. The options are those of node:tls. */
function createSecureContext(given) {
  return new SecureContext(kMake, read(given || {}));
}

function isSet(value) {
  return value !== undefined && value !== null;
}

function checkOptions({ minVersion, maxVersion, ecdhCurve, ciphers, sessionIdContext, sessionTimeout }) {
  const versions = { minimum: minVersion, maximum: maxVersion };
  for (const [which, version] of Object.entries(versions)) {
    if (isSet(version) && !VERSIONS.includes(version)) throw errors.invalidVersion(version, which);
  }
  if (isSet(ciphers)) validateString(ciphers, 'options.ciphers');
  if (ecdhCurve !== undefined) validateString(ecdhCurve, 'options.ecdhCurve');
  if (isSet(sessionIdContext)) validateString(sessionIdContext, 'options.sessionIdContext');
  if (isSet(sessionTimeout)) validateInteger(sessionTimeout, 'options.sessionTimeout', 0);
}

/** What all credentials of a context have in common. */
function partsOf(options) {
  const { ca, ciphers = nodesTls.DEFAULT_CIPHERS, ecdhCurve = nodesTls.DEFAULT_ECDH_CURVE } = options;
  const { secureProtocol, ticketKeys } = options;
  // Beside versions of the program's, any method is an error.
  const isFromMinimumOn = Boolean(secureProtocol) && !hasVersions(secureProtocol) && !isSet(options.minVersion);
  const limits = versions({
    ...options,
    secureProtocol: isFromMinimumOn && !isSet(options.maxVersion) ? undefined : secureProtocol,
    minVersion: options.minVersion ?? (hasVersions(secureProtocol) ? undefined : nodesTls.DEFAULT_MIN_VERSION),
    maxVersion: options.maxVersion ?? (secureProtocol ? undefined : nodesTls.DEFAULT_MAX_VERSION),
  });
  return {
    __proto__: null,
    ...lists({ ...options, ecdhCurve: ecdhCurve && ecdhCurve !== DEFAULT_CURVE ? ecdhCurve : usualGroups() }),
    ...limits,
    identities: ca ? withIssuers(identities(options), blobs('ca', ca)) : identities(options),
    pfx: archives(options),
    ca: ca ? blobs('ca', ca) : trustedByDefault(),
    crl: blobs('crl', options.crl),
    ciphers: ciphers?.replace(SECURITY_LEVEL, '') || nodesTls.DEFAULT_CIPHERS,
    rejectUnauthorized: false,
    checksNames: false,
    prefersOwnOrder: Boolean(options.honorCipherOrder),
    sessionContext: sessionContext(options.sessionIdContext),
    sessionTimeout: options.sessionTimeout ?? undefined,
    noTickets: forbidsTickets(options),
    ticketKeys: ticketKeys ? Buffer.from(ticketKeys) : undefined,
    keyLog: undefined,
  };
}

/** Options that have no secrets and name no files: contexts that are given no others are alike if these are. */
const PLAIN_OPTIONS = new Set(['ciphers', 'ecdhCurve', 'maxVersion', 'minVersion']);

/** What contexts are made of that are given no others, by `kindOf`. There are few kinds. */
const kinds = new Map();
const MAX_KINDS = 64;

/**
 * The key of `kinds`: contexts with the same key are made of the same parts. Null for a context that shares nothing: it
 * has an option that is not in `PLAIN_OPTIONS` (a key, an authority ...), or the process trusts others than usual.
 */
function kindOf(options) {
  const { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION } = nodesTls;
  const kind = [DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION];
  for (const name of OPTIONS) {
    const value = options[name];
    if (value === undefined) continue;
    if (!PLAIN_OPTIONS.has(name) || typeof value !== 'string') return null;
    kind.push(name, value);
  }
  return trustedByDefault() === undefined ? JSON.stringify(kind) : null;
}

/** The credentials of clients, by the parts of their contexts, and by their protocols. */
const clients = new WeakMap();

/** The credentials of a client. Contexts that are alike share them, and the sessions that they keep. */
function clientOf(parts, protocols) {
  let known = clients.get(parts);
  if (known === undefined) clients.set(parts, (known = new Map()));
  const key = protocols ? protocols.latin1Slice() : '';
  let native = known.get(key);
  if (native === undefined) {
    native = createNative(parts, { alpn: protocolsOf(protocols) });
    if (known.size >= MAX_KINDS) known.clear();
    known.set(key, native);
  }
  return native;
}

/** `protocols` in wire format as a list; none if there are none. */
function protocolsOf(protocols) {
  return protocols ? wireProtocols(protocols) : [];
}

/** The credentials of a server. With authorities, the engine asks for certificates; here, only `requestCert` does. */
function serverOf(parts, own) {
  return createNative(own.requestCert ? parts : { ...parts, ca: undefined, crl: [] }, own);
}

/** `identities`, whose certificates are completed with issuers among `ca`, as OpenSSL completes them. */
function withIssuers(identities, ca) {
  if (identities.length === 0) return identities;
  const authorities = ca.flatMap(certificatesIn);
  return identities.map(({ key, cert }) => ({ __proto__: null, key, cert: completeChain(cert, authorities) }));
}

/** What rustls has of the groups that OpenSSL uses by default: those with ML-KEM since version 3.5. */
const GROUPS = ['X25519MLKEM768:X25519:P-256:P-384', 'X25519:P-256:P-384'];
const [MAJOR, MINOR] = process.versions.openssl.split('.').map(Number);
const HAS_ML_KEM = MAJOR > 3 || (MAJOR === 3 && MINOR >= 5);

let groups = null;

/** The list of groups that stands for 'auto'. Not every build of the engine has ML-KEM. */
function usualGroups() {
  const nothing = { identities: [], pfx: [], crl: [], rejectUnauthorized: false, checksNames: false };
  const isPossible = (ecdhCurve) => isNative(binding.createCredentials({ ...nothing, ...NO_CONNECTION, ecdhCurve }));
  groups ??= HAS_ML_KEM && isPossible(GROUPS[0]) ? GROUPS[0] : GROUPS[1];
  return groups;
}

/** What a connection without anything of its own has. */
const NO_CONNECTION = { requestCert: false, alpn: [], prefersOwnOrder: true };

const isNative = (made) => made instanceof binding.NativeCredentials;

/** Credentials of the engine. Throws what is wrong with an option. */
function createNative(parts, { requestCert = false, requireCert = false, alpn }) {
  const native = binding.createCredentials({ ...parts, requestCert, requireCert, alpn, __proto__: null });
  if (!isNative(native)) throw optionError(native);
  return native;
}

/** The certificate that a context shows, and its issuer's, in DER. */
function ownCertificates({ identities: [identity], pfx: [archive], ca = [] }) {
  const certificates = identity ? certificatesIn(identity.cert) : (archive?.certificates ?? []).flatMap(certificatesIn);
  const [own] = certificates;
  const others = [...certificates.slice(1), ...ca.flatMap(certificatesIn)];
  const issuer = own && others.find((other) => own.checkIssued(other));
  return { own: own?.raw ?? null, issuer: issuer?.raw ?? null };
}

countInstances(SecureContext, nodes.SecureContext);

module.exports = { SecureContext, contextOf, createSecureContext };
