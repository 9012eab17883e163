//! Cipher suites and protocol versions by name, for `getCipher()`, `getProtocol()` and the option `ciphers`.
//!
//! Pure. rustls has nine suites, all with ephemeral keys and authenticated encryption: the table below. OpenSSL's cipher
//! list syntax is supported as far as it can select among them.

use rustls::{CipherSuite, ProtocolVersion, SupportedCipherSuite};

use super::provider::provider;

/// A cipher suite with both of its names, as in Node's `getCipher()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteName {
    /// The suite.
    pub suite: CipherSuite,
    /// OpenSSL's name.
    pub name: &'static str,
    /// The IANA's name.
    pub standard_name: &'static str,
    /// The protocol version of the suite.
    pub version: &'static str,
}

/// All suites of rustls, in order of preference (see [`provider`]).
const SUITES: [SuiteName; 9] = [
    tls13(CipherSuite::TLS13_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"),
    tls13(CipherSuite::TLS13_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384"),
    tls13(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256"),
    tls12(
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ),
    tls12(
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    ),
    tls12(
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    ),
    tls12(
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ),
    tls12(
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ),
    tls12(
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ),
];

const fn tls13(suite: CipherSuite, name: &'static str) -> SuiteName {
    SuiteName { suite, name, standard_name: name, version: "TLSv1.3" }
}

const fn tls12(suite: CipherSuite, name: &'static str, standard_name: &'static str) -> SuiteName {
    SuiteName { suite, name, standard_name, version: "TLSv1.2" }
}

/// The names of `suite`; `None` for one that rustls does not have.
pub fn suite_name(suite: CipherSuite) -> Option<&'static SuiteName> {
    SUITES.iter().find(|known| known.suite == suite)
}

/// Whether `suite` is one of TLS 1.3, of those that rustls does not have, too.
pub fn is_of_tls13(suite: CipherSuite) -> bool {
    // RFC 8446, and what is registered for it since.
    u16::from(suite) >> 8 == 0x13
}

/// A protocol version as `getProtocol()` names it.
pub fn protocol_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_1 => "TLSv1.1",
        ProtocolVersion::TLSv1_0 => "TLSv1",
        ProtocolVersion::SSLv3 => "SSLv3",
        _ => "unknown",
    }
}

/// What a cipher list selects.
#[derive(Debug)]
pub struct Selection {
    /// The suites, in order of preference.
    pub suites: Vec<SupportedCipherSuite>,
    /// Whether only suites of TLS 1.3 were named. As in Node, TLS 1.2 is then not offered.
    pub only_tls13: bool,
}

/// Reads the option `ciphers`: names of suites (OpenSSL's or the IANA's) and OpenSSL's names for groups of them, with `!`,
/// `-` and `+`. `None` if nothing matches.
///
/// As in Node, the suites of TLS 1.3 are all selected unless some are named. An unknown one of these is an error, whereas
/// other unknown words are ignored, as in OpenSSL.
pub fn select(list: &str) -> Option<Selection> {
    let is_tls13_name = |word: &&str| word.starts_with("TLS_") && !word.contains("_WITH_");
    let words = list.split([':', ',', ' ', ';']).map(str::trim).filter(|word| !word.is_empty());
    let (tls13_names, rules): (Vec<&str>, Vec<&str>) = words.partition(is_tls13_name);

    let mut chosen: Vec<&SuiteName> = if tls13_names.is_empty() {
        SUITES.iter().filter(|suite| suite.version == "TLSv1.3").collect()
    } else {
        let named = |name: &&str| SUITES.iter().find(|suite| suite.name == *name);
        tls13_names.iter().map(named).collect::<Option<_>>()?
    };
    chosen.dedup();
    let tls12 = tls12_list(&rules);
    if tls12.is_empty() && (tls13_names.is_empty() || !rules.is_empty()) {
        return None;
    }
    let only_tls13 = tls12.is_empty();
    chosen.extend(tls12);
    let suites: Vec<_> = chosen.iter().filter_map(|name| supported(name)).collect();
    (!suites.is_empty()).then_some(Selection { suites, only_tls13 })
}

fn supported(name: &SuiteName) -> Option<SupportedCipherSuite> {
    provider().cipher_suites.iter().copied().find(|suite| suite.suite() == name.suite)
}

/// Applies OpenSSL's rules: a word adds the suites that it names, `-` removes them, `!` removes them permanently, `+` moves
/// them to the end.
fn tls12_list(rules: &[&str]) -> Vec<&'static SuiteName> {
    let mut list: Vec<&'static SuiteName> = Vec::new();
    let mut banned: Vec<&'static SuiteName> = Vec::new();
    for rule in rules {
        let (operator, word) = match rule.split_at_checked(1) {
            Some((operator @ ("!" | "-" | "+"), word)) => (operator, word),
            _ => ("", *rule),
        };
        let matching: Vec<_> =
            SUITES.iter().filter(|suite| suite.version == "TLSv1.2" && matches(suite, word)).collect();
        match operator {
            "" => list.extend(
                matching
                    .iter()
                    .filter(|suite| !banned.contains(suite) && !list.contains(suite))
                    .copied()
                    .collect::<Vec<_>>(),
            ),
            "+" => {
                let (moved, kept) = list.iter().partition(|suite| matching.contains(suite));
                list = kept;
                list.extend::<Vec<_>>(moved);
            }
            _ => {
                list.retain(|suite| !matching.contains(suite));
                if operator == "!" {
                    banned.extend(matching);
                }
            }
        }
    }
    list
}

/// Whether `word` names `suite`. With words joined by `+`, all of them must.
fn matches(suite: &SuiteName, word: &str) -> bool {
    if word == suite.name || word == suite.standard_name {
        return true;
    }
    word.split('+').all(|part| match part {
        "ALL" | "DEFAULT" | "HIGH" | "FIPS" | "TLSv1.2" | "ECDHE" | "EECDH" | "kECDHE" | "kEECDH" | "ECDH" => true,
        "AES" | "AESGCM" => suite.name.contains("GCM"),
        "AES128" => suite.name.contains("AES128"),
        "AES256" => suite.name.contains("AES256"),
        "CHACHA20" => suite.name.contains("CHACHA20"),
        "aRSA" => suite.name.contains("-RSA-"),
        "ECDSA" | "aECDSA" => suite.name.contains("-ECDSA-"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<&'static str> {
        let suites = select(list).map(|selection| selection.suites).unwrap_or_default();
        suites.iter().filter_map(|suite| suite_name(suite.suite())).map(|suite| suite.name).collect()
    }

    fn tls12_names(list: &str) -> Vec<&'static str> {
        names(list).into_iter().filter(|name| !name.starts_with("TLS_")).collect()
    }

    #[test]
    fn every_suite_of_the_provider_has_its_names() {
        for suite in &provider().cipher_suites {
            let name = suite_name(suite.suite()).map(|name| name.version);
            assert_eq!(name, Some(protocol_name(suite.version().version)), "{suite:?}");
        }
        assert_eq!(provider().cipher_suites.len(), SUITES.len());
    }

    #[test]
    fn names_are_those_of_openssl_and_the_iana() {
        let name = suite_name(CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256).copied();
        assert_eq!(name.map(|name| name.name), Some("ECDHE-RSA-CHACHA20-POLY1305"));
        assert_eq!(name.map(|name| name.standard_name), Some("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"));
        assert!(is_of_tls13(CipherSuite::TLS13_AES_128_CCM_SHA256));
        assert!(!is_of_tls13(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV));
        assert_eq!(suite_name(CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA), None);
        assert_eq!(protocol_name(ProtocolVersion::TLSv1_3), "TLSv1.3");
    }

    #[test]
    fn a_named_suite_is_the_only_one_of_tls_1_2_and_leaves_those_of_1_3() {
        assert_eq!(tls12_names("ECDHE-RSA-AES128-GCM-SHA256"), ["ECDHE-RSA-AES128-GCM-SHA256"]);
        assert_eq!(tls12_names("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), ["ECDHE-RSA-AES128-GCM-SHA256"]);
        assert_eq!(names("ECDHE-RSA-AES128-GCM-SHA256").len(), 4);
    }

    #[test]
    fn suites_of_tls_1_3_alone_leave_nothing_of_1_2() {
        let only_tls13 = select("TLS_AES_128_GCM_SHA256").map(|selection| selection.only_tls13);
        assert_eq!(only_tls13, Some(true));
        assert_eq!(names("TLS_AES_128_GCM_SHA256"), ["TLS_AES_128_GCM_SHA256"]);
    }

    #[test]
    fn groups_and_exclusions() {
        assert_eq!(tls12_names("HIGH:!aNULL:!MD5").len(), 6);
        assert_eq!(tls12_names("DEFAULT:!aRSA:!CHACHA20").len(), 2);
        assert_eq!(tls12_names("AES256+aRSA"), ["ECDHE-RSA-AES256-GCM-SHA384"]);
        assert_eq!(tls12_names("!AES256:HIGH").iter().filter(|name| name.contains("AES256")).count(), 0);
        assert_eq!(tls12_names("HIGH:-AES256:ECDHE-RSA-AES256-GCM-SHA384").len(), 5);
        assert_eq!(tls12_names("ECDSA:+AES256").last(), Some(&"ECDHE-ECDSA-AES256-GCM-SHA384"));
    }

    #[test]
    fn a_list_without_a_match_is_none() {
        for list in ["NOPE", "TLS_NOPE", "!aNULL", "HIGH:!HIGH", "RC4-SHA", "TLS_AES_128_GCM_SHA256:NOPE"] {
            assert!(select(list).is_none(), "{list}");
        }
    }
}
