'use strict';

// Plays the scenario once in this process, and prints `fine` if all is as it should be. Arguments: the entry of the
// package, and the folder.

const fs = require('fs');
const { identity } = require('../tls/pki');
const { Scenario } = require('./scenario');

const [entry, folder] = process.argv.slice(2);
const net = require(entry);

async function main() {
  const credentials = identity('selfSigned');
  await new Scenario(net, folder, credentials).run();
  // Everything that was open by name has been closed: what is left is of this process, its loop and the engine.
  const links = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  const sockets = links.filter((link) => link.startsWith('socket:'));
  // The standard streams may be sockets.
  const own = [0, 1, 2].map((fd) => fs.readlinkSync(`/proc/self/fd/${fd}`));
  const left = sockets.filter((link) => !own.includes(link));
  fs.writeSync(1, left.length === 0 ? 'fine\n' : `left: ${left.length} sockets\n`);
}

main();
