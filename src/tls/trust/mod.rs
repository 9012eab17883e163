//! Whom do we trust? Is a peer with these certificates to be trusted (D21), and if not, why, in Node's codes?
//!
//! [`judge`](mod@judge) alone decides. A [`Verifier`] calls it during a handshake, and the handshake again at its end. A
//! [`Trust`] is made once per credentials and never changes. Everything here is pure, but for [`extra_file`] and the default list, and
//! may be called on any thread: handshakes do not run on JavaScript's.
//!
//! | file | |
//! |---|---|
//! | [`judge`](mod@judge), [`verdict`] | the decision, and all reasons against a peer |
//! | [`verifier`] | rustls' questions during a handshake |
//! | [`staple`] | the OCSP response that the verifier is shown |
//! | [`list`], [`extra_file`] | roots and listed certificates; the path in `NODE_EXTRA_CA_CERTS` |
//! | [`crl`], [`revocation`] | revocation lists, and whether a path is revoked |
//! | [`path`] | the certificates from a peer's own to a root |
//! | [`faults`] | the faults that OpenSSL finds with a path |
//! | [`certificate`], [`purpose`], [`signature`] | one certificate: its facts, its use, its signature |
//! | [`subject_name`], [`name_constraints`] | whether a certificate is for a name, and its issuers permit that name |

mod certificate;
mod crl;
pub mod extra_file;
mod faults;
mod judge;
mod list;
mod name_constraints;
mod path;
mod purpose;
mod revocation;
mod signature;
mod staple;
pub(crate) mod subject_name;
mod verdict;
mod verifier;

pub use self::crl::Crl;
pub use self::judge::judge;
pub use self::list::{ListedCertificate, Trust};
pub use self::purpose::ExpectedPeer;
pub use self::staple::noted_during as stapled_during;
pub use self::verdict::Verdict;
pub use self::verifier::Verifier;
