'use strict';

// tls.Server: a net.Server of today's contract that makes a TLSSocket of every connection.

const { createHash } = require('crypto');
const { EventEmitter } = require('events');
const { validateFunction, validateObject, validateString } = require('../arguments');
const { TICKET_KEYS_LENGTH } = require('../binding');
const { invalidArgumentType } = require('../errors');
const { countInstances, membersLike } = require('../members');
const { functions: nodes } = require('../nodes-tls');
const { HANDSHAKE_TIMEOUT } = require('../tls/secure');
const { Server: NetServer } = require('../today');
const { accept, kHandshakeTimeout, kPskCallback, kPskIdentityHint, kSNICallback, kEnableTrace } = require('./accepting');
const { SecureContext } = require('./context');
const errors = require('./errors');
const { current } = require('./module');
const { kSetTicketKeys, kTicketKeys } = require('./symbols');
const { withFiles } = require('./watched');

/** The options of a context that a server shows as properties, undefined where they are empty. */
const SHOWN = [
  'pfx',
  'key',
  'passphrase',
  'cert',
  'clientCertEngine',
  'ca',
  'minVersion',
  'maxVersion',
  'secureProtocol',
  'crl',
  'ciphers',
  'dhparam',
  'secureOptions',
];

class ServerMethods extends EventEmitter {
  /** Replaces the certificate and everything else of the context, for connections from now on. */
  setSecureContext(options) {
    validateObject(options, 'options');
    for (const name of SHOWN) this[name] = options[name] || undefined;
    this.sigalgs = options.sigalgs;
    this.ecdhCurve = options.ecdhCurve;
    this.honorCipherOrder = options.honorCipherOrder !== undefined ? Boolean(options.honorCipherOrder) : true;
    this.sessionIdContext = options.sessionIdContext || ownSessionContext();
    if (options.sessionTimeout) this.sessionTimeout = options.sessionTimeout;
    if (options.ticketKeys) this.ticketKeys = options.ticketKeys;
    this.privateKeyIdentifier = options.privateKeyIdentifier;
    this.privateKeyEngine = options.privateKeyEngine;
    this.certificateCompression = options.certificateCompression;
    const names = [...SHOWN, 'sigalgs', 'ecdhCurve', 'honorCipherOrder', 'sessionIdContext', 'sessionTimeout'];
    names.push('ticketKeys', 'privateKeyIdentifier', 'privateKeyEngine', 'certificateCompression');
    const { allowPartialTrustChain } = options;
    this._sharedCreds = current.module.createSecureContext({
      ...Object.fromEntries(names.map((name) => [name, this[name]])),
      ...(allowPartialTrustChain === undefined ? {} : { allowPartialTrustChain }),
    });
  }

  _getServerData() {
    return { ticketKeys: this.getTicketKeys().toString('hex') };
  }

  _setServerData({ ticketKeys }) {
    this.setTicketKeys(Buffer.from(ticketKeys, 'hex'));
  }

  getTicketKeys() {
    return Buffer.from(this._sharedCreds[kTicketKeys]());
  }

  setTicketKeys(keys) {
    if (!ArrayBuffer.isView(keys)) {
      throw invalidArgumentType('buffer', ['Buffer', 'TypedArray', 'DataView'], keys);
    }
    if (keys.byteLength !== TICKET_KEYS_LENGTH) throw errors.wrongTicketKeys();
    this._sharedCreds[kSetTicketKeys](Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength));
  }

  /** Another context for clients that ask for `servername`, which may have wildcards. The last one added wins. */
  addContext(servername, context) {
    if (!servername) throw errors.requiredServerName();
    const pattern = servername.replace(/([.^$+?\-\\[\]{}])/g, '\\$1').replaceAll('*', '[^.]*');
    // One of Node's own, too.
    const made = context instanceof SecureContext ? context : current.module.createSecureContext(context);
    this._contexts.push([new RegExp(`^${pattern}$`, 'i'), made]);
  }

  [EventEmitter.captureRejectionSymbol](error, event, socket) {
    if (event === 'secureConnection') socket.destroy(error);
    else NetServer.prototype[EventEmitter.captureRejectionSymbol].call(this, error, event, socket);
  }
}

/** `new tls.Server(options, listener)`. It can be called on an object that inherits from it, as https does. */
function Server(options, listener) {
  if (!(this instanceof Server)) return new Server(options, listener);
  if (typeof options === 'function') {
    listener = options;
    options = {};
  } else if (options == null) {
    options = {};
  } else if (typeof options !== 'object') {
    throw invalidArgumentType('options', 'object', options);
  }
  options = withFiles(this, options);
  this._contexts = [];
  this.requestCert = options.requestCert === true;
  this.rejectUnauthorized = options.rejectUnauthorized !== false;
  this.ALPNCallback = options.ALPNCallback;
  if (this.ALPNCallback && options.ALPNProtocols) throw errors.alpnCallbackWithProtocols();
  if (options.sessionTimeout) this.sessionTimeout = options.sessionTimeout;
  if (options.ticketKeys) this.ticketKeys = options.ticketKeys;
  if (options.ALPNProtocols) nodes.convertALPNProtocols(options.ALPNProtocols, this);
  this.setSecureContext(options);
  this[kHandshakeTimeout] = options.handshakeTimeout || HANDSHAKE_TIMEOUT;
  this[kSNICallback] = options.SNICallback;
  this[kPskCallback] = options.pskCallback;
  this[kPskIdentityHint] = options.pskIdentityHint;
  if (typeof this[kHandshakeTimeout] !== 'number') {
    throw invalidArgumentType('options.handshakeTimeout', 'number', this[kHandshakeTimeout]);
  }
  if (this[kSNICallback]) validateFunction(this[kSNICallback], 'options.SNICallback');
  if (this[kPskCallback]) validateFunction(this[kPskCallback], 'options.pskCallback');
  if (this[kPskIdentityHint]) validateString(this[kPskIdentityHint], 'options.pskIdentityHint');
  NetServer.call(this, options, accept);
  if (listener) this.on('secureConnection', listener);
  this[kEnableTrace] = options.enableTrace;
  return undefined;
}

Object.setPrototypeOf(Server, NetServer);
Server.prototype = Object.create(NetServer.prototype, {
  ...membersLike([ServerMethods], nodes.Server.prototype),
  constructor: { value: Server, writable: true, configurable: true, enumerable: true },
});

countInstances(Server, nodes.Server);

// Deprecated, and gone in later versions. It sets properties of the server and nothing else, so Node's own will do.
const { setOptions } = nodes.Server.prototype;
if (setOptions) Server.prototype.setOptions = setOptions;

function createServer(options, listener) {
  return new Server(options, listener);
}

/** What separates the sessions of this program from those of others, as in Node. */
function ownSessionContext() {
  return createHash('sha1').update(process.argv.join(' ')).digest('hex').slice(0, 32);
}

module.exports = { Server, createServer };
