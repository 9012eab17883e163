'use strict';

// A registry of npm packages on a free port of this machine: `node registry.js MODULES FOLDER`, with verdaccio in the
// one and what is published in the other. It knows no other registry. Prints its address, and ends with its input.

const fs = require('fs');
const path = require('path');

const [modules, folder] = process.argv.slice(2);
const { runServer } = require(path.join(modules, 'verdaccio'));

async function main() {
  fs.mkdirSync(folder, { recursive: true });
  const server = await runServer({
    configPath: path.join(folder, 'config.yaml'),
    storage: path.join(folder, 'storage'),
    auth: { htpasswd: { file: path.join(folder, 'htpasswd') } },
    uplinks: {},
    packages: { '**': { access: '$all', publish: '$all' } },
    max_body_size: '100mb',
    log: { type: 'stdout', level: 'fatal' },
  });
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
  process.stdin.on('end', () => process.exit()).resume();
}

main();
