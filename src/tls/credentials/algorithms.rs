//! The options `sigalgs` and `ecdhCurve`: signature algorithms and groups for the key exchange, in OpenSSL's syntax.
//!
//! Pure. A list only restricts. Names that OpenSSL has and rustls does not support are skipped; an unknown name is an
//! error, and so is a list that leaves nothing.

use rustls::SignatureScheme::{
    self, ECDSA_NISTP256_SHA256, ECDSA_NISTP384_SHA384, ECDSA_NISTP521_SHA512, ED25519, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
};
use rustls::{NamedGroup, crypto::SupportedKxGroup};

use super::options::OptionError;
use crate::tls::provider::{provider, signature_algorithms};

/// By the names of TLS 1.3. An empty list is a name that only OpenSSL supports.
const SCHEMES: &[(&str, &[SignatureScheme])] = &[
    ("ecdsa_secp256r1_sha256", &[ECDSA_NISTP256_SHA256]),
    ("ecdsa_secp384r1_sha384", &[ECDSA_NISTP384_SHA384]),
    ("ecdsa_secp521r1_sha512", &[ECDSA_NISTP521_SHA512]),
    ("ed25519", &[ED25519]),
    ("ed448", &[]),
    ("rsa_pss_rsae_sha256", &[RSA_PSS_SHA256]),
    ("rsa_pss_rsae_sha384", &[RSA_PSS_SHA384]),
    ("rsa_pss_rsae_sha512", &[RSA_PSS_SHA512]),
    ("rsa_pss_pss_sha256", &[]),
    ("rsa_pss_pss_sha384", &[]),
    ("rsa_pss_pss_sha512", &[]),
    ("rsa_pkcs1_sha256", &[RSA_PKCS1_SHA256]),
    ("rsa_pkcs1_sha384", &[RSA_PKCS1_SHA384]),
    ("rsa_pkcs1_sha512", &[RSA_PKCS1_SHA512]),
    ("rsa_pkcs1_sha1", &[]),
    ("ecdsa_sha1", &[]),
];

/// By algorithm and hash, as `ECDSA+SHA256`. In TLS 1.2 the hash does not imply the curve, but in rustls it does.
const PAIRS: &[(&str, &str, &[SignatureScheme])] = &[
    ("RSA", "SHA256", &[RSA_PKCS1_SHA256]),
    ("RSA", "SHA384", &[RSA_PKCS1_SHA384]),
    ("RSA", "SHA512", &[RSA_PKCS1_SHA512]),
    ("RSA-PSS", "SHA256", &[RSA_PSS_SHA256]),
    ("RSA-PSS", "SHA384", &[RSA_PSS_SHA384]),
    ("RSA-PSS", "SHA512", &[RSA_PSS_SHA512]),
    ("ECDSA", "SHA256", &[ECDSA_NISTP256_SHA256]),
    ("ECDSA", "SHA384", &[ECDSA_NISTP384_SHA384]),
    ("ECDSA", "SHA512", &[ECDSA_NISTP521_SHA512]),
];

const ALGORITHMS: &[&str] = &["RSA", "RSA-PSS", "ECDSA", "DSA"];
const HASHES: &[&str] = &["SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD5"];

/// By the names of OpenSSL, NIST and the IANA. `None` is a group that rustls does not support.
const GROUPS: &[(&str, Option<NamedGroup>)] = &[
    ("X25519", Some(NamedGroup::X25519)),
    ("X448", None),
    ("P-256", Some(NamedGroup::secp256r1)),
    ("prime256v1", Some(NamedGroup::secp256r1)),
    ("secp256r1", Some(NamedGroup::secp256r1)),
    ("P-384", Some(NamedGroup::secp384r1)),
    ("secp384r1", Some(NamedGroup::secp384r1)),
    ("P-521", Some(NamedGroup::secp521r1)),
    ("secp521r1", Some(NamedGroup::secp521r1)),
    ("X25519MLKEM768", Some(NamedGroup::X25519MLKEM768)),
    ("SecP256r1MLKEM768", Some(NamedGroup::secp256r1MLKEM768)),
];

/// Reads `sigalgs`. Returns the schemes that are left, in order of preference.
pub fn signatures(list: &str) -> Result<Vec<SignatureScheme>, OptionError> {
    let refused = |reason: String| OptionError { field: "sigalgs", code: "ERR_INVALID_ARG_VALUE", reason };
    let supported = signature_algorithms().supported_schemes();
    let mut schemes = Vec::new();
    for name in list.split(':') {
        let found = signature(name).ok_or_else(|| refused(format!("{name:?} is no signature algorithm")))?;
        for scheme in found.iter().filter(|scheme| supported.contains(scheme)) {
            if !schemes.contains(scheme) {
                schemes.push(*scheme);
            }
        }
    }
    if schemes.is_empty() {
        return Err(refused(format!("none of {list:?} is supported")));
    }
    Ok(schemes)
}

/// All schemes that there are, in OpenSSL's order of preference.
pub fn all_signatures() -> Vec<SignatureScheme> {
    let supported = signature_algorithms().supported_schemes();
    SCHEMES.iter().flat_map(|(_, schemes)| *schemes).copied().filter(|scheme| supported.contains(scheme)).collect()
}

/// A scheme as `getSharedSigalgs()` names it: by OpenSSL's names of its algorithm and hash.
pub fn signature_name(scheme: SignatureScheme) -> String {
    let pair = PAIRS.iter().find(|(.., schemes)| schemes.contains(&scheme));
    match pair {
        Some((algorithm, hash, _)) => format!("{algorithm}+{hash}"),
        // The hash is a part of the algorithm.
        None => format!("{scheme:?}+UNDEF").replace("ED", "Ed"),
    }
}

/// A group for the key exchange as `getEphemeralKeyInfo()` describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupName {
    /// The type: `ECDH`, or `TLSGroup` for what is more than that.
    pub kind: &'static str,
    /// OpenSSL's name.
    pub name: &'static str,
    /// The size of a key in bits, where OpenSSL knows it.
    pub bits: Option<u32>,
}

/// The description of a group. `None` for one that no name is known of.
pub fn group_name(group: NamedGroup) -> Option<GroupName> {
    let (kind, name, bits) = match group {
        NamedGroup::X25519 => ("ECDH", "X25519", Some(253)),
        NamedGroup::secp256r1 => ("ECDH", "prime256v1", Some(256)),
        NamedGroup::secp384r1 => ("ECDH", "secp384r1", Some(384)),
        NamedGroup::secp521r1 => ("ECDH", "secp521r1", Some(521)),
        NamedGroup::X25519MLKEM768 => ("TLSGroup", "X25519MLKEM768", None),
        NamedGroup::secp256r1MLKEM768 => ("TLSGroup", "SecP256r1MLKEM768", None),
        _ => return None,
    };
    Some(GroupName { kind, name, bits })
}

fn signature(name: &str) -> Option<&'static [SignatureScheme]> {
    if let Some((algorithm, hash)) = name.split_once('+') {
        let algorithm = if algorithm.eq_ignore_ascii_case("PSS") { "RSA-PSS" } else { algorithm };
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        if let Some((.., schemes)) = PAIRS.iter().find(|(a, h, _)| same(a, algorithm) && same(h, hash)) {
            return Some(schemes);
        }
        let known = |names: &[&str], name: &str| names.iter().any(|one| same(one, name));
        return (known(ALGORITHMS, algorithm) && known(HASHES, hash)).then_some(&[]);
    }
    SCHEMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, schemes)| *schemes)
}

/// Reads `ecdhCurve`. Returns the groups that are left, in order of preference. `auto` is all of them.
pub fn groups(list: &str) -> Result<Vec<&'static dyn SupportedKxGroup>, OptionError> {
    let all = &provider().kx_groups;
    if list == "auto" {
        return Ok(all.clone());
    }
    let refused = || OptionError {
        field: "ecdhCurve",
        code: "ERR_CRYPTO_OPERATION_FAILED",
        reason: "Failed to set ECDH curve".into(),
    };
    let mut groups: Vec<&'static dyn SupportedKxGroup> = Vec::new();
    for name in list.split(':') {
        let (_, group) = GROUPS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).ok_or_else(refused)?;
        let found = all.iter().find(|supported| Some(supported.name()) == *group);
        if let Some(found) = found.filter(|found| groups.iter().all(|group| group.name() != found.name())) {
            groups.push(*found);
        }
    }
    if groups.is_empty() { Err(refused()) } else { Ok(groups) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_by_every_form_of_name() {
        assert_eq!(signatures("ECDSA+SHA256:rsa_pss_rsae_sha384").unwrap(), [ECDSA_NISTP256_SHA256, RSA_PSS_SHA384]);
        assert_eq!(signatures("PSS+SHA256:RSA-PSS+SHA256:ed448").unwrap(), [RSA_PSS_SHA256]);
        assert_eq!(signatures("Ed25519").unwrap(), [ED25519]);
    }

    #[test]
    fn schemes_are_named_as_in_openssl_and_in_its_order() {
        let names: Vec<_> = all_signatures().into_iter().map(signature_name).collect();
        let of_all = ["ECDSA+SHA256", "ECDSA+SHA384", "Ed25519+UNDEF", "RSA-PSS+SHA256", "RSA+SHA256"];
        let found: Vec<_> = names.iter().filter(|name| of_all.contains(&name.as_str())).collect();
        assert_eq!(found, of_all.iter().collect::<Vec<_>>());
        assert!(names.iter().all(|name| name.contains('+')));
    }

    #[test]
    fn every_group_of_the_provider_has_a_name() {
        for group in &provider().kx_groups {
            assert!(group_name(group.name()).is_some(), "{:?}", group.name());
        }
        assert_eq!(group_name(NamedGroup::X25519).map(|group| group.bits), Some(Some(253)));
        assert_eq!(group_name(NamedGroup::FFDHE2048), None);
    }

    #[test]
    fn nothing_left_and_unknown_names_are_errors() {
        for list in ["", "nope", "ECDSA+SHA256:nope", "ECDSA+MD6", "ed448", "RSA+SHA1", "rsa_pkcs1_sha1"] {
            let error = signatures(list).unwrap_err();
            assert_eq!((error.field, error.code), ("sigalgs", "ERR_INVALID_ARG_VALUE"), "{list}");
        }
        for list in ["", "nope", "X25519:nope", "X448"] {
            let error = groups(list).err().unwrap();
            assert_eq!((error.field, error.code), ("ecdhCurve", "ERR_CRYPTO_OPERATION_FAILED"), "{list}");
        }
    }

    #[test]
    fn groups_in_the_order_of_the_list() {
        let names = |list| groups(list).unwrap().iter().map(|group| group.name()).collect::<Vec<_>>();
        assert_eq!(names("P-384:x25519:secp384r1:X448"), [NamedGroup::secp384r1, NamedGroup::X25519]);
        assert_eq!(names("auto").len(), provider().kx_groups.len());
    }
}
