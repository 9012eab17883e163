'use strict';

// Debian's HAProxy and nginx, in front of a server of ours or behind a client.

const { once } = require('events');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { scratch } = require('../helpers');
const { ownAddress, ownPort, start } = require('./program');

const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** What HAProxy needs to have in its configuration, beside what it listens on. */
const HAPROXY = [
  'global',
  '  maxconn 100',
  'defaults',
  '  mode tcp',
  '  timeout connect 10s',
  '  timeout client 20s',
  '  timeout server 20s',
];

/** Writes `lines` to a file of its own. */
function configuration(folder, lines) {
  const file = path.join(folder, 'configuration');
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/**
 * HAProxy, which inherits the socket that it listens on with the options `bind`: connections wait until it accepts.
 * `server` is the one after it, with options, and `more` any other line.
 */
async function haproxy({ bind = '', server, more = '' }) {
  const listener = net.createServer().listen(0, ownAddress());
  await once(listener, 'listening');
  const { address: host, port } = listener.address();
  const lines = [...HAPROXY, 'listen test', `  bind fd@3 ${bind}`, `  ${more}`, `  server ours ${server}`];
  const file = configuration(scratch(), lines);
  start('haproxy', ['-db', '-f', file], { stdio: ['pipe', 'pipe', 'pipe', listener._handle.fd] });
  listener.close();
  return { host, port };
}

/** nginx with the blocks that `blocks({ listen, folder })` returns; `listen` is where it has to listen. */
async function nginx(blocks) {
  const [host, port, folder] = [ownAddress(), await ownPort(), scratch()];
  const lines = [
    fs.existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : '',
    'daemon off;',
    'master_process off;',
    `pid ${folder}/pid;`,
    'error_log stderr notice;',
    'events { worker_connections 64; }',
    blocks({ listen: `${host}:${port}`, folder }),
  ];
  const program = start('nginx', ['-c', configuration(folder, lines), '-p', folder, '-e', 'stderr']);
  // It listens by then.
  await program.said(/using the "\w+" event method/);
  return { host, port };
}

module.exports = { STREAM_MODULE, configuration, haproxy, nginx };
