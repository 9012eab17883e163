'use strict';

// Stand-ins for the compilers: programs that note what they are called with. The library that they "make" is a copy of
// one that is there.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

/** What the compiler of this machine builds for. */
const TARGET = /^host: (\S+)/m.exec(spawnSync('rustc', ['--version', '--verbose'], { encoding: 'utf8' }).stdout)?.[1];

/** Puts a program into `folder` that runs the JavaScript `code`. */
function stand(folder, name, code) {
  const text = `#!${process.execPath}\nconst [, , ...args] = process.argv;\n${code}\n`;
  fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
}

/**
 * Puts `cc`, `rustc` and `cargo` into `folder`, of `version` and for `target`. cargo ends with `status` after having
 * named a copy of `library` as what it has made.
 */
function standCompilers(folder, { library, version = '1.96.0', target = TARGET, status = 0 }) {
  const made = path.join(folder, process.platform === 'darwin' ? 'librust_net.dylib' : 'librust_net.so');
  fs.copyFileSync(library, made);
  const messages = [
    { reason: 'build-script-executed' },
    { reason: 'compiler-artifact', target: { name: 'rust_net' }, filenames: [made] },
    { reason: 'build-finished', success: true },
  ];
  fs.writeFileSync(path.join(folder, 'messages'), messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  stand(folder, 'cc', "console.log('cc')");
  stand(folder, 'rustc', `console.log('rustc ${version}\\nhost: ${target}\\nrelease: ${version}')`);
  stand(folder, 'cargo', `
    const fs = require('fs');
    const folder = args[args.indexOf('--target-dir') + 1];
    const call = { args, folder, isThere: fs.existsSync(folder), target: process.env.CARGO_BUILD_TARGET };
    if (args[0] === 'build') {
      fs.writeFileSync(__dirname + '/called', JSON.stringify(call));
      process.stdout.write(fs.readFileSync(__dirname + '/messages'));
      process.exitCode = ${status};
    }`);
}

/** How cargo in `folder` has been called. */
function callOf(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, 'called'), 'utf8'));
}

module.exports = { TARGET, callOf, standCompilers };
