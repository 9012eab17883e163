//! The path in `NODE_EXTRA_CA_CERTS`, as the process was started with, not as code has changed it later.
//!
//! Node reads the variable at startup, before any code runs, and ignores it in a process with elevated privileges. This
//! library is loaded later, and an assignment to `process.env` changes the environment that a library sees. Linux keeps
//! the initial environment of a process; elsewhere it is the environment when the library is loaded. A relative path is
//! resolved against the working directory at that time.
//!
//! Read once per process, on the thread that loads the library, and never changed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const NAME: &str = "NODE_EXTRA_CA_CERTS";

static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();

/// The path of the file, absolute.
pub fn path() -> Option<&'static Path> {
    PATH.get_or_init(look).as_deref()
}

fn look() -> Option<PathBuf> {
    if is_privileged() {
        return None;
    }
    let value = match std::fs::read(INITIAL) {
        Ok(environment) => value_of(NAME, &environment),
        Err(_) => std::env::var_os(NAME),
    };
    let path = value.filter(|path| !path.is_empty())?;
    Some(std::path::absolute(&path).unwrap_or_else(|_| path.into()))
}

/// The initial environment of the process, where the system keeps it.
const INITIAL: &str = "/proc/self/environ";

/// The value of `name` in `environment`, whose variables are terminated by zeros.
fn value_of(name: &str, environment: &[u8]) -> Option<OsString> {
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(OsStr::from_bytes(value).to_owned())
}

/// Whether the process has more privileges than the user who has started it and chosen its environment.
fn is_privileged() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    let is_marked = std::fs::read("/proc/self/auxv").is_ok_and(|auxiliary| is_secure(&auxiliary));
    is_marked || getuid() != geteuid() || getgid() != getegid()
}

/// Whether `AT_SECURE` is set in Linux' auxiliary vector, as it is for set-user-ID programs and for gained capabilities.
fn is_secure(auxiliary: &[u8]) -> bool {
    const AT_SECURE: usize = 23;
    let (words, _) = auxiliary.as_chunks::<{ size_of::<usize>() }>();
    let (pairs, _) = words.as_chunks::<2>();
    pairs.iter().any(|[key, value]| usize::from_ne_bytes(*key) == AT_SECURE && usize::from_ne_bytes(*value) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rights_are_seen() {
        let auxiliary = |pairs: &[usize]| pairs.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>();
        assert!(is_secure(&auxiliary(&[6, 4096, 23, 1, 0, 0])));
        assert!(!is_secure(&auxiliary(&[6, 23, 23, 0, 0, 0])));
        assert!(!is_secure(b"xyz"));
        assert!(!is_privileged());
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let environment = b"A=1\0X_AB=0\0AB=2=3\0ABC=4\0AB=5\0E=\0";
        assert_eq!(value_of("AB", environment), Some("2=3".into()));
        assert_eq!(value_of("E", environment), Some("".into()));
        assert_eq!(value_of("B", environment), None);
        assert_eq!(value_of("A", b""), None);
    }
}
