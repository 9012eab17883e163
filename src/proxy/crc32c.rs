//! CRC-32C (Castagnoli), as RFC 4960 has it.

/// The polynomial, its lowest bit first.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// What each value of a byte contributes.
const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ POLYNOMIAL } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// The checksum of `parts`, one after the other.
pub fn checksum(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    !bytes.fold(!0, |sum, byte| TABLE[usize::from(sum as u8 ^ byte)] ^ sum >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_vectors_of_rfc_3720() {
        let rising: Vec<u8> = (0..32).collect();
        for (bytes, expected) in [
            ([0; 32].as_slice(), 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&rising, 0x46dd_794e),
            (b"123456789", 0xe306_9283),
            (b"", 0),
        ] {
            assert_eq!(checksum(&[bytes]), expected);
            assert_eq!(checksum(&[&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2..]]), expected);
        }
    }
}
