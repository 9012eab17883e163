'use strict';

// What environment variables and flags of Node mean for TLS. Only here: `rust-net` and `rust-net/node` never weaken.

const { appendFile } = require('fs');
const { variable } = require('../loading');
const { functions: nodes } = require('../nodes-tls');

const KEYLOG_FLAG = '--tls-keylog';

let hasWarned = false;

/** Whether NODE_TLS_REJECT_UNAUTHORIZED turns the default of `rejectUnauthorized` off. Node's warning comes once. */
function allowsUnauthorized() {
  const allows = variable('NODE_TLS_REJECT_UNAUTHORIZED') === '0';
  if (allows && !hasWarned) {
    hasWarned = true;
    warn();
  }
  return allows;
}

/** Has Node's own `connect()` warn, which it does before it looks at its options, and once in a process. */
function warn() {
  try {
    nodes.connect({ checkServerIdentity: null });
  } catch {
    // It is not called for a connection.
  }
}

/** The file that the flag `--tls-keylog` names; undefined without it. */
function keylogFile() {
  const { execArgv } = process;
  const at = execArgv.findIndex((arg) => arg === KEYLOG_FLAG || arg.startsWith(`${KEYLOG_FLAG}=`));
  if (at === -1) return undefined;
  return execArgv[at] === KEYLOG_FLAG ? execArgv[at + 1] : execArgv[at].slice(KEYLOG_FLAG.length + 1);
}

const KEYLOG_FILE = keylogFile();

let hasWarnedOfKeylog = false;
let hasKeylogFailed = false;

/** With `--tls-keylog`, the secrets of `socket` are appended to that file, after Node's warning. */
function logKeysToFile(socket) {
  if (KEYLOG_FILE === undefined) return;
  if (!hasWarnedOfKeylog) {
    hasWarnedOfKeylog = true;
    process.emitWarning(
      `Using --tls-keylog makes TLS connections insecure by writing secret key material to file ${KEYLOG_FILE}`,
    );
  }
  socket.on('keylog', appendToFile);
}

/** A 'keylog' listener. */
function appendToFile(line) {
  appendFile(KEYLOG_FILE, line, { mode: 0o600 }, (error) => {
    if (!error || hasKeylogFailed) return;
    hasKeylogFailed = true;
    process.emitWarning(`Failed to write TLS keylog (this warning will not be repeated): ${error}`);
  });
}

module.exports = { allowsUnauthorized, appendToFile, logKeysToFile };
