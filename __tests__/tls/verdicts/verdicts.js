'use strict';

// Verdicts on the same certificates, of rust-net and of `node:tls`, in both roles. The peer that shows them is ours,
// because `node:tls` completes a chain that it shows from what it trusts; where ours can't use a key, it is theirs.

const { once } = require('events');
const net = require('net');
const tls = require('tls');
const { certificate, keyOf, pem } = require('./der');

/** The role of the peer that is judged. */
const ROLES = ['server', 'client'];

/** A peer that is not judged. */
function plainIdentity() {
  const of = { subject: [['CN', 'plain']], key: 'p256/99', serial: 1 };
  return { key: keyOf(of.key).pem, cert: pem('CERTIFICATE', certificate(of, of)) };
}

const codeOf = (error) => (error === null || error === undefined ? null : error.code ?? String(error));

/** Two ends in one process, over loopback. */
class Wires {
  #server = net.createServer({ pauseOnConnect: true });
  #ours;

  constructor(rustNet) {
    this.rustNet = rustNet;
    this.#ours = rustNet.createServer({ pauseOnConnect: true });
  }

  async open() {
    this.#server.listen(0, '127.0.0.1');
    this.#ours.listen(0, '127.0.0.1');
    await Promise.all([once(this.#server, 'listening'), once(this.#ours, 'listening')]);
    return this;
  }

  close() {
    this.#server.close();
    this.#ours.close();
  }

  /** `[connected, accepted]`, each ours or of `node:net`. */
  async pair(connectsOurs, acceptsOurs) {
    const server = acceptsOurs ? this.#ours : this.#server;
    const accepted = once(server, 'connection');
    const client = (connectsOurs ? this.rustNet : net).connect(server.address().port, '127.0.0.1');
    const [[stream]] = await Promise.all([accepted, once(client, 'connect')]);
    for (const end of [client, stream]) end.on('error', () => {});
    return [client, stream];
  }
}

/** Both modules as judges of what a peer shows. */
class Judges {
  #plain = plainIdentity();
  #wires;

  constructor(rustNet) {
    this.rustNet = rustNet;
    this.#wires = new Wires(rustNet);
  }

  async open() {
    await this.#wires.open();
    return this;
  }

  close() {
    this.#wires.close();
  }

  /** Credentials for the side that shows: `{ isOurs, credentials }`; null if neither module can show it. */
  shower(shown) {
    try {
      return { isOurs: true, credentials: this.rustNet.createCredentials(shown) };
    } catch {
      try {
        return { isOurs: false, credentials: tls.createSecureContext({ ...shown, ca: [] }) };
      } catch {
        return null;
      }
    }
  }

  /** Credentials of ours that trust: `{ credentials }`, or `{ code }` of what they throw. */
  ourTrust(trust, isGate) {
    try {
      const given = { ...this.#plain, ...trust, requestCert: true, rejectUnauthorized: isGate };
      return { credentials: this.rustNet.createCredentials(given) };
    } catch (error) {
      return { code: `throws ${codeOf(error)}` };
    }
  }

  theirTrust(trust) {
    try {
      return { credentials: tls.createSecureContext({ ...this.#plain, ...trust }) };
    } catch (error) {
      return { code: `throws ${codeOf(error)}` };
    }
  }

  /** Begins the side that shows, on `stream`. */
  #show({ isOurs, credentials }, stream, isServer, requests) {
    if (isOurs) {
      stream.setSecure(credentials, { isServer });
      stream.resume();
      return stream;
    }
    const options = { secureContext: credentials, rejectUnauthorized: false, requestCert: requests };
    const secure = isServer
      ? new tls.TLSSocket(stream, { isServer: true, ...options })
      : tls.connect({ socket: stream, host: '127.0.0.1', ...options });
    return secure.on('error', () => {});
  }

  /** Our verdict on `shower` in `role`; with a gate, what ends the connection. Null is trust. */
  async ours(shower, { credentials, code }, role, host) {
    if (code !== undefined) return code;
    const [client, accepted] = await this.#wires.pair(role === 'server' || shower.isOurs, role === 'client' || shower.isOurs);
    const [judge, peer] = role === 'server' ? [client, accepted] : [accepted, client];
    const other = this.#show(shower, peer, role === 'server', false);
    try {
      const outcome = new Promise((resolve) => {
        judge.on('secure', () => resolve(judge.verifyPeer() ? null : judge.authorizationError));
        judge.on('error', (error) => resolve(/^ERR_SSL/.test(error.code) ? `fails ${error.code}` : codeOf(error)));
        judge.on('close', () => resolve('closed'));
      });
      judge.setSecure(credentials, role === 'server' ? { servername: host } : { isServer: true });
      judge.resume();
      return await outcome;
    } finally {
      for (const end of [judge, other, peer]) end.destroy();
    }
  }

  /** The verdict of `node:tls`; without a gate, which there differs only in what follows. */
  async theirs(shower, { credentials, code }, role, host) {
    if (code !== undefined) return code;
    const isServer = role === 'client';
    const [client, accepted] = await this.#wires.pair(isServer && shower.isOurs, !isServer && shower.isOurs);
    const [mine, peer] = isServer ? [accepted, client] : [client, accepted];
    const other = this.#show(shower, peer, !isServer, false);
    const options = { secureContext: credentials, rejectUnauthorized: false, requestCert: true };
    const judge = isServer
      ? new tls.TLSSocket(mine, { isServer, ...options })
      : tls.connect({ socket: mine, host, ...(net.isIP(host) || host.includes(':') ? {} : { servername: host }), ...options });
    try {
      return await new Promise((resolve) => {
        judge.on(isServer ? 'secure' : 'secureConnect', () => {
          // A server of node:tls asks its handle for this in the listener that `createServer` adds.
          const error = isServer ? judge.ssl.verifyError() : judge.authorizationError;
          resolve(codeOf(error));
        });
        judge.on('error', (error) => resolve(`fails ${error.code}`));
        judge.on('close', () => resolve('closed'));
      });
    } finally {
      for (const end of [judge, other, mine, peer]) end.destroy();
    }
  }
}

module.exports = { Judges, ROLES };
