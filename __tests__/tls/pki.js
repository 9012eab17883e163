'use strict';

// Keys, certificates and revocation lists for the tests. Nothing of it is in the repository, where it would expire one
// day: it is made when it is first needed and kept in the system's folder for temporary files, for a week, for all
// workers of jest and both ways to wake the loop.
//
// The authorities: `root` (nearly everybody's), `otherRoot` (nobody trusts it), and under `root` `intermediate`,
// `rsaIntermediate`, `expiredIntermediate`, `strictIntermediate` (for allowed.test only); `subIntermediate` is one
// level deeper than `intermediate` permits.
//
// The leaves are for `localhost` unless their name says otherwise:
//   p256 p384 rsa2048 rsa4096 ed25519       a server's, below an intermediate; `p256Client` and so on are a client's
//   direct                                  of `root` itself, for both roles, and so are the following:
//   expired notYetValid longLived revoked   dates (the last beyond 2049), and on `crls.root`
//   serverOnly clientOnly                   the extended key usage
//   cnOnly cnBesideSan                      CN=localhost, without a SAN and with one for elsewhere.test
//   ipSan wildcard                          127.0.0.1 and ::1; *.example.test
//   alpha beta                              alpha.test; beta.test and *.beta.test
//   caAsLeaf caOnlyAsLeaf                   an authority's, in the place of a leaf; the second may sign nothing else
//   unknownCritical oddNames                an extension that nobody knows; a subject with all that is rare
//   multiValued stringTypes everyAttribute  subjects: attributes that share a level, types of strings, all names
//   versionOne                              CN=localhost and nothing more: of version 1, without extensions
//   badSignature badVersionOne              `direct` and `versionOne` with one bit changed
//   selfSigned selfSignedCa                 of their own; otherSelfSigned has the name of selfSigned and another key
//   localhost                               self-signed, CN=localhost: as the command in the TLS guide makes it
//   unknownIssuer                           of `otherRoot`
//   underExpired underStrict tooDeep underLeaf underVersionOne   of issuers that should not have
//   shortRoot underShortRoot                an authority whose key of RSA has 1024 bits, and what it has issued

const { execFileSync } = require('child_process');
const { X509Certificate, createHash, createPrivateKey } = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');

const MAKER = path.join(__dirname, 'make-pki.js');
const WEEK = 7 * 24 * 60 * 60 * 1000;

/** A file for this user and this version of the maker. */
function cacheFile() {
  const hash = createHash('sha256').update(fs.readFileSync(MAKER)).digest('hex').slice(0, 16);
  return path.join(os.tmpdir(), `rust-net-pki-${os.userInfo().uid}-${hash}.json`);
}

/** What an earlier run has left, unless it is old or somebody else's. */
function cached(file) {
  const status = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!status?.isFile() || status.uid !== os.userInfo().uid || Date.now() - status.mtimeMs > WEEK) return null;
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function load() {
  const file = cacheFile();
  const found = cached(file);
  if (found !== null) return found;
  const text = execFileSync(process.execPath, [MAKER], { encoding: 'utf8', maxBuffer: 1 << 24 });
  // Who makes it at the same time renames a file of their own: either will do.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-pki-'));
  fs.writeFileSync(path.join(folder, 'pki.json'), text, { mode: 0o600 });
  fs.renameSync(path.join(folder, 'pki.json'), file);
  fs.rmdirSync(folder);
  return JSON.parse(text);
}

const { identities, crls } = load();

/** The kinds of key, each the name of a leaf. */
const KEY_KINDS = ['rsa2048', 'rsa4096', 'p256', 'p384', 'ed25519'];

function named(name) {
  if (!Object.hasOwn(identities, name)) throw new Error(`There is no certificate ${name}.`);
  return identities[name];
}

/** `{ key, cert }` in PEM, the certificate with its intermediates, and what else is `given`: what a side shows. */
function identity(name, given = {}) {
  const { key, leaf, chain } = named(name);
  return { key, cert: leaf + chain.join(''), ...given };
}

/** The certificate of `name` alone, in PEM. */
function certificate(name) {
  return named(name).leaf;
}

/** The intermediates of `name` in PEM. */
function chain(name) {
  return named(name).chain.join('');
}

/** Node's own view of the certificate. */
function parsed(name) {
  return new X509Certificate(certificate(name));
}

/** The DER in a PEM block. */
function der(pem) {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}

/** The key of `name` in another form: options of `KeyObject.export`. */
function keyAs(name, options) {
  return createPrivateKey(named(name).key).export(options);
}

/** Writes what `name` has into `folder`, for a program that wants files: their paths. */
function files(name, folder) {
  const paths = {};
  for (const [kind, text] of Object.entries({ ...identity(name), leaf: certificate(name), chain: chain(name) })) {
    paths[kind] = path.join(folder, `${name}.${kind}.pem`);
    fs.writeFileSync(paths[kind], text, { mode: 0o600 });
  }
  return paths;
}

/** Writes the key and the certificate of `name` to the paths `{ keyFile, certFile }`. */
function writeKeyPair({ keyFile, certFile }, name) {
  fs.writeFileSync(keyFile, identity(name).key);
  fs.writeFileSync(certFile, identity(name).cert);
}

/** Writes them into `folder`: the paths. */
function keyPairIn(folder, name) {
  const paths = { keyFile: path.join(folder, 'key.pem'), certFile: path.join(folder, 'cert.pem') };
  writeKeyPair(paths, name);
  return paths;
}

module.exports = {
  KEY_KINDS,
  certificate,
  chain,
  crls,
  der,
  files,
  identity,
  keyAs,
  keyPairIn,
  parsed,
  writeKeyPair,
};
