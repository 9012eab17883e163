//! What a certificate is used for: a server's or a client's own, or an issuer's on the path to it.
//!
//! Pure.

use x509_parser::prelude::X509Certificate;

use super::certificate::may_issue;

/// What a peer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedPeer<'a> {
    /// A server, and the name or address that its certificate has to be for, if that is to be checked.
    Server {
        /// The name or address, without brackets.
        name: Option<&'a str>,
    },
    /// A client.
    Client,
}

/// OpenSSL's purposes `sslserver` and `sslclient`, for the peer's own certificate and for its issuers.
pub fn suits(certificate: &X509Certificate<'_>, peer: ExpectedPeer<'_>, is_issuer: bool) -> bool {
    let (Ok(extended), Ok(usage)) = (certificate.extended_key_usage(), certificate.key_usage()) else { return false };
    let extended_suits = extended.is_none_or(|extended| match peer {
        ExpectedPeer::Server { .. } => extended.value.server_auth,
        ExpectedPeer::Client => extended.value.client_auth,
    });
    if is_issuer {
        // OpenSSL says of a missing certificate signing more when it looks at signatures.
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
