'use strict';

// Chains of certificates: as `getPeerCertificate(true)` shows them, and as a server sends them.

const { X509Certificate } = require('crypto');
const { functions: nodes } = require('../nodes-tls');
const { kAuthorities } = require('./symbols');

/** No chain is longer: a program may list authorities that certify each other. */
const LONGEST = 10;

const BLOCKS = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^]+?-----END \1-----/g;

/** The certificates in `data`, a PEM file or one in DER. What can't be read is left out. */
function certificatesIn(data) {
  const blocks = data.toString('latin1').match(BLOCKS) ?? [data];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

/** `certificate` and its issuers, as far as they are among `others`. */
function pathFrom(certificate, others) {
  const path = [certificate];
  while (path.length < LONGEST) {
    const last = path.at(-1);
    const issuer = isIssuedBy(last, last) ? undefined : others.find((other) => isIssuedBy(last, other));
    if (issuer === undefined) break;
    path.push(issuer);
  }
  return path;
}

function isIssuedBy(certificate, issuer) {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/**
 * The first certificate of `chain` (in DER), as node:tls shows it; each links its issuer's as `issuerCertificate`, a
 * root itself. Issuers that the peer has not sent are looked for among the authorities of `context`.
 */
function linkedCertificates(chain, context) {
  if (chain.length === 0) return {};
  const path = pathOf(chain, context);
  const shown = path.map((certificate) => certificate.toLegacyObject());
  shown.forEach((certificate, index) => {
    if (index + 1 < shown.length) certificate.issuerCertificate = shown[index + 1];
  });
  if (isRoot(path)) shown.at(-1).issuerCertificate = shown.at(-1);
  return shown[0];
}

/** What `checkServerIdentity` looks at of a certificate in DER, as in the objects of node:tls. */
function namesOf(der) {
  if (der === null) return {};
  const certificate = new X509Certificate(der);
  return {
    subjectaltname: certificate.subjectAltName,
    subject: {
      get CN() {
        return certificate.toLegacyObject().subject?.CN;
      },
    },
  };
}

/** The same as `X509Certificate`; a root has no issuer there. */
function linkedX509Certificates(chain, context) {
  if (chain.length === 0) return undefined;
  const path = pathOf(chain, context);
  path.forEach((certificate, index) => {
    Object.defineProperty(certificate, 'issuerCertificate', { value: path[index + 1], configurable: true });
  });
  return path[0];
}

/** The certificates from the peer's own to a root, as far as they are known. They are made each time. */
function pathOf(chain, context) {
  const [first, ...sent] = chain.map((der) => new X509Certificate(der));
  const path = pathFrom(first, sent);
  if (isRoot(path)) return path;
  const rest = pathFrom(path.at(-1), context[kAuthorities]()).slice(1);
  return [...path, ...rest.map(({ raw }) => new X509Certificate(raw))];
}

function isRoot(path) {
  return path.at(-1).checkIssued(path.at(-1));
}

let bundled = null;

/** The authorities that Node comes with, read when they are first asked for. */
function bundledAuthorities() {
  bundled ??= nodes.rootCertificates.map((pem) => new X509Certificate(pem));
  return bundled;
}

/** The certificate chain of a server in PEM. One that has no issuers gets those that are among `authorities`. */
function completeChain(cert, authorities) {
  const own = certificatesIn(cert);
  if (own.length !== 1) return cert;
  const path = pathFrom(own[0], authorities);
  return path.length === 1 ? cert : Buffer.from(path.map(String).join(''));
}

module.exports = {
  bundledAuthorities,
  certificatesIn,
  completeChain,
  linkedCertificates,
  linkedX509Certificates,
  namesOf,
};
