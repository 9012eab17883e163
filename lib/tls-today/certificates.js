'use strict';

// Chains of certificates as `getPeerCertificate(true)` shows them.

const { X509Certificate } = require('crypto');

/** The first certificate of `chain` (in DER); each links its issuer's as `issuerCertificate`, a root itself. */
function linkedCertificates(chain) {
  if (chain.length === 0) return {};
  const certificates = chain.map((der) => new X509Certificate(der));
  const shown = certificates.map((certificate) => certificate.toLegacyObject());
  certificates.forEach((certificate, index) => {
    const isIssuer = (other) => certificate.checkIssued(other);
    const issuer = isIssuer(certificate) ? index : certificates.findIndex(isIssuer);
    if (issuer !== -1) shown[index].issuerCertificate = shown[issuer];
  });
  return shown[0];
}

module.exports = { linkedCertificates };
