'use strict';

// Packages that run programs in clusters. They are installed once, beside the other build products: what one of them
// brings along is more than all that we depend on for other tests.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const FOLDER = path.join(__dirname, '..', '..', '..', 'target', 'cluster-packages');
const PACKAGES = ['pm2@7', 'sticky-session@1', '@socket.io/sticky@1', 'socket.io@4', 'socket.io-client@4'];

/** The folder of a package. */
function packageFolder(name) {
  const folder = path.join(FOLDER, 'node_modules', name);
  if (!fs.existsSync(folder)) {
    fs.mkdirSync(FOLDER, { recursive: true });
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', FOLDER, ...PACKAGES], { stdio: 'ignore' });
  }
  return folder;
}

module.exports = { packageFolder };
