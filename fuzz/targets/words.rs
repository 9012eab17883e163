//! Words of the options and first bytes of peers: lists of ciphers, versions, and what does not look like TLS.

use super::input::Input;
use crate::tls::credentials::Options;
use crate::tls::credentials::Protocol;
use crate::tls::error::{looks_like_http, looks_like_tls};
use crate::tls::{provider, suites};

pub fn run(data: &[u8]) {
    // More bytes never make TLS of what was none.
    if looks_like_tls(data) {
        assert!((0..data.len()).all(|length| looks_like_tls(&data[..length])));
        assert!(!looks_like_http(data));
    }

    let mut input = Input(data);
    let version = |input: &mut Input<'_>| {
        let names = [None, Some("TLSv1"), Some("TLSv1.1"), Some("TLSv1.2"), Some("TLSv1.3"), Some("TLSv1.4")];
        names[usize::from(input.byte()) % names.len()].map(str::to_owned)
    };
    let (min_version, max_version) = (version(&mut input), version(&mut input));
    let Ok(list) = std::str::from_utf8(input.0) else { return };

    if let Some(selection) = suites::select(list) {
        let chosen: Vec<_> = selection.suites.iter().map(|suite| suite.suite()).collect();
        assert!(!chosen.is_empty());
        for (at, suite) in chosen.iter().enumerate() {
            assert!(provider::provider().cipher_suites.iter().any(|known| known.suite() == *suite));
            assert!(!chosen[..at].contains(suite), "{list:?} selects {suite:?} twice");
        }
    }
    let options = Options { min_version, max_version, ciphers: Some(list.to_owned()), ..Options::default() };
    if let Ok(protocol) = Protocol::new(&options) {
        let suites = &protocol.provider.cipher_suites;
        assert!(!protocol.versions.is_empty());
        assert!(suites.iter().any(|suite| protocol.versions.iter().any(|version| suite.version() == *version)));
    }
}
