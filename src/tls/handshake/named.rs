//! Other credentials for some of the names that clients ask for: the option `contexts`.
//!
//! Pure.

use std::sync::Arc;

use crate::tls::credentials::{Credentials, Current};

/// Credentials by the name that a client asks for: `example.com`, or `*.example.com`, where `*` is one label.
#[derive(Debug, Default)]
pub struct NamedCredentials(Vec<(String, Arc<Current>)>);

impl NamedCredentials {
    /// Names are compared regardless of case. The first that matches is used.
    pub fn new(contexts: impl IntoIterator<Item = (String, Arc<Current>)>) -> Self {
        Self(contexts.into_iter().map(|(name, credentials)| (name.to_ascii_lowercase(), credentials)).collect())
    }

    /// Finds the credentials for `name`.
    pub fn find(&self, name: &str) -> Option<Arc<Credentials>> {
        let name = name.to_ascii_lowercase();
        let domain = name.split_once('.').map(|(_, domain)| domain);
        let fits = |pattern: &str| match pattern.strip_prefix("*.") {
            Some(suffix) => domain == Some(suffix),
            None => pattern == name,
        };
        self.0.iter().find(|(pattern, _)| fits(pattern)).map(|(_, credentials)| credentials.get())
    }
}
