//! What a program has set of a socket's options, by name or by number. A socket gets it before it is bound, connects or
//! listens: later, some of it could not be set, or would have no effect.

use std::io;

use rustix::fd::AsFd;

use super::named_options::{FAST_OPEN, NamedOption, Value};
use super::numbered_options::NumberedOption;
use crate::error::{Result, Syscall};

/// An option, and what it is to be.
#[derive(Clone, Debug)]
pub enum Setting {
    /// One of the table.
    Named(&'static NamedOption, Value),
    /// Another one.
    Numbered(NumberedOption, Vec<u8>),
}

impl Setting {
    /// Sets it on `fd`.
    pub fn apply(&self, fd: impl AsFd) -> io::Result<()> {
        match self {
            Self::Named(option, value) => option.set(fd, value),
            Self::Numbered(option, value) => option.set(fd, value),
        }
    }
}

/// Sets all of `settings` on `fd`, or fails at the first that can't be set.
pub fn apply(fd: impl AsFd, settings: &[Setting]) -> Result<()> {
    settings.iter().try_for_each(|setting| setting.apply(&fd)).map_err(|error| Syscall::SetSocketOption.failed(&error))
}

/// Whether the first bytes are to go with the SYN.
pub fn opens_fast(settings: &[Setting]) -> bool {
    let is_on =
        |setting: &Setting| matches!(setting, Setting::Named(option, Value::Number(1)) if option.name == FAST_OPEN);
    settings.iter().any(is_on)
}
