'use strict';

// Other implementations of TLS, as child processes: openssl, gnutls-cli and gnutls-serv, curl.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { find } = require('../../scripts/peers');
const { DEADLINE, start } = require('../peers/program');

/** What openssl prints: a command that needs nothing but its arguments and `input`. */
function openssl(args, input = '') {
  return execFileSync(find('openssl'), args, { input, stdio: 'pipe', timeout: DEADLINE });
}

/** `openssl s_client` at `port`; further arguments are added. What it prints besides the data is kept short. */
function opensslClient(port, ...args) {
  return start('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-brief', ...args]);
}

/** `openssl s_server` on a port of its choice: the program, and `.port`. */
async function opensslServer(...args) {
  const program = start('openssl', ['s_server', '-accept', '127.0.0.1:0', ...args]);
  const [, port] = await program.said(/ACCEPT [\d.]+:(\d+)/);
  return Object.assign(program, { port: Number(port) });
}

/** `gnutls-cli` at `port`. */
function gnutlsClient(port, ...args) {
  return start('gnutls-cli', ['--port', port, ...args, '127.0.0.1']);
}

/** `gnutls-serv` on a port of its choice: the program, and `.port`. With `--echo`, it sends back what comes. */
async function gnutlsServer(...args) {
  const program = start('gnutls-serv', ['--port', 0, ...args]);
  await program.said(/listening on IPv4 .*done/);
  return Object.assign(program, { port: listeningPort(program.process.pid) });
}

/** The port of IPv4 that the process `pid` listens on, for a program that does not tell. */
function listeningPort(pid) {
  const folder = `/proc/${pid}/fd`;
  const links = fs.readdirSync(folder).map((fd) => fs.readlinkSync(path.join(folder, fd)));
  const LISTENS = '0A';
  for (const line of fs.readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === LISTENS && links.includes(`socket:[${inode}]`)) return Number.parseInt(local.split(':')[1], 16);
  }
  throw new Error(`The process ${pid} listens nowhere.`);
}

/** Runs curl to its end. */
function curl(url, ...args) {
  return start('curl', ['--silent', '--show-error', '--max-time', DEADLINE / 1000, ...args, url], { input: '' }).outcome;
}

module.exports = { curl, gnutlsClient, gnutlsServer, openssl, opensslClient, opensslServer };
