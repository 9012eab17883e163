//! The trusted certificates and the revocation lists that peers are checked against.
//!
//! Made once per credentials and never changed; used on any thread. The default list (Mozilla's roots and the file in
//! `NODE_EXTRA_CA_CERTS`) is read once per process, as in Node.
//!
//! As in OpenSSL, a listed certificate is a *root* only if it is self-signed and may issue others; any other helps to
//! complete chains. A peer whose own certificate is listed is trusted (D21).

use std::path::Path;
use std::sync::LazyLock;

use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::certificate::{is_self_signed, may_issue, sequence};
use super::crl::Crl;
use super::extra_file;
use crate::tls::pem;

/// See the module.
#[derive(Debug)]
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    listed: Vec<ListedCertificate>,
    crls: Vec<Crl>,
}

/// A certificate of the option `ca`, of an archive, or of the default list.
#[derive(Clone, Debug)]
pub struct ListedCertificate {
    /// The certificate.
    pub der: CertificateDer<'static>,
    /// Its subject, encoded.
    subject: Vec<u8>,
    /// Its public key, encoded.
    key: Vec<u8>,
    is_root: bool,
    /// Whether rustls refuses what it has signed, since its key is too short.
    is_short: bool,
}

/// The shortest key of RSA whose signatures rustls accepts, in bits.
const MIN_RSA: usize = 2048;

impl Trust {
    /// Trusts `ca`, or the default list without it, and `more` (as Node does with the certificates of PKCS#12 archives).
    pub fn new(ca: Option<Vec<ListedCertificate>>, more: Vec<ListedCertificate>, crls: Vec<Crl>) -> Self {
        let mut trust = match ca {
            Some(ca) => Self::of(ca),
            None => Self { anchors: DEFAULT.anchors.clone(), listed: DEFAULT.listed.clone(), crls: Vec::new() },
        };
        let more = Self::of(more);
        trust.anchors.extend(more.anchors);
        trust.listed.extend(more.listed);
        trust.crls = crls;
        trust
    }

    fn of(listed: Vec<ListedCertificate>) -> Self {
        let roots = listed.iter().filter(|listed| listed.is_root);
        let anchors = roots.filter_map(|root| Some(webpki::anchor_from_trusted_cert(&root.der).ok()?.to_owned()));
        Self { anchors: anchors.collect(), listed, crls: Vec::new() }
    }

    /// The roots, for webpki.
    pub fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// The revocation lists.
    pub fn crls(&self) -> &[Crl] {
        &self.crls
    }

    /// Whether this certificate itself is listed.
    pub fn lists(&self, certificate: &[u8]) -> bool {
        self.listed.iter().any(|listed| listed.der.as_ref() == certificate)
    }

    /// The listed certificates of `subject`.
    pub fn of_subject(&self, subject: &[u8]) -> Vec<&CertificateDer<'static>> {
        self.listed.iter().filter(|listed| listed.subject == subject).map(|listed| &listed.der).collect()
    }

    /// The listed roots with the name and the key of `anchor`: several, if the root was reissued.
    pub fn roots_of(&self, anchor: &TrustAnchor<'_>) -> Vec<&CertificateDer<'static>> {
        let (subject, key) = (sequence(&anchor.subject), webpki::spki_for_anchor(anchor));
        let roots = self.listed.iter().filter(|listed| listed.is_root && listed.subject == subject);
        roots.filter(|listed| listed.key == key.as_ref()).map(|listed| &listed.der).collect()
    }

    /// A root of this name without a listed certificate: of Mozilla's roots, only names and keys are included.
    pub fn bare_root(&self, name: &[u8]) -> Option<&TrustAnchor<'static>> {
        let is_listed = self.listed.iter().any(|listed| listed.subject == name);
        let mut anchors = self.anchors.iter().filter(|_| !is_listed);
        anchors.find(|anchor| name.ends_with(&anchor.subject) && sequence(&anchor.subject) == name)
    }

    /// Finds the anchor that is equal to `found`, which webpki has returned.
    pub fn anchor(&self, found: &TrustAnchor<'_>) -> Option<&TrustAnchor<'static>> {
        self.anchors.iter().find(|anchor| *anchor == found)
    }

    /// The listed certificates that are not roots. They may complete a chain.
    pub fn intermediates(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.listed.iter().filter(|listed| !listed.is_root).map(|listed| &listed.der)
    }

    /// Whether one of the listed certificates has a key of RSA that is too short for rustls.
    pub fn has_short_keys(&self) -> bool {
        self.listed.iter().any(|listed| listed.is_short)
    }

    /// The names of all listed certificates. A server sends them so that a client can choose a certificate.
    pub fn hints(&self) -> Vec<DistinguishedName> {
        self.listed.iter().map(|listed| DistinguishedName::from(listed.subject.clone())).collect()
    }
}

impl ListedCertificate {
    /// Reads the certificates in PEM or DER. The error is a reason for people.
    pub fn read(data: &[u8]) -> Result<Vec<Self>, String> {
        let certificates = pem::certificates(data)?;
        if certificates.is_empty() {
            return Err("there is no certificate in it".into());
        }
        certificates.into_iter().map(Self::new).collect()
    }

    /// Reads one certificate in DER.
    pub fn new(der: CertificateDer<'static>) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| error.to_string())?;
        let subject = certificate.subject().as_raw().to_vec();
        let is_root = is_self_signed(&certificate) && may_issue(&certificate);
        let key = certificate.public_key().raw.to_vec();
        let is_short = matches!(certificate.public_key().parsed(), Ok(PublicKey::RSA(key)) if key.key_size() < MIN_RSA);
        Ok(Self { der, subject, key, is_root, is_short })
    }
}

static DEFAULT: LazyLock<Trust> = LazyLock::new(|| default_list(extra_file::path()));

/// Mozilla's roots and the certificates in the file `extra`. As in Node, a file that can't be read is ignored.
fn default_list(extra: Option<&Path>) -> Trust {
    let extra = extra.and_then(|path| std::fs::read(path).ok()).and_then(|file| ListedCertificate::read(&file).ok());
    let mut trust = Trust::of(extra.unwrap_or_default());
    trust.anchors.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
    trust
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};

    use super::*;

    fn listed(change: impl FnOnce(&mut CertificateParams)) -> ListedCertificate {
        let mut params = CertificateParams::default();
        change(&mut params);
        ListedCertificate::new(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()).unwrap()
    }

    #[test]
    fn only_what_may_issue_is_a_root() {
        let root = listed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
        let leaf = listed(|params| params.is_ca = IsCa::ExplicitNoCa);
        let plain = listed(|_| ());
        let no_signing = listed(|params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        });
        let trust = Trust::new(Some(vec![root, leaf.clone(), plain, no_signing]), vec![], vec![]);
        assert_eq!(trust.anchors().len(), 1);
        assert!(trust.lists(&leaf.der));
        assert_eq!(trust.intermediates().count(), 3);
        assert_eq!(trust.hints().len(), 4);
    }

    #[test]
    fn the_default_list_is_mozillas_and_the_extra_file() {
        let mozillas = webpki_roots::TLS_SERVER_ROOTS.len();
        assert_eq!(default_list(None).anchors().len(), mozillas);
        assert_eq!(default_list(Some(Path::new("/no/such/file"))).anchors().len(), mozillas);
        assert_eq!(default_list(Some(Path::new("Cargo.toml"))).anchors().len(), mozillas);
    }

    #[test]
    fn without_ca_the_default_list_is_there_and_more_is_added() {
        let more = listed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
        let trust = Trust::new(None, vec![more.clone()], vec![]);
        assert_eq!(trust.anchors().len(), DEFAULT.anchors().len() + 1);
        assert!(trust.lists(&more.der));
        assert!(Trust::new(Some(vec![]), vec![], vec![]).anchors().is_empty());
    }

    #[test]
    fn a_sequence_has_the_shortest_length() {
        assert_eq!(sequence(&[5; 3]), [0x30, 3, 5, 5, 5]);
        assert_eq!(sequence(&[0; 0x80])[..4], [0x30, 0x81, 0x80, 0]);
        assert_eq!(sequence(&[0; 0x102])[..5], [0x30, 0x82, 1, 2, 0]);
    }

    #[test]
    fn garbage_is_an_error() {
        assert!(ListedCertificate::read(b"garbage").is_err());
        assert!(Crl::read(b"garbage").is_err());
    }
}
