'use strict';

// Packages that observe or mock the net of a process, and test runners.
// They are installed once, beside the other build products.

const fs = require('fs');
const path = require('path');
const { ensureInstalled, folderOf } = require('../../installed');

const MANIFEST = {
  private: true,
  dependencies: {
    '@opentelemetry/api': '1.9.1',
    '@opentelemetry/instrumentation': '0.223.0',
    '@opentelemetry/instrumentation-http': '0.223.0',
    '@opentelemetry/instrumentation-net': '0.67.0',
    '@opentelemetry/sdk-trace-base': '2.12.1',
    '@opentelemetry/sdk-trace-node': '2.12.1',
    'dd-trace': '5.132.0',
    'import-in-the-middle': '3.6.0',
    'mocha': '11',
    'msw': '2.15.0',
    'nock': '15.0.2',
    'require-in-the-middle': '8.0.1',
    'vitest': '4',
  },
};

const FOLDER = folderOf('observers', MANIFEST);

/** The folder that has these packages, with `files`, `{ [name]: text }`, in a folder below it: returns that. */
function withPackages(files) {
  ensureInstalled('observers', MANIFEST);
  const folder = fs.mkdtempSync(path.join(FOLDER, 'run-'));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return folder;
}

module.exports = { withPackages };
