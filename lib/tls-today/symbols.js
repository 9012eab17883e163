'use strict';

// The private names that the classes of `rust-net/tls` share.

module.exports = {
  /** A context's own certificate and its issuer's, in DER: `{ own, issuer }`. */
  kCertificates: Symbol('certificates'),
  /** The options of `tls.connect()`. */
  kConnectOptions: Symbol('connect options'),
  /** A server has emitted 'tlsClientError' for this socket. */
  kErrorEmitted: Symbol('error emitted'),
  /** A context's credentials for the engine. */
  kNative: Symbol('native'),
  /** A context as Node's own. */
  kNodes: Symbol('nodes'),
  /** Why a context needs OpenSSL; null if it doesn't. */
  kReason: Symbol('reason'),
  kSetTicketKeys: Symbol('set ticket keys'),
  kTicketKeys: Symbol('ticket keys'),
};
