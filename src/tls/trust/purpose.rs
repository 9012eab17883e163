//! The use of a certificate: as a server's or a client's own, or as an issuer's on a path.
//!
//! Pure.

use x509_parser::prelude::X509Certificate;

use super::certificate::may_issue;

/// What a peer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedPeer<'a> {
    /// A server. If there is a name, its certificate has to be for that.
    Server {
        /// The name or address, without brackets.
        name: Option<&'a str>,
    },
    /// A client.
    Client,
}

/// Whether a certificate may be used, as the peer's own or an issuer's, by OpenSSL's purposes `sslserver` and `sslclient`.
pub fn suits(certificate: &X509Certificate<'_>, peer: ExpectedPeer<'_>, is_issuer: bool) -> bool {
    let (Ok(extended), Ok(usage)) = (certificate.extended_key_usage(), certificate.key_usage()) else { return false };
    let extended_suits = extended.is_none_or(|extended| match peer {
        ExpectedPeer::Server { .. } => extended.value.server_auth,
        ExpectedPeer::Client => extended.value.client_auth,
    });
    if is_issuer {
        // A key usage without certificate signing is a fault of the signature, as in OpenSSL.
        let may_issue = may_issue(certificate) || usage.is_some_and(|usage| !usage.value.key_cert_sign());
        return extended_suits && may_issue;
    }
    let usage_suits = usage.is_none_or(|usage| {
        let usage = usage.value;
        let encipherment = matches!(peer, ExpectedPeer::Server { .. }) && usage.key_encipherment();
        usage.digital_signature() || usage.key_agreement() || encipherment
    });
    extended_suits && usage_suits
}
