'use strict';

// Transfers between two network namespaces whose link loses packets, where they can be made: what arrives is whole, and
// behind a link that has failed each side gives up. `npm run soak -- namespaces` plays more.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { missing } = require('./namespaces');

const reason = missing();

(reason === undefined ? test : test.skip)('transfers over a link that loses packets', async () => {
  const args = [path.join(__dirname, 'namespaces.js'), '--seconds', '8', '--seed', '1'];
  // A finding fails the command.
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 << 20 });
  expect(stdout.match(/ transfers in \d+ rounds .* 0 findings$/gm)).toHaveLength(2);
}, 180_000);
