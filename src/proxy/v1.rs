//! Version 1: one line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Endpoints, Fault, Header, Parsed};

/// What it begins with.
pub const SIGNATURE: &[u8] = b"PROXY ";

/// The longest line with its end: `UNKNOWN` with two IPv6 addresses.
pub const MAX_LENGTH: usize = 107;

const END: &[u8] = b"\r\n";

/// Reads `bytes`, which begin as [`SIGNATURE`] does.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Fault> {
    let seen = &bytes[..bytes.len().min(MAX_LENGTH)];
    let Some(at) = seen.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)) else {
        return if bytes.len() < MAX_LENGTH { Ok(Parsed::Partial) } else { Err(Fault::TooLong) };
    };
    match &seen[at..] {
        [b'\r'] if at + END.len() > MAX_LENGTH => Err(Fault::TooLong),
        [b'\r'] => Ok(Parsed::Partial),
        [b'\r', b'\n', ..] => {
            let endpoints = std::str::from_utf8(&seen[..at]).ok().and_then(endpoints).ok_or(Fault::Malformed)?;
            let header = Header { version: 1, is_local: false, is_datagram: false, endpoints, tlvs: Box::default() };
            Ok(Parsed::Whole(at + END.len(), header))
        }
        _ => Err(Fault::Malformed),
    }
}

/// What a line without its end says; `None` if it breaks a rule.
fn endpoints(line: &str) -> Option<Endpoints> {
    let mut words = line.split(' ').skip(1);
    let protocol = words.next()?;
    if protocol == "UNKNOWN" {
        // What follows is to be ignored.
        return Some(Endpoints::Unknown);
    }
    let ip = |word: &str| -> Option<IpAddr> {
        match protocol {
            "TCP4" => word.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            "TCP6" => word.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let (source, destination) = (ip(words.next()?)?, ip(words.next()?)?);
    let (source_port, destination_port) = (port(words.next()?)?, port(words.next()?)?);
    if words.next().is_some() {
        return None;
    }
    Some(Endpoints::Inet {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

/// A port in its only form: digits, without zeros before it.
fn port(word: &str) -> Option<u16> {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    is_plain.then(|| word.parse().ok()).flatten()
}

/// The line for `endpoints`. It has no words for UNIX sockets.
pub fn build(endpoints: &Endpoints) -> Vec<u8> {
    match endpoints {
        Endpoints::Inet { source, destination } => {
            let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
            let (from, to) = (source.ip(), destination.ip());
            format!("PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port()).into_bytes()
        }
        Endpoints::Unknown | Endpoints::Unix { .. } => b"PROXY UNKNOWN\r\n".to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[u8]) -> Result<Endpoints, Fault> {
        match parse(line)? {
            Parsed::Whole(length, header) => {
                assert_eq!(length, line.len());
                Ok(header.endpoints)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_the_lines_of_the_specification() {
        let four = Endpoints::Inet {
            source: ([255, 255, 255, 255], 65535).into(),
            destination: ([192, 168, 0, 11], 443).into(),
        };
        assert_eq!(read(b"PROXY TCP4 255.255.255.255 192.168.0.11 65535 443\r\n"), Ok(four));
        let all = Ipv6Addr::from([0xffff; 8]);
        let six = Endpoints::Inet { source: (all, 65535).into(), destination: (all, 65535).into() };
        let line = "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
        assert_eq!(read(line.as_bytes()), Ok(six));
        assert_eq!(read(b"PROXY UNKNOWN\r\n"), Ok(Endpoints::Unknown));
        let longest = line.replace("TCP6", "UNKNOWN");
        assert_eq!(longest.len(), MAX_LENGTH);
        assert_eq!(read(longest.as_bytes()), Ok(Endpoints::Unknown));
    }

    #[test]
    fn refuses_what_breaks_a_rule() {
        for line in [
            "PROXY \r\n",
            "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
            "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
            "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
            "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
            "PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
            "PROXY TCP6 fe80::1%lo ::1 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
            "PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n",
            "PROXY UNKNOWN\rx",
        ] {
            assert_eq!(parse(line.as_bytes()), Err(Fault::Malformed), "{line:?}");
        }
        assert_eq!(parse(b"PROXY TCP4 \xff\r\n"), Err(Fault::Malformed));
    }

    #[test]
    fn a_line_without_an_end_is_too_long() {
        let line = [SIGNATURE, &[b'x'; MAX_LENGTH]].concat();
        assert_eq!(parse(&line[..MAX_LENGTH - 1]), Ok(Parsed::Partial));
        assert_eq!(parse(&line[..MAX_LENGTH]), Err(Fault::TooLong));
        let mut ended = line[..MAX_LENGTH - 1].to_vec();
        ended.extend(END);
        assert_eq!(parse(&ended), Err(Fault::TooLong));
    }
}
