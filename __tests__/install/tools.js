'use strict';

// The package managers that an installation is tried with, a registry for them to install from, and what checks
// packages.

const { spawn } = require('child_process');
const path = require('path');
const { ensureInstalled, folderOf } = require('../installed');

const MANIFEST = {
  private: true,
  dependencies: {
    '@arethetypeswrong/cli': '^0.18.5',
    '@yarnpkg/cli-dist': '^4.18.1',
    'bun': '^1.4.5',
    'deno': '^2.9.6',
    'pnpm': '^10.0.0',
    'publint': '^0.3.25',
    'verdaccio': '^6.8.0',
    'yarn': '^1.22.22',
  },
  // A dependency of the registry asks for it by a tag, which not every mirror has.
  overrides: { 'node-fetch': '^2.7.0' },
};

const FOLDER = folderOf('installers', MANIFEST);

/** Files of the tools, which are run as they are: without a shell, and without npm between. */
const FILES = {
  attw: '@arethetypeswrong/cli/dist/index.js',
  bun: 'bun/bin/bun.exe',
  deno: 'deno/deno',
  pnpm: 'pnpm/bin/pnpm.cjs',
  publint: 'publint/src/cli.js',
  yarnBerry: '@yarnpkg/cli-dist/bin/yarn.js',
  yarnClassic: 'yarn/bin/yarn.js',
};

/** The file of each tool, by name, after having installed what is missing. */
function tools() {
  ensureInstalled('installers', MANIFEST);
  const file = (name) => path.join(FOLDER, 'node_modules', name);
  return Object.fromEntries(Object.entries(FILES).map(([name, place]) => [name, file(place)]));
}

/** A registry below `folder` that has nothing but what is published to it: `{ url, close }`. */
async function startRegistry(folder) {
  const program = path.join(__dirname, 'registry.js');
  const child = spawn(process.execPath, [program, path.join(FOLDER, 'node_modules'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
      const [, found] = /^(http:\S+)$/m.exec(said) ?? [];
      if (found) resolve(found);
    });
    child.once('error', reject);
    closed.then(() => reject(new Error(`the registry has ended: ${said}`)));
  });
  const close = () => {
    child.stdin.end();
    return closed;
  };
  return { url, close };
}

module.exports = { startRegistry, tools };
