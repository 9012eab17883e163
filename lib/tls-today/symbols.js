'use strict';

// The private names that the classes of `rust-net/tls` share.

module.exports = {
  /** The certificates that a context trusts, as `X509Certificate`. */
  kAuthorities: Symbol('authorities'),
  /** A context's own certificate and its issuer's, in DER: `{ own, issuer }`. */
  kCertificates: Symbol('certificates'),
  /** The options of `tls.connect()`. Programs find them by Node's description of the symbol. */
  kConnectOptions: Symbol('connect-options'),
  /** A server has emitted 'tlsClientError' for this socket. */
  kErrorEmitted: Symbol('error emitted'),
  /** A context's credentials for the engine. */
  kNative: Symbol('native'),
  /** Whether a context has a key and a certificate. */
  kHasIdentity: Symbol('has identity'),
  /** Whether a context can be used by rustls. */
  kIsNative: Symbol('is native'),
  /** A context as Node's own. */
  kNodes: Symbol('nodes'),
  /** The oldest version that OpenSSL accepts with a context, by its number in the protocol. */
  kOldestVersion: Symbol('oldest version'),
  /** Why a connection with a context needs OpenSSL; null if it doesn't. */
  kReasonFor: Symbol('reason for'),
  /** The session that is to be emitted once the server is trusted. */
  kPendingSession: Symbol('pending session'),
  kSetTicketKeys: Symbol('set ticket keys'),
  kTicketKeys: Symbol('ticket keys'),
  /** The client has accepted its server. */
  kVerified: Symbol('verified'),
};
