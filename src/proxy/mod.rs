//! The PROXY protocol, versions 1 and 2: what a proxy says of the connection that it passes on, before anything else.
//! Pure: bytes to values and back (HAProxy's `proxy-protocol.txt`).
//!
//! | file | |
//! |---|---|
//! | [`v1`], [`v2`] | the line of version 1; the binary header of version 2 |
//! | [`tlv`] | what version 2 may say beside the addresses |
//! | [`crc32c`] | the checksum of version 2 |
//! | [`policy`] | who may send a header, and who has to |
//!
//! Reading is incremental and keeps nothing: [`parse`] gets all that has come so far, and returns the same for the same
//! bytes. What it reads is bounded by [`v1::MAX_LENGTH`] and by the caller's limit for version 2.

mod crc32c;
pub mod policy;
pub mod tlv;
pub mod v1;
pub mod v2;

use std::net::SocketAddr;

/// What has come so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// It may become a header.
    Partial,
    /// It is no header, whatever comes.
    Other,
    /// It begins with a header of this many bytes.
    Whole(usize, Header),
}

/// Why a header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It breaks the rules of its version, or its checksum is wrong.
    Malformed,
    /// It is longer than may be.
    TooLong,
}

/// A header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// 1 or 2.
    pub version: u8,
    /// The proxy speaks for itself, as in a health check: the addresses are those of the connection.
    pub is_local: bool,
    /// The client has sent datagrams to the proxy.
    pub is_datagram: bool,
    /// The client's connection to the proxy.
    pub endpoints: Endpoints,
    /// Version 2: what else there is to say, each with its type and length. Checked by [`tlv::check`].
    pub tlvs: Box<[u8]>,
}

/// The two ends of the client's connection to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoints {
    /// They are not known.
    Unknown,
    /// Both of one family.
    Inet {
        /// The client.
        source: SocketAddr,
        /// Where it has connected to.
        destination: SocketAddr,
    },
    /// Paths of UNIX sockets, which may be empty; abstract ones begin with a NUL.
    Unix {
        /// The client.
        source: Box<[u8]>,
        /// Where it has connected to.
        destination: Box<[u8]>,
    },
}

/// Reads what begins a connection; a header of version 2 may be `limit` bytes long.
pub fn parse(bytes: &[u8], limit: usize) -> Result<Parsed, Fault> {
    if begins_as(bytes, v2::SIGNATURE) {
        v2::parse(bytes, limit)
    } else if begins_as(bytes, v1::SIGNATURE) {
        v1::parse(bytes)
    } else {
        Ok(Parsed::Other)
    }
}

/// Whether `bytes` are the beginning of `signature`, or begin with it.
fn begins_as(bytes: &[u8], signature: &[u8]) -> bool {
    let length = bytes.len().min(signature.len());
    bytes[..length] == signature[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 4096;

    /// Every beginning of a header is the beginning of one, and what is after it is not looked at.
    fn hold_to_prefixes(bytes: &[u8], header: &Header) {
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length], LIMIT), Ok(Parsed::Partial), "{length} of {bytes:?}");
        }
        for rest in [b"".as_slice(), b"\r\n", b"GET / HTTP/1.1\r\n\r\n", v2::SIGNATURE] {
            let whole = [bytes, rest].concat();
            assert_eq!(parse(&whole, LIMIT), Ok(Parsed::Whole(bytes.len(), header.clone())));
        }
    }

    /// Numbers that look random, the same in every run.
    struct Random(u64);

    impl Random {
        fn next(&mut self, below: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % below
        }

        fn bytes(&mut self, most: usize) -> Vec<u8> {
            (0..self.next(most + 1)).map(|_| self.next(256) as u8).collect()
        }

        fn address(&mut self, v6: bool) -> SocketAddr {
            let port = self.next(1 << 16) as u16;
            let mut octets = [0; 16];
            octets.iter_mut().for_each(|octet| *octet = self.next(256) as u8 * self.next(2) as u8);
            if v6 { (octets, port).into() } else { ([octets[0], octets[1], octets[2], octets[3]], port).into() }
        }

        fn path(&mut self) -> Box<[u8]> {
            let mut path: Vec<u8> = (0..self.next(109)).map(|_| 1 + self.next(255) as u8).collect();
            // A path that fills its field is not closed by a NUL.
            path.truncate(108);
            path.into()
        }

        fn endpoints(&mut self) -> Endpoints {
            match self.next(4) {
                0 => Endpoints::Unknown,
                1 => Endpoints::Unix { source: self.path(), destination: self.path() },
                family => Endpoints::Inet { source: self.address(family == 3), destination: self.address(family == 3) },
            }
        }
    }

    #[test]
    fn what_is_built_is_read_split_at_every_byte() {
        let mut random = Random(1);
        for _ in 0..300 {
            let endpoints = random.endpoints();
            let line = Header {
                version: 1,
                is_local: false,
                is_datagram: false,
                endpoints: if matches!(endpoints, Endpoints::Unix { .. }) {
                    Endpoints::Unknown
                } else {
                    endpoints.clone()
                },
                tlvs: Box::default(),
            };
            hold_to_prefixes(&v1::build(&line.endpoints), &line);

            let mut tlvs = Vec::new();
            for _ in 0..random.next(4) {
                tlv::put(&mut tlvs, 0xe0 + random.next(16) as u8, &random.bytes(40)).unwrap();
            }
            let is_checked = random.next(2) == 1;
            let is_datagram = random.next(2) == 1 && endpoints != Endpoints::Unknown;
            let header = Header { version: 2, is_local: false, is_datagram, endpoints, tlvs: tlvs.into() };
            let bytes = v2::build(&header, is_checked).unwrap();
            let Ok(Parsed::Whole(length, read)) = parse(&bytes, LIMIT) else { panic!("{bytes:?}") };
            assert_eq!(
                (length, read.endpoints, read.is_datagram),
                (bytes.len(), header.endpoints.clone(), is_datagram)
            );
            let own: Vec<_> = tlv::all(&read.tlvs).filter(|(kind, _)| *kind != tlv::CRC32C).collect();
            assert_eq!(own, tlv::all(&header.tlvs).collect::<Vec<_>>());
            hold_to_prefixes(&bytes, &Header { tlvs: read.tlvs, ..header });
        }
    }

    #[test]
    fn what_a_beginning_decides_stays_decided() {
        let mut random = Random(2);
        for _ in 0..3000 {
            let endpoints = random.endpoints();
            let mut tlvs = Vec::new();
            tlv::put(&mut tlvs, tlv::SSL, &random.bytes(12)).unwrap();
            let header = Header { version: 2, is_local: false, is_datagram: false, endpoints, tlvs: tlvs.into() };
            let is_line = random.next(2) == 1;
            let mut bytes = if is_line { v1::build(&header.endpoints) } else { v2::build(&header, true).unwrap() };
            for _ in 0..random.next(4) {
                let at = random.next(bytes.len());
                bytes[at] = random.next(256) as u8;
            }
            let whole = parse(&bytes, 128);
            for cut in 0..bytes.len() {
                let known = parse(&bytes[..cut], 128);
                assert!(known == Ok(Parsed::Partial) || known == whole, "{cut} of {bytes:?}: {known:?}, {whole:?}");
            }
        }
    }

    #[test]
    fn a_checksum_finds_every_bit_that_is_wrong() {
        let mut tlvs = Vec::new();
        tlv::put(&mut tlvs, tlv::AUTHORITY, b"example.org").unwrap();
        let source = ([192, 0, 2, 1], 5000).into();
        let endpoints = Endpoints::Inet { source, destination: ([192, 0, 2, 2], 443).into() };
        let header = Header { version: 2, is_local: false, is_datagram: false, endpoints, tlvs: tlvs.into() };
        let bytes = v2::build(&header, true).unwrap();
        // After the address family and the length, which decide what is checked.
        for bit in 16 * 8..bytes.len() * 8 {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let outcome = parse(&wrong, LIMIT);
            // Only the checksum's own type can be wrong without being found: then there is none.
            let hides = bit / 8 == bytes.len() - 7;
            assert!(outcome == Err(Fault::Malformed) || hides, "bit {bit}: {outcome:?}");
        }
    }

    #[test]
    fn what_is_no_header_is_known_by_its_first_wrong_byte() {
        for (bytes, expected) in [
            (b"GET / HTTP/1.1".as_slice(), Ok(Parsed::Other)),
            (b"PROPFIND / HTTP/1.1", Ok(Parsed::Other)),
            (b"PRO", Ok(Parsed::Partial)),
            (b"PROXY", Ok(Parsed::Partial)),
            (b"PROXYX", Ok(Parsed::Other)),
            (b"\r\n", Ok(Parsed::Partial)),
            (b"\r\nx", Ok(Parsed::Other)),
            (b"\x16\x03\x01", Ok(Parsed::Other)),
            (b"", Ok(Parsed::Partial)),
        ] {
            assert_eq!(parse(bytes, LIMIT), expected, "{bytes:?}");
        }
    }
}
