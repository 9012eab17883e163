'use strict';

// Listening sockets that a service manager, or a process that this one takes the place of, has passed to this process:
// systemd's protocol (sd_listen_fds(3)). Their descriptors are 3, 4, ...

const { validateBoolean, validateObject } = require('./arguments');
const { readOption } = require('./options');

/** The first descriptor. */
const FIRST = 3;

/** What the name is of a descriptor that has none, as in systemd. */
const UNKNOWN = 'unknown';

const VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'];

/**
 * The descriptors that were passed to this process, and to no other: `[{ fd, name }, ...]`. The environment variables
 * that say so are deleted with the option `unset`, so that child processes do not take them for theirs.
 */
function listenFDs(options = {}) {
  validateObject(options, 'options');
  const unset = readOption(options, 'unset') ?? false;
  validateBoolean(unset, 'options.unset');
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = process.env;
  if (unset) for (const name of VARIABLES) delete process.env[name];
  const count = Number(LISTEN_FDS);
  const isOurs = Number(LISTEN_PID) === process.pid && Number.isInteger(count) && count > 0;
  if (!isOurs) return [];
  const names = LISTEN_FDNAMES === undefined ? [] : LISTEN_FDNAMES.split(':');
  return Array.from({ length: count }, (_, index) => ({ fd: FIRST + index, name: names[index] || UNKNOWN }));
}

module.exports = { listenFDs };
