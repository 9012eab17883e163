//! What version 2 may say beside the addresses: a list of values, each after its type and length.

use super::Fault;

/// The CRC32C of the header.
pub const CRC32C: u8 = 0x03;
/// The name that the client has asked for.
pub const AUTHORITY: u8 = 0x02;
/// Of the client's TLS: what it has, the verdict on its certificate, and a list of values.
pub const SSL: u8 = 0x20;

const UNIQUE_ID: u8 = 0x05;
const MAX_UNIQUE_ID: usize = 128;

/// Type and length.
const HEAD: usize = 3;

/// What precedes the list of values of [`SSL`]: flags and the verdict.
const SSL_HEAD: usize = 5;

/// Of the client's TLS.
#[derive(Debug, PartialEq, Eq)]
pub struct Ssl<'a> {
    /// Flags: the connection has TLS (1), the client has shown a certificate in it (2), or in its session (4).
    pub client: u8,
    /// 0 if the certificate is trusted, as OpenSSL's verify result.
    pub verify: u32,
    /// Of this form, too.
    pub tlvs: &'a [u8],
}

/// Checks that `tlvs` are well-formed, so that [`all`] reads all of them. Returns where the value of the checksum is.
pub fn check(tlvs: &[u8]) -> Result<Option<usize>, Fault> {
    let mut checksum = None;
    let mut at = 0;
    while at < tlvs.len() {
        let (kind, value) = first(&tlvs[at..]).ok_or(Fault::Malformed)?;
        let is_valid = match kind {
            CRC32C => value.len() == 4 && checksum.replace(at + HEAD).is_none(),
            UNIQUE_ID => value.len() <= MAX_UNIQUE_ID,
            SSL => ssl(value).is_some_and(|ssl| is_whole(ssl.tlvs)),
            _ => true,
        };
        if !is_valid {
            return Err(Fault::Malformed);
        }
        at += HEAD + value.len();
    }
    Ok(checksum)
}

fn is_whole(tlvs: &[u8]) -> bool {
    all(tlvs).map(|(_, value)| HEAD + value.len()).sum::<usize>() == tlvs.len()
}

/// The types and values of `tlvs`, up to one that is cut short.
pub fn all(tlvs: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = tlvs;
    std::iter::from_fn(move || {
        let (kind, value) = first(rest)?;
        rest = &rest[HEAD + value.len()..];
        Some((kind, value))
    })
}

fn first(tlvs: &[u8]) -> Option<(u8, &[u8])> {
    let [kind, high, low, rest @ ..] = tlvs else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    Some((*kind, rest.get(..length)?))
}

/// Reads a value of type [`SSL`].
pub fn ssl(value: &[u8]) -> Option<Ssl<'_>> {
    let [client, a, b, c, d, tlvs @ ..] = value else { return None };
    Some(Ssl { client: *client, verify: u32::from_be_bytes([*a, *b, *c, *d]), tlvs })
}

/// Appends a value to `tlvs`. Returns `None` if it is longer than its length can say.
pub fn put(tlvs: &mut Vec<u8>, kind: u8, value: &[u8]) -> Option<()> {
    let length = u16::try_from(value.len()).ok()?;
    tlvs.push(kind);
    tlvs.extend(length.to_be_bytes());
    tlvs.extend(value);
    Some(())
}

/// Appends a value of type [`SSL`]. Returns `None` if it is longer than its length can say.
pub fn put_ssl(tlvs: &mut Vec<u8>, ssl: &Ssl<'_>) -> Option<()> {
    let mut value = Vec::with_capacity(SSL_HEAD + ssl.tlvs.len());
    value.push(ssl.client);
    value.extend(ssl.verify.to_be_bytes());
    value.extend(ssl.tlvs);
    put(tlvs, SSL, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let mut names = Vec::new();
        put(&mut names, 0x21, b"TLSv1.3").unwrap();
        put(&mut names, 0x22, b"client").unwrap();
        let written = Ssl { client: 7, verify: 18, tlvs: &names };
        let mut tlvs = Vec::new();
        put(&mut tlvs, AUTHORITY, b"example.org").unwrap();
        put_ssl(&mut tlvs, &written).unwrap();
        assert_eq!(check(&tlvs), Ok(None));
        let read: Vec<_> = all(&tlvs).collect();
        assert_eq!(read[0], (AUTHORITY, b"example.org".as_slice()));
        assert_eq!((read[1].0, ssl(read[1].1)), (SSL, Some(written)));
        assert_eq!(put(&mut tlvs, 0xe0, &[0; 1 << 16]), None);
    }

    #[test]
    fn refuses_what_is_cut_short_or_has_a_wrong_length() {
        for tlvs in [
            b"\x01".as_slice(),
            b"\x01\0",
            b"\x01\0\x01",
            b"\x03\0\x03abc",
            b"\x03\0\x04abcd\x03\0\x04abcd",
            b"\x20\0\x04\x01\0\0\0",
            b"\x20\0\x07\x01\0\0\0\0\x21\0",
            &[&[UNIQUE_ID, 0, 129], [0; 129].as_slice()].concat(),
        ] {
            assert_eq!(check(tlvs), Err(Fault::Malformed), "{tlvs:?}");
        }
        assert_eq!(check(b"\x04\0\0\x03\0\x04abcd"), Ok(Some(6)));
    }
}
