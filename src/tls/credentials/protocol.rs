//! Versions of TLS, cipher suites and groups: the options `minVersion`, `maxVersion`, `ciphers` and `ecdhCurve`.
//!
//! Pure. rustls supports TLS 1.2 and 1.3. An older minimum means 1.2, which it permits; an older maximum leaves no
//! version, and is an error.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ProtocolVersion, SupportedCipherSuite, SupportedProtocolVersion, version};

use super::algorithms;
use super::options::{OptionError, Options};
use crate::tls::provider::{provider, with_groups, with_suites};
use crate::tls::suites;

/// Protocol versions, with their suites and groups.
pub struct Protocol {
    /// The versions, at least one.
    pub versions: Vec<&'static SupportedProtocolVersion>,
    /// The provider, reduced to suites of which at least one is for these versions, and to the groups.
    pub provider: Arc<CryptoProvider>,
}

impl Protocol {
    /// Reads `minVersion`, `maxVersion`, `ciphers` and `ecdhCurve`.
    pub fn new(options: &Options) -> Result<Self, OptionError> {
        let mut protocol = Self::without_groups(options)?;
        if let Some(list) = options.groups.as_deref() {
            protocol.provider = with_groups(&protocol.provider, algorithms::groups(list)?);
        }
        Ok(protocol)
    }

    fn without_groups(options: &Options) -> Result<Self, OptionError> {
        let min = match options.min_version.as_deref() {
            None => &version::TLS12,
            Some("TLSv1" | "TLSv1.1") => &version::TLS12,
            Some(name) => by_name(name).ok_or_else(|| bad_version("minVersion", name, "minimum"))?,
        };
        let max = match options.max_version.as_deref() {
            None => &version::TLS13,
            Some(name) => by_name(name).ok_or_else(|| bad_version("maxVersion", name, "maximum"))?,
        };
        let is_tls13 = |version: &SupportedProtocolVersion| version.version == ProtocolVersion::TLSv1_3;
        let mut versions = match (is_tls13(min), is_tls13(max)) {
            (true, true) => vec![&version::TLS13],
            (false, false) => vec![&version::TLS12],
            (false, true) => vec![&version::TLS13, &version::TLS12],
            (true, false) => {
                let code = "ERR_TLS_INVALID_PROTOCOL_VERSION";
                let reason = "no TLS protocol version is left between the minimum and the maximum".into();
                return Err(OptionError { field: "minVersion", code, reason });
            }
        };
        let Some(list) = options.ciphers.as_deref() else {
            return Ok(Self { versions, provider: Arc::clone(provider()) });
        };
        let no_match =
            || OptionError { field: "ciphers", code: "ERR_SSL_NO_CIPHER_MATCH", reason: "no cipher match".into() };
        let selection = suites::select(list).ok_or_else(no_match)?;
        if selection.only_tls13 {
            versions.retain(|version| is_tls13(version));
        }
        let is_usable = |suite: &SupportedCipherSuite| versions.iter().any(|version| suite.version() == *version);
        if !selection.suites.iter().any(is_usable) {
            return Err(no_match());
        }
        Ok(Self { versions, provider: with_suites(selection.suites) })
    }
}

fn by_name(name: &str) -> Option<&'static SupportedProtocolVersion> {
    match name {
        "TLSv1.2" => Some(&version::TLS12),
        "TLSv1.3" => Some(&version::TLS13),
        _ => None,
    }
}

fn bad_version(field: &'static str, name: &str, which: &str) -> OptionError {
    let reason = match name {
        "TLSv1" | "TLSv1.1" => format!("{name} is not supported: TLSv1.2 is the oldest TLS protocol version"),
        _ => format!("{name:?} is not a valid {which} TLS protocol version"),
    };
    OptionError { field, code: "ERR_TLS_INVALID_PROTOCOL_VERSION", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Options)) -> (&'static str, &'static str) {
        let mut options = Options::default();
        change(&mut options);
        let error = Protocol::new(&options).err().unwrap();
        (error.field, error.code)
    }

    #[test]
    fn versions_outside_of_what_there_is() {
        let code = "ERR_TLS_INVALID_PROTOCOL_VERSION";
        for name in ["TLSv1", "TLSv1.1", "TLSv9", ""] {
            assert_eq!(
                refused(|options: &mut Options| options.max_version = Some(name.into())),
                ("maxVersion", code),
                "{name}"
            );
        }
        assert_eq!(refused(|options: &mut Options| options.min_version = Some("SSLv3".into())), ("minVersion", code));
        let crossed = refused(|options: &mut Options| {
            options.min_version = Some("TLSv1.3".into());
            options.max_version = Some("TLSv1.2".into());
        });
        assert_eq!(crossed, ("minVersion", code));
        let only_tls13_suites = refused(|options: &mut Options| {
            options.ciphers = Some("TLS_AES_128_GCM_SHA256".into());
            options.max_version = Some("TLSv1.2".into());
        });
        assert_eq!(only_tls13_suites, ("ciphers", "ERR_SSL_NO_CIPHER_MATCH"));
    }

    #[test]
    fn naming_only_suites_of_tls_1_3_leaves_out_tls_1_2() {
        let options = Options { ciphers: Some("TLS_AES_128_GCM_SHA256".into()), ..Options::default() };
        let protocol = Protocol::new(&options).unwrap();
        assert_eq!(protocol.versions, [&version::TLS13]);
        assert_eq!(protocol.provider.cipher_suites.len(), 1);
        assert_eq!(Protocol::new(&Options::default()).unwrap().versions.len(), 2);
    }
}
