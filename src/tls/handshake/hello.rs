//! What hellos have that rustls does not show. A ClientHello: the id of a session, whether the client takes tickets, whether
//! it asks for a stapled OCSP response, and the newest version that it supports. A ServerHello: its random number.
//!
//! Pure. Anything unexpected means that there is nothing of it: rustls has the last word on what a hello is.

const RECORD_HEADER: usize = 5;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const RANDOM: usize = 32;
const STATUS_REQUEST: u16 = 5;
const SESSION_TICKET: u16 = 35;
const SUPPORTED_VERSIONS: u16 = 43;
/// SSL 3.0 to TLS 1.3. Clients offer numbers without a meaning beside these (RFC 8701).
const VERSIONS: std::ops::RangeInclusive<u16> = 0x0300..=0x0304;
const OCSP: u8 = 1;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelloDetails {
    /// The id of the session to resume. Where there is a ticket, or under TLS 1.3, it may be random.
    pub session_id: Vec<u8>,
    /// Whether the client takes tickets of TLS 1.2.
    pub takes_tickets: bool,
    /// Whether the client offers one.
    pub has_ticket: bool,
    /// Whether the client asks for a stapled OCSP response.
    pub asks_for_stapling: bool,
    /// The number of the newest version that the client supports.
    pub newest_version: u16,
}

impl HelloDetails {
    /// Reads the records that a ClientHello has come in.
    pub fn read(records: &[u8]) -> Self {
        let mut details = Self::default();
        // What was found up to an unexpected place counts.
        let _ = details.read_message(&first_messages(records));
        details
    }

    fn read_message(&mut self, message: &[u8]) -> Option<()> {
        let mut message = Reader(message);
        if message.byte()? != CLIENT_HELLO {
            return None;
        }
        let mut hello = Reader(message.vector(3)?);
        self.newest_version = hello.number()?;
        hello.take(RANDOM)?;
        self.session_id = hello.vector(1)?.to_vec();
        let _suites = hello.vector(2)?;
        let _compressions = hello.vector(1)?;
        let mut extensions = Reader(hello.vector(2)?);
        while !extensions.0.is_empty() {
            let kind = extensions.number()?;
            let body = extensions.vector(2)?;
            match kind {
                STATUS_REQUEST => self.asks_for_stapling = body.first() == Some(&OCSP),
                SESSION_TICKET => {
                    self.takes_tickets = true;
                    self.has_ticket = !body.is_empty();
                }
                SUPPORTED_VERSIONS => {
                    let mut versions = Reader(Reader(body).vector(1)?);
                    while let Some(version) = versions.number() {
                        if VERSIONS.contains(&version) {
                            self.newest_version = self.newest_version.max(version);
                        }
                    }
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// The random number of a ServerHello at the beginning of `records`.
pub fn server_random(records: &[u8]) -> Option<[u8; RANDOM]> {
    let messages = first_messages(records);
    let mut message = Reader(&messages);
    if message.byte()? != SERVER_HELLO {
        return None;
    }
    let mut hello = Reader(message.vector(3)?);
    let _version = hello.number()?;
    hello.take(RANDOM)?.try_into().ok()
}

/// The handshake messages at the beginning of `records`, joined. A warning may come before them.
fn first_messages(records: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(records.len());
    let mut rest = Reader(records);
    while let Some(&[kind, _, _, high, low]) = rest.take(RECORD_HEADER) {
        let length = usize::from(u16::from_be_bytes([high, low]));
        match rest.take(length) {
            Some(body) if kind == HANDSHAKE => joined.extend_from_slice(body),
            Some(_) if kind == ALERT => {}
            _ => break,
        }
    }
    joined
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// What is after its length, which has `size` bytes.
    fn vector(&mut self, size: usize) -> Option<&'a [u8]> {
        let length = self.take(size)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::ClientConnection;
    use rustls::pki_types::ServerName;

    use super::*;
    use crate::tls::credentials::{Credentials, Options};

    fn records(fragment: Option<usize>, version: &str) -> Vec<u8> {
        let options = Options { ca: Some(vec![]), max_version: Some(version.into()), ..Options::default() };
        let mut config = Credentials::new(&options).unwrap().client;
        Arc::make_mut(&mut config).max_fragment_size = fragment;
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(config, name).unwrap();
        let mut records = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut records).unwrap();
        }
        records
    }

    #[test]
    fn a_client_of_rustls_takes_tickets_and_asks_for_stapling() {
        for fragment in [None, Some(40)] {
            let details = HelloDetails::read(&records(fragment, "TLSv1.2"));
            let expected = HelloDetails {
                takes_tickets: true,
                asks_for_stapling: true,
                newest_version: 0x0303,
                ..HelloDetails::default()
            };
            assert_eq!(details, expected);
            let newer = HelloDetails::read(&records(fragment, "TLSv1.3"));
            assert_eq!((newer.session_id.len(), newer.newest_version), (32, 0x0304));
        }
    }

    #[test]
    fn a_hello_that_is_cut_off_anywhere_has_what_came() {
        let whole = records(None, "TLSv1.3");
        for length in 0..whole.len() {
            let details = HelloDetails::read(&whole[..length]);
            assert_eq!(details, HelloDetails::default(), "the record is not whole");
        }
        let message = first_messages(&whole);
        let mut short = message.clone();
        short.truncate(40);
        assert_eq!(HelloDetails::default().read_message(&short), None);
        let mut made_up = message.clone();
        let versions = message.windows(7).position(|part| part == [0, 43, 0, 5, 4, 3, 4]).unwrap();
        made_up[versions + 5..versions + 7].copy_from_slice(&[0x7a, 0x7a]);
        let mut details = HelloDetails::default();
        details.read_message(&made_up).unwrap();
        assert_eq!(details.newest_version, 0x0303, "a number without a meaning is no version");
        assert_eq!(HelloDetails::read(b"GET / HTTP/1.1\r\n\r\n"), HelloDetails::default());
    }
}
