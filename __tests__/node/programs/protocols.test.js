'use strict';

// Programs of which both sides are in JavaScript, over protocols of their own, under the one flag: mail, files,
// directories. Each is in the clear, upgrades to TLS, and begins with it.

const { underBoth } = require('./run');

const NOT_TRUSTED = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';

const DELIVERED = ['b@example.org'];

const MAIL = {
  accepted: DELIVERED,
  whole: true,
  count: true,
  secure: true,
  from: '127.0.0.1',
  before: DELIVERED,
  killed: 'ECONNECTION',
  refused: 'ESOCKET',
  after: DELIVERED,
};

const SECURE_MAIL = { ...MAIL, version: 'TLSv1.3', distrusted: 'unable to get local issuer certificate' };

const IMAP = {
  exists: 1,
  fetched: true,
  appended: true,
  count: 2,
  secureConnection: false,
  manyAtOnce: true,
  lost: 'NoConnection',
  refused: 'ECONNREFUSED',
};

const SECURE_IMAP = { ...IMAP, secureConnection: true, distrusted: NOT_TRUSTED };

/** Codes of FTP. */
const [DONE, UNAVAILABLE] = [250, 551];

const FTP = {
  stored: true,
  fetched: true,
  listed: true,
  hasTLS: false,
  resumed: null,
  manyAtOnce: true,
  missing: UNAVAILABLE,
  renamed: DONE,
  distrusted: false,
  refused: 'ECONNREFUSED',
};

const SECURE_FTP = { ...FTP, hasTLS: true, resumed: true, distrusted: NOT_TRUSTED };

const LDAP = {
  invalid: 'InvalidCredentialsError',
  all: true,
  manyAtOnce: true,
  added: 0,
  gone: 'ConnectionError',
  distrusted: false,
  refused: 'ECONNREFUSED',
};

const SECURE_LDAP = { ...LDAP, distrusted: NOT_TRUSTED };

const OUTCOMES = {
  mail: { plain: MAIL, startTls: SECURE_MAIL, secure: SECURE_MAIL },
  imapflow: { plain: IMAP, startTls: SECURE_IMAP, secure: SECURE_IMAP },
  // ftp-srv answers AUTH, and takes the connection for TLS in an immediate: before the client's first bytes come.
  ftp: { plain: FTP, authTls: SECURE_FTP, implicit: SECURE_FTP },
  ldapjs: { plain: LDAP, startTls: SECURE_LDAP, secure: SECURE_LDAP },
};

describe.each(Object.entries(OUTCOMES))('%s', (name, expected) => underBoth(name, expected));
