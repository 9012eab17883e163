//! Certificates and revocation lists that inputs begin from, since no fuzzer finds a signature. Their keys were thrown
//! away: whatever an input makes of them, nothing new is ever signed by the root.

use super::input::Input;

macro_rules! seeds {
    ($($name:literal),* $(,)?) => {
        [$(include_bytes!(concat!("../seeds/", $name, ".der")).as_slice()),*]
    };
}

/// The only root that the targets trust.
pub const ROOT: &[u8] = include_bytes!("../seeds/root.der");

/// A certificate that is listed itself.
pub const LISTED: &[u8] = include_bytes!("../seeds/listed.der");

/// The revocation list of the root that names [`REVOKED`].
pub const CRL: &[u8] = include_bytes!("../seeds/root-crl.der");

/// On the list of the root.
pub const REVOKED: &[u8] = include_bytes!("../seeds/revoked.der");

/// Certificates whose chain leads to the root, directly or through `inter`.
pub const TRUSTED: [&[u8]; 3] = seeds!["leaf", "long", "inter"];

/// All certificates.
const CERTIFICATES: [&[u8]; 10] =
    seeds!["leaf", "root", "inter", "long", "listed", "revoked", "expired", "other", "stranger", "constrained"];

/// All revocation lists.
const CRLS: [&[u8]; 4] = seeds!["root-crl", "root-crl-empty", "root-crl-old", "inter-crl"];

/// A certificate: a seed, a seed with bytes changed, or bytes of the input.
pub fn certificate(input: &mut Input<'_>) -> Vec<u8> {
    pick(input, &CERTIFICATES)
}

/// A revocation list, likewise.
pub fn crl(input: &mut Input<'_>) -> Vec<u8> {
    pick(input, &CRLS)
}

fn pick(input: &mut Input<'_>, seeds: &[&[u8]]) -> Vec<u8> {
    let choice = usize::from(input.byte());
    let Some(seed) = seeds.get(choice & 15) else {
        let length = input.short();
        return input.take(length).to_vec();
    };
    let mut der = seed.to_vec();
    for _ in 0..choice >> 4 & 3 {
        let at = input.short() % der.len();
        der[at] = input.byte();
    }
    if choice >> 6 == 3 {
        // Bytes that take the place of others: strings and numbers of other lengths.
        let at = input.short() % der.len();
        let (removed, added) = (usize::from(input.byte() % 8), usize::from(input.byte() % 32));
        let end = (at + removed).min(der.len());
        der.splice(at..end, input.take(added).iter().copied());
    }
    der
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use rcgen::{CertificateParams, GeneralSubtree, NameConstraints, SanType, SerialNumber, date_time_ymd};

    use crate::tls::fixtures::{Certificate, authority, params};

    fn leaf(name: &str, serial: u64) -> CertificateParams {
        let mut params = params(name);
        params.serial_number = Some(SerialNumber::from(serial));
        params.subject_alt_names = vec![
            SanType::DnsName("a.test".try_into().unwrap()),
            SanType::DnsName("*.b.test".try_into().unwrap()),
            SanType::IpAddress([127, 0, 0, 1].into()),
        ];
        params
    }

    #[test]
    #[ignore = "writes fuzz/seeds anew: `cargo test seeds -- --ignored`"]
    fn writes_the_seeds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let write = |name: &str, der: &[u8]| fs::write(folder.join(format!("{name}.der")), der).unwrap();
        let root = Certificate::self_signed(authority("root"));
        let other = Certificate::self_signed(authority("other"));
        let mut inter = authority("inter");
        inter.serial_number = Some(SerialNumber::from(3));
        let inter = root.sign(inter);
        let mut expired = leaf("expired", 5);
        expired.not_after = date_time_ymd(2025, 1, 1);
        let mut constrained = authority("constrained");
        constrained.serial_number = Some(SerialNumber::from(6));
        constrained.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("b.test".into())],
            excluded_subtrees: vec![GeneralSubtree::DnsName("c.b.test".into())],
        });
        for (name, certificate) in [
            ("root", &root),
            ("other", &other),
            ("inter", &inter),
            ("leaf", &root.sign(leaf("leaf", 1))),
            ("long", &inter.sign(leaf("long", 2))),
            // Its serial number is the one that the lists name.
            ("revoked", &root.sign(params("revoked"))),
            ("expired", &root.sign(expired)),
            ("stranger", &other.sign(leaf("stranger", 4))),
            ("listed", &Certificate::self_signed(params("listed"))),
            ("constrained", &root.sign(constrained)),
        ] {
            write(name, &certificate.der);
        }
        write("root-crl", &root.crl(true, 2040));
        write("root-crl-empty", &root.crl(false, 2040));
        write("root-crl-old", &root.crl(true, 2021));
        write("inter-crl", &inter.crl(false, 2040));
    }
}
