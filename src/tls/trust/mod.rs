//! Whom we trust: is the peer with these certificates to be trusted (D21), and if not, why, in Node's codes?
//!
//! [`judge`] answers, and is all that decides it; a [`Verifier`] asks it on behalf of rustls, the handshake does so once
//! more when it is over. A [`Trust`] is made once per credentials and never changes. Everything here is pure but
//! [`extra_file`], and may be called on any thread: handshakes run on others than JavaScript's.
//!
//! | file | |
//! |---|---|
//! | [`judge`](mod@judge), [`verdict`] | the decision, and the reasons against a peer |
//! | [`verifier`] | what rustls asks during a handshake: signatures always, the decision if it is a gate |
//! | [`list`], [`extra_file`] | roots and listed certificates; the file that `NODE_EXTRA_CA_CERTS` names |
//! | [`crl`], [`revocation`] | revocation lists, and whether one speaks against a path |
//! | [`path`] | the certificates from a peer's own to a root |
//! | [`faults`] | what OpenSSL holds against a path |
//! | [`certificate`], [`purpose`], [`signature`] | one certificate: what it says, what it is used for, who signed it |
//! | [`subject_name`], [`name_constraints`] | whether a certificate is for a name, and whether its issuers permit that name |

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
pub(crate) mod subject_name;
mod verdict;
mod verifier;

pub use self::crl::Crl;
pub use self::judge::judge;
pub use self::list::{ListedCertificate, Trust};
pub use self::purpose::ExpectedPeer;
pub use self::verdict::Verdict;
pub use self::verifier::Verifier;
