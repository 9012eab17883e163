'use strict';

// The TLS options of a client of the servers here, whose certificates are for `localhost`.

const { certificate } = require('../../tls/pki');

const TRUSTED = { ca: certificate('root'), servername: 'localhost' };

/** Another authority than the server's. */
const UNTRUSTED = { ...TRUSTED, ca: certificate('otherRoot') };

/** The error's code, then. */
const DISTRUSTED = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';

module.exports = { DISTRUSTED, TRUSTED, UNTRUSTED };
