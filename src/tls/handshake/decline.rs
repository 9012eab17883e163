//! Which ClientHellos rustls leaves to another implementation of TLS: those that it has no answer to but an alert, while the
//! other may have suites, groups, versions or signature schemes that the client has, too.
//!
//! Pure. A client that is older than the other supports is refused here, and so is one that violates the protocol.

use rustls::server::ClientHello;
use rustls::{Error, PeerIncompatible, PeerMisbehaved, ServerConfig};

use super::exchange::{Declined, Failure};
use super::hello::HelloDetails;
use crate::tls::error::{TlsError, is_unsuited_key};

/// From which version on ClientHellos are left to another implementation; `None` if none are.
#[derive(Clone, Copy)]
pub struct Declining(pub Option<u16>);

impl Declining {
    /// Whether a client with these `details` may be handed to the other implementation.
    pub fn covers(self, details: &HelloDetails) -> bool {
        self.0.is_some_and(|oldest| details.newest_version >= oldest)
    }

    /// Whether a ClientHello that rustls has refused with `error` may be.
    pub fn is_for(self, error: &Error, details: &HelloDetails) -> bool {
        // Others take names that can't be in DNS.
        let is_odd_name = matches!(error, Error::PeerMisbehaved(PeerMisbehaved::ServerNameMustContainOneHostName));
        let is_lacking = matches!(error, Error::PeerIncompatible(_)) || is_unsuited_key(error);
        (is_lacking || is_odd_name) && self.covers(details)
    }
}

/// Whether `config` has one of the client's suites, of whatever version. Without one, there is nothing else to find out.
pub fn shares_suite(config: &ServerConfig, hello: &ClientHello<'_>) -> bool {
    let theirs = hello.cipher_suites();
    config.crypto_provider().cipher_suites.iter().any(|ours| theirs.contains(&ours.suite()))
}

/// What is wrong with a client that shares no suite.
pub fn no_suite() -> Error {
    PeerIncompatible::NoCipherSuitesInCommon.into()
}

/// The handshake is another's, because rustls has `error`: what was `received`, and the `rest` that it has not read.
pub fn declined(error: &Error, mut received: Vec<u8>, mut rest: Vec<u8>) -> Failure {
    received.append(&mut rest);
    Failure::Declined(Declined { received, reason: TlsError::from(error).message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_other_may_have_is_left() {
        let of = |newest_version| HelloDetails { newest_version, ..HelloDetails::default() };
        let declining = Declining(Some(0x0303));
        assert!(declining.is_for(&no_suite(), &of(0x0303)) && declining.is_for(&no_suite(), &of(0x0304)));
        assert!(!declining.is_for(&no_suite(), &of(0x0302)), "the client is too old");
        assert!(!Declining(None).is_for(&no_suite(), &of(0x0304)), "there is no other");
        let misbehaved = PeerMisbehaved::OfferedEmptyApplicationProtocol.into();
        assert!(!declining.is_for(&misbehaved, &of(0x0304)));
        assert!(declining.is_for(&PeerMisbehaved::ServerNameMustContainOneHostName.into(), &of(0x0304)));
        assert!(!declining.is_for(&Error::NoApplicationProtocol, &of(0x0304)));
    }

    #[test]
    fn what_was_received_is_left_whole() {
        let Failure::Declined(declined) = declined(&no_suite(), b"hello".to_vec(), b"more".to_vec()) else { panic!() };
        assert_eq!(declined.received, b"hellomore");
        assert!(declined.reason.starts_with("no shared cipher"));
    }
}
