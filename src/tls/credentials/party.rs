//! Who takes part in a handshake on our side: our key pairs, and whom we trust. What a session depends on.
//!
//! A session is resumed only under the party that it was made with: rustls compares the verifier and the key pairs by their
//! identity. node:tls makes a context of the same options for each connection, so equal options make the same party as long
//! as one of them is in use. That saves the time and memory to read them, too. The table of parties is one for the process,
//! behind a lock; a party never changes, and may be used on any thread.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use rustls::SignatureScheme;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::sign::CertifiedKey;

use super::algorithms;
use super::key_pairs::{self, KeyPairs};
use super::options::{OptionError, Options};
use crate::tls::provider::sha256;
use crate::tls::trust::{Crl, ListedCertificate, Trust, Verifier};

/// See the module.
#[derive(Debug)]
pub struct Party {
    trust: Arc<Trust>,
    /// The options that decide on whom we trust, hashed.
    trusted: Digest,
    verifier: Arc<Verifier>,
    /// For servers that request a certificate.
    asking_verifier: Arc<Verifier>,
    key_pairs: Arc<KeyPairs>,
    /// The signature schemes, in order of preference.
    schemes: Vec<SignatureScheme>,
    own: Option<Arc<CertifiedKey>>,
}

/// The options that a party depends on, hashed.
type Digest = [u8; 32];

static PARTIES: LazyLock<Mutex<HashMap<Digest, Weak<Party>>>> = LazyLock::new(Mutex::default);

impl Party {
    /// The party of `options`: one that is in use, or a new one.
    pub fn of(options: &Options) -> Result<Arc<Self>, OptionError> {
        let trusted = trust_digest(options);
        let digest = digest(options, &trusted);
        let known = || PARTIES.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).and_then(Weak::upgrade);
        // Revocation lists expire, and have to be read again to see that.
        if let (true, Some(party)) = (options.crl.is_empty(), known()) {
            return Ok(party);
        }
        let party = Arc::new(Self::read(options, trusted)?);
        let mut parties = PARTIES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = parties.get(&digest).and_then(Weak::upgrade) {
            return Ok(known);
        }
        if parties.len() == parties.capacity() {
            parties.retain(|_, party| party.strong_count() > 0);
        }
        parties.insert(digest, Arc::downgrade(&party));
        Ok(party)
    }

    fn read(options: &Options, trusted: Digest) -> Result<Self, OptionError> {
        let mut all = options.identities.iter().cloned().map(key_pairs::read).collect::<Result<Vec<_>, _>>()?;
        let mut others = Vec::new();
        for archive in &options.pfx {
            let contents = archive.contents()?;
            all.push(contents.identity);
            others.extend(contents.others);
        }
        let schemes = options.signatures.as_deref().map(algorithms::signatures).transpose()?;
        if let Some(schemes) = &schemes {
            all = all.iter().map(|key_pair| key_pairs::limit(key_pair, schemes)).collect();
        }
        let trust = Arc::new(trust(options, others)?);
        let verifier = || {
            let verifier = Verifier::new(Arc::clone(&trust), options.reject_unauthorized);
            let verifier = if options.checks_names { verifier } else { verifier.without_names() };
            match &schemes {
                Some(schemes) => verifier.with_schemes(schemes.clone()),
                None => verifier,
            }
        };
        // The default list has more than a hundred names, which would not help a client to choose.
        let asking = || if options.require_cert { verifier().with_mandatory_certificate() } else { verifier() };
        let asking_verifier = if options.ca.is_some() { asking().with_hints() } else { asking() };
        let own = all.first().filter(|key_pair| !key_pair.cert.is_empty()).cloned();
        let verifier = Arc::new(verifier());
        let (asking_verifier, key_pairs) = (Arc::new(asking_verifier), Arc::new(KeyPairs::new(all)));
        let schemes = schemes.unwrap_or_else(algorithms::all_signatures);
        Ok(Self { trust, trusted, verifier, asking_verifier, key_pairs, schemes, own })
    }

    /// Whether the same are trusted by the same rules as by `other`.
    pub fn trusts_like(&self, other: &Self) -> bool {
        self.trusted == other.trusted
    }

    /// Whom we trust.
    pub fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// The verifier of a client.
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.verifier)
    }

    /// The verifier of a server that requests a certificate.
    pub fn asking_verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.asking_verifier)
    }

    /// Our key pairs.
    pub fn key_pairs(&self) -> Arc<KeyPairs> {
        Arc::clone(&self.key_pairs)
    }

    /// When the first of our certificates expires, in seconds of UNIX time.
    pub fn expires(&self) -> Option<i64> {
        self.key_pairs.expires()
    }

    /// The signature schemes, in order of preference.
    pub fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    /// Our own key pair: the first, if there are several.
    pub fn own_key_pair(&self) -> Option<&Arc<CertifiedKey>> {
        self.own.as_ref()
    }
}

/// Of everything that decides on whom we trust. Lists begin with their length, so that none runs into the next.
fn trust_digest(options: &Options) -> Digest {
    let mut parts: Vec<&[u8]> = Vec::new();
    let lengths = [options.pfx.len(), options.crl.len()].map(usize::to_be_bytes);
    let [archives, crls] = &lengths;
    let flags = [options.reject_unauthorized, options.require_cert, options.checks_names, options.ca.is_some()];
    let flags = flags.map(u8::from);
    parts.extend([&flags[..], archives]);
    let counts: Vec<_> = options.pfx.iter().map(|archive| archive.certificates.len().to_be_bytes()).collect();
    for (archive, count) in options.pfx.iter().zip(&counts) {
        parts.extend([archive.key.as_slice(), count]);
        parts.extend(archive.certificates.iter().map(Vec::as_slice));
    }
    parts.push(crls);
    parts.extend(options.crl.iter().map(Vec::as_slice));
    parts.extend(options.ca.iter().flatten().map(Vec::as_slice));
    sha256(parts)
}

/// Of everything that [`Party::read`] reads: what decides on whom we trust, and the rest.
fn digest(options: &Options, trusted: &Digest) -> Digest {
    let mut parts: Vec<&[u8]> = vec![trusted];
    let count = options.identities.len().to_be_bytes();
    let signatures = [u8::from(options.signatures.is_some())];
    parts.extend([&signatures[..], options.signatures.as_deref().unwrap_or_default().as_bytes(), &count]);
    let lengths: Vec<_> = options.identities.iter().map(|identity| identity.cert.len().to_be_bytes()).collect();
    for (identity, length) in options.identities.iter().zip(&lengths) {
        parts.extend([length, identity.key.as_slice(), &identity.cert]);
    }
    sha256(parts)
}

fn trust(options: &Options, more: Vec<CertificateDer<'static>>) -> Result<Trust, OptionError> {
    let invalid = |field, reason| OptionError { field, code: "ERR_INVALID_ARG_VALUE", reason };
    let listed = |data: &Vec<u8>| ListedCertificate::read(data).map_err(|reason| invalid("ca", reason));
    let ca = options.ca.as_ref().map(|ca| ca.iter().map(listed).collect::<Result<Vec<_>, _>>()).transpose()?;
    let more = more
        .into_iter()
        .map(ListedCertificate::new)
        .collect::<Result<_, _>>()
        .map_err(|reason| invalid("pfx", reason))?;
    let no_crl =
        |_| OptionError { field: "crl", code: "ERR_CRYPTO_OPERATION_FAILED", reason: "Failed to parse CRL".into() };
    let crls = options.crl.iter().map(|data| Crl::read(data).map_err(no_crl)).collect::<Result<Vec<_>, _>>()?;
    let crls: Vec<Crl> = crls.into_iter().flatten().collect();
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
    if crls.iter().any(|crl| crl.is_expired(now)) {
        return Err(OptionError { field: "crl", code: "CRL_HAS_EXPIRED", reason: "CRL has expired".into() });
    }
    Ok(Trust::new(ca.map(|ca| ca.into_iter().flatten().collect()), more, crls))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::credentials::Identity;
    use crate::tls::fixtures::{Certificate, authority, params};

    #[test]
    fn equal_options_make_the_same_party_while_it_is_in_use() {
        let own = Certificate::self_signed(params("localhost"));
        let root = Certificate::self_signed(authority("root"));
        let base =
            || Options { identities: vec![own.identity()], ca: Some(vec![root.der.to_vec()]), ..Options::default() };
        let party = Party::of(&base()).unwrap();
        assert!(Arc::ptr_eq(&party, &Party::of(&base()).unwrap()));
        // What is agreed on again in each handshake makes no difference.
        let other_settings = Options { alpn: vec![b"a".to_vec()], max_version: Some("TLSv1.2".into()), ..base() };
        assert!(Arc::ptr_eq(&party, &Party::of(&other_settings).unwrap()));
        for changed in [
            Options { ca: None, ..base() },
            Options { ca: Some(vec![]), ..base() },
            Options { ca: Some(vec![own.der.to_vec()]), ..base() },
            Options { reject_unauthorized: true, ..base() },
            Options { require_cert: true, ..base() },
            Options { checks_names: false, ..base() },
            Options { signatures: Some("ECDSA+SHA256".into()), ..base() },
            Options { identities: vec![], ..base() },
            Options { crl: vec![root.crl(false, 2040)], ..base() },
        ] {
            assert!(!Arc::ptr_eq(&party, &Party::of(&changed).unwrap()));
        }
    }

    #[test]
    fn what_is_wrong_is_found_in_the_presence_of_a_party_too() {
        let root = Certificate::self_signed(authority("root"));
        let good = Options { ca: Some(vec![root.der.to_vec()]), ..Options::default() };
        let _in_use = Party::of(&good).unwrap();
        let identities = vec![Identity { key: b"garbage".to_vec(), cert: b"garbage".to_vec() }];
        assert_eq!(Party::of(&Options { identities, ..good }).unwrap_err().field, "key");
    }
}
