'use strict';

// Packages that run programs in clusters. They are installed once, beside the other build products: what one of them
// brings along is more than all that we depend on for other tests.

const path = require('path');
const { ensureInstalled, folderOf } = require('../../installed');

const MANIFEST = {
  private: true,
  dependencies: {
    '@socket.io/sticky': '1',
    'pm2': '7',
    'socket.io': '4',
    'socket.io-client': '4',
    'sticky-session': '1',
  },
};

const FOLDER = folderOf('cluster-packages', MANIFEST);

/** The folder of a package. */
function packageFolder(name) {
  ensureInstalled('cluster-packages', MANIFEST);
  return path.join(FOLDER, 'node_modules', name);
}

module.exports = { packageFolder };
