'use strict';

// Packages that tests run, or run tests in. They are installed once, beside the other build products.

const { execFileSync } = require('child_process');
const { createHash } = require('crypto');
const fs = require('fs');
const path = require('path');

const TARGET = path.join(__dirname, '..', 'target');

/** The folder of what `manifest` asks for, its package.json, below `target/name`. */
function folderOf(name, manifest) {
  const hash = createHash('sha256').update(JSON.stringify(manifest)).digest('hex').slice(0, 16);
  return path.join(TARGET, name, hash);
}

/**
 * Installs what `manifest` asks for into its folder, unless it is there. Several test files may do so at once: each
 * installs into a folder of its own, and the first that is done gives its folder that name.
 */
function ensureInstalled(name, manifest) {
  const folder = folderOf(name, manifest);
  if (fs.existsSync(folder)) return;
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const own = fs.mkdtempSync(`${folder}-`);
  fs.writeFileSync(path.join(own, 'package.json'), JSON.stringify(manifest, null, 2));
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: own, stdio: 'ignore' });
  try {
    fs.renameSync(own, folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    fs.rmSync(own, { recursive: true, force: true });
  }
}

module.exports = { ensureInstalled, folderOf };
