'use strict';

// A tls.Server whose key and certificates are in files: the options `keyFile`, `certFile`, `caFile` and `crlFile`, and
// `watch`, as credentials of TLS in place have them. Node has none of these.

const { randomBytes } = require('crypto');
const { TICKET_KEYS_LENGTH } = require('../binding');
const { readOptions } = require('../options');
const { FILES, WARNING, Watch, intervalOf, pathsOf, withContents } = require('../tls/files');
const { current } = require('./module');

/** What the files have, which the program may give otherwise. */
const CONTENTS = ['ca', 'cert', 'crl', 'key'];

/** Whom a server trusts: sessions of before are not resumed where that changes. */
const TRUST = ['ca', 'crl'];

/** What `options` of `server` say, with the contents of their files, which are read again when they change. */
function withFiles(server, options) {
  const named = readOptions(options, [...FILES, ...CONTENTS, 'watch']);
  const paths = pathsOf(named);
  if (paths.length === 0) return options;
  const interval = intervalOf(named);
  const watch = interval === null ? null : new Watch(paths, interval);
  let given = { ...options, ...read(named) };
  if (watch === null) return given;
  const self = new WeakRef(server);
  const renew = (next, target) => {
    const isTrustSame = TRUST.every((name) => String(next[name]) === String(given[name]));
    given = next;
    const ticketKeys = isTrustSame ? target.getTicketKeys() : randomBytes(TICKET_KEYS_LENGTH);
    target.setSecureContext({ ...next, ticketKeys });
  };
  const load = () => ({ ...options, ...read(named) });
  const onChange = (isOfOne) => {
    // It may have been collected since the files were looked at.
    const target = self.deref();
    if (target !== undefined) change(target, isOfOne, load, renew);
  };
  watch.start(onChange, () => self.deref() !== undefined);
  return given;
}

/** The contents of the files. */
function read(named) {
  const contents = withContents(named);
  const isThere = (name) => contents[name] !== undefined;
  return Object.fromEntries(CONTENTS.filter(isThere).map((name) => [name, contents[name]]));
}

/** The files of `server` have changed: `renew` uses what `load` returns, unless something is wrong with it. */
function change(server, isOfOne, load, renew) {
  let next;
  let failure = null;
  try {
    next = load();
    // Throws what is wrong with them before anything of the server is changed.
    current.module.createSecureContext(next);
  } catch (error) {
    failure = error;
  }
  if (!isOfOne()) return;
  if (failure === null) {
    renew(next, server);
    server.emit('secureContextReplaced');
  } else if (server.listenerCount('secureContextError') > 0) {
    server.emit('secureContextError', failure);
  } else {
    process.emitWarning(`The files of a server of TLS can't be used: ${failure.message}`, { code: WARNING });
  }
}

module.exports = { withFiles };
