//! Credentials that can be replaced: each handshake takes those that are current when it begins.
//!
//! Replaced on the JavaScript thread, read there and on the threads that handshakes run on. The lock is held to copy a
//! pointer.

use std::sync::{Arc, PoisonError, RwLock};

use super::Credentials;

/// See the module.
#[derive(Debug)]
pub struct Current(RwLock<Arc<Credentials>>);

impl Current {
    /// `credentials`, until they are replaced.
    pub fn new(credentials: Credentials) -> Self {
        Self(RwLock::new(Arc::new(credentials)))
    }

    /// The credentials of a handshake that begins now.
    pub fn get(&self) -> Arc<Credentials> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Handshakes use `credentials` from now on.
    pub fn replace(&self, credentials: Arc<Credentials>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = credentials;
    }
}
