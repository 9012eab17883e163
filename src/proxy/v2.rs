//! Version 2: a binary header.

use std::net::SocketAddr;

use super::{Endpoints, Fault, Header, Parsed, crc32c, tlv};

/// What it begins with.
pub const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The signature, the command, the family and the length of the rest.
pub const HEAD: usize = 16;

/// The longest header that its length can say.
pub const MAX_LENGTH: usize = HEAD + 0xffff;

const VERSION: u8 = 0x20;
const LOCAL: u8 = 0;
const PROXY: u8 = 1;

const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const UDP4: u8 = 0x12;
const TCP6: u8 = 0x21;
const UDP6: u8 = 0x22;
const UNIX_STREAM: u8 = 0x31;
const UNIX_DATAGRAM: u8 = 0x32;

const PATH: usize = 108;
const CHECKSUM: usize = 4;

/// Reads `bytes`, which begin as [`SIGNATURE`] does; the header may be `limit` bytes long.
pub fn parse(bytes: &[u8], limit: usize) -> Result<Parsed, Fault> {
    let Some(&command) = bytes.get(12) else { return Ok(Parsed::Partial) };
    let is_local = match command {
        _ if command & 0xf0 != VERSION => return Err(Fault::Malformed),
        _ if command & 0x0f == LOCAL => true,
        _ if command & 0x0f == PROXY => false,
        _ => return Err(Fault::Malformed),
    };
    let Some(&[family, high, low]) = bytes.get(13..HEAD) else { return Ok(Parsed::Partial) };
    let length = HEAD + usize::from(u16::from_be_bytes([high, low]));
    if length > limit {
        return Err(Fault::TooLong);
    }
    let Some(whole) = bytes.get(..length) else { return Ok(Parsed::Partial) };
    if is_local {
        // All that follows is to be ignored.
        let header =
            Header { version: 2, is_local, is_datagram: false, endpoints: Endpoints::Unknown, tlvs: Box::default() };
        return Ok(Parsed::Whole(length, header));
    }
    let (endpoints, tlvs) = endpoints(family, &whole[HEAD..])?;
    if let Some(at) = tlv::check(tlvs)? {
        let at = length - tlvs.len() + at;
        let (before, rest) = whole.split_at(at);
        let (stated, behind) = rest.split_at(CHECKSUM);
        if crc32c::checksum(&[before, &[0; CHECKSUM], behind]).to_be_bytes() != stated {
            return Err(Fault::Malformed);
        }
    }
    let is_datagram = matches!(family, UDP4 | UDP6 | UNIX_DATAGRAM);
    Ok(Parsed::Whole(length, Header { version: 2, is_local, is_datagram, endpoints, tlvs: tlvs.into() }))
}

/// Reads the addresses of `family`. Returns what is after them, too.
fn endpoints(family: u8, body: &[u8]) -> Result<(Endpoints, &[u8]), Fault> {
    let length = match family {
        UNSPECIFIED => 0,
        TCP4 | UDP4 => 12,
        TCP6 | UDP6 => 36,
        UNIX_STREAM | UNIX_DATAGRAM => 2 * PATH,
        _ => return Err(Fault::Malformed),
    };
    let (addresses, rest) = body.split_at_checked(length).ok_or(Fault::Malformed)?;
    let endpoints = match *addresses {
        [] => Endpoints::Unknown,
        [a, b, c, d, e, f, g, h, i, j, k, l] => Endpoints::Inet {
            source: ([a, b, c, d], u16::from_be_bytes([i, j])).into(),
            destination: ([e, f, g, h], u16::from_be_bytes([k, l])).into(),
        },
        _ if length == 36 => {
            let address = |at: usize, port: usize| -> Option<SocketAddr> {
                let octets: [u8; 16] = addresses.get(at..at + 16)?.try_into().ok()?;
                let port = addresses.get(port..port + 2)?.try_into().ok()?;
                Some((octets, u16::from_be_bytes(port)).into())
            };
            let (source, destination) = (address(0, 32), address(16, 34));
            Endpoints::Inet {
                source: source.ok_or(Fault::Malformed)?,
                destination: destination.ok_or(Fault::Malformed)?,
            }
        }
        _ => Endpoints::Unix { source: path(&addresses[..PATH]), destination: path(&addresses[PATH..]) },
    };
    Ok((endpoints, rest))
}

/// A path up to its NUL. An abstract one begins with a NUL, and ends with its last other byte.
fn path(field: &[u8]) -> Box<[u8]> {
    let length = match field.first() {
        Some(0) => field.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1),
        _ => field.iter().position(|byte| *byte == 0).unwrap_or(field.len()),
    };
    field[..length].into()
}

/// The bytes of `header`; with `is_checked`, with a checksum. Returns `None` if a path or all of it is too long, or if
/// one address is of IPv4 and the other is not.
pub fn build(header: &Header, is_checked: bool) -> Option<Vec<u8>> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.push(VERSION | if header.is_local { LOCAL } else { PROXY });
    let of = |stream, datagram| if header.is_datagram { datagram } else { stream };
    bytes.push(match &header.endpoints {
        Endpoints::Unknown => UNSPECIFIED,
        Endpoints::Inet { source: SocketAddr::V4(_), .. } => of(TCP4, UDP4),
        Endpoints::Inet { .. } => of(TCP6, UDP6),
        Endpoints::Unix { .. } => of(UNIX_STREAM, UNIX_DATAGRAM),
    });
    bytes.extend([0, 0]);
    match &header.endpoints {
        Endpoints::Unknown => {}
        Endpoints::Inet { source: SocketAddr::V4(source), destination: SocketAddr::V4(destination) } => {
            bytes.extend(source.ip().octets());
            bytes.extend(destination.ip().octets());
            bytes.extend(source.port().to_be_bytes());
            bytes.extend(destination.port().to_be_bytes());
        }
        Endpoints::Inet { source: SocketAddr::V6(source), destination: SocketAddr::V6(destination) } => {
            bytes.extend(source.ip().octets());
            bytes.extend(destination.ip().octets());
            bytes.extend(source.port().to_be_bytes());
            bytes.extend(destination.port().to_be_bytes());
        }
        Endpoints::Inet { .. } => return None,
        Endpoints::Unix { source, destination } => {
            for path in [source, destination] {
                let padding = PATH.checked_sub(path.len())?;
                bytes.extend(path.iter());
                bytes.extend(std::iter::repeat_n(0, padding));
            }
        }
    }
    bytes.extend(header.tlvs.iter());
    if is_checked {
        tlv::put(&mut bytes, tlv::CRC32C, &[0; CHECKSUM])?;
    }
    let length = u16::try_from(bytes.len() - HEAD).ok()?;
    bytes[HEAD - 2..HEAD].copy_from_slice(&length.to_be_bytes());
    if is_checked {
        let sum = crc32c::checksum(&[&bytes]);
        let at = bytes.len() - CHECKSUM;
        bytes[at..].copy_from_slice(&sum.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, body].concat()
    }

    fn read(bytes: &[u8]) -> Result<Header, Fault> {
        match parse(bytes, 512)? {
            Parsed::Whole(length, header) => {
                assert_eq!(length, bytes.len());
                Ok(header)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_addresses_of_every_family() {
        let four = [192, 0, 2, 1, 192, 0, 2, 2, 0x13, 0x88, 1, 0xbb];
        let expected =
            Endpoints::Inet { source: ([192, 0, 2, 1], 5000).into(), destination: ([192, 0, 2, 2], 443).into() };
        for (family, is_datagram) in [(TCP4, false), (UDP4, true)] {
            let found = read(&header(0x21, family, &four)).unwrap();
            assert_eq!((found.endpoints, found.is_datagram), (expected.clone(), is_datagram));
        }
        let mut six = [0; 36];
        (six[15], six[31], six[33], six[35]) = (1, 2, 3, 4);
        let Endpoints::Inet { source, destination } = read(&header(0x21, TCP6, &six)).unwrap().endpoints else {
            panic!()
        };
        assert_eq!((source.to_string(), destination.to_string()), ("[::1]:3".into(), "[::2]:4".into()));
        let mut paths = [0; 216];
        paths[..4].copy_from_slice(b"/tmp");
        paths[108..113].copy_from_slice(b"\0name");
        let expected = Endpoints::Unix { source: (*b"/tmp").into(), destination: (*b"\0name").into() };
        assert_eq!(read(&header(0x21, UNIX_STREAM, &paths)).unwrap().endpoints, expected);
        assert_eq!(read(&header(0x21, UNSPECIFIED, b"")).unwrap().endpoints, Endpoints::Unknown);
    }

    #[test]
    fn of_a_local_command_nothing_else_counts() {
        for bytes in [header(0x20, 0, b""), header(0x20, 0xff, b"whatever \xff"), header(0x20, TCP4, b"\x01")] {
            let found = read(&bytes).unwrap();
            assert!(found.is_local && found.endpoints == Endpoints::Unknown && found.tlvs.is_empty());
        }
    }

    #[test]
    fn refuses_what_breaks_a_rule() {
        for bytes in [
            header(0x11, TCP4, &[0; 12]),
            header(0x22, TCP4, &[0; 12]),
            header(0x21, 0x41, &[0; 12]),
            header(0x21, 0x13, &[0; 12]),
            header(0x21, 0x10, &[0; 12]),
            header(0x21, 0x01, &[0; 12]),
            header(0x21, TCP4, &[0; 11]),
            header(0x21, TCP6, &[0; 35]),
            header(0x21, UNIX_STREAM, &[0; 215]),
            header(0x21, TCP4, &[0; 13]),
            header(0x21, UNSPECIFIED, b"\x01\0\x02h"),
        ] {
            assert_eq!(parse(&bytes, 512), Err(Fault::Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_limit_is_known_before_the_rest_has_come() {
        let bytes = header(0x21, UNSPECIFIED, &[0x04, 0, 1, 0]);
        assert_eq!(parse(&bytes[..HEAD], bytes.len()), Ok(Parsed::Partial));
        assert_eq!(parse(&bytes[..HEAD], bytes.len() - 1), Err(Fault::TooLong));
    }

    #[test]
    fn builds_nothing_that_can_not_be_said() {
        let header = |endpoints, tlvs: usize| Header {
            version: 2,
            is_local: false,
            is_datagram: false,
            endpoints,
            tlvs: vec![4; tlvs].into(),
        };
        let long = Endpoints::Unix { source: vec![1; PATH + 1].into(), destination: Box::default() };
        assert_eq!(build(&header(long, 0), false), None);
        let mixed = Endpoints::Inet { source: ([1, 2, 3, 4], 1).into(), destination: ([0; 16], 1).into() };
        assert_eq!(build(&header(mixed, 0), false), None);
        assert_eq!(build(&header(Endpoints::Unknown, 0x1_0000), false), None);
        assert_eq!(build(&header(Endpoints::Unknown, 0xffff), true), None);
        assert!(build(&header(Endpoints::Unknown, 0xffff), false).is_some());
    }
}
