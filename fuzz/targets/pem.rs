//! PEM: nothing makes it panic, and what was read from PEM is what its blocks hold.

use crate::tls::pem;

pub fn run(data: &[u8]) {
    let _ = pem::revocation_lists(data);
    let Ok(certificates) = pem::certificates(data) else { return };
    if !data.windows(11).any(|part| part == b"-----BEGIN ") {
        assert_eq!(certificates.len(), 1);
        assert_eq!(certificates[0].as_ref(), data);
        return;
    }
    let written: String = certificates.iter().map(|der| block(der)).collect();
    if !certificates.is_empty() {
        assert_eq!(pem::certificates(written.as_bytes()), Ok(certificates));
    }
}

fn block(der: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
                text.push(if place > group.len() { '=' } else { char::from(digit) });
            }
        }
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}
