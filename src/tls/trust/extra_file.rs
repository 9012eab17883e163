//! The file that `NODE_EXTRA_CA_CERTS` names: what the process was started with, not what code has set later.
//!
//! Node reads the variable when it starts, before any code runs, and not at all in a process with more rights than its
//! user's. This library is loaded later, and assigning to `process.env` changes the environment that a library sees.
//! So Linux is asked for the environment that the process was started with; elsewhere, what counts is the environment
//! when the library is loaded. A relative path is relative to the folder that the process is in then.
//!
//! Noted once per process, on the thread that loads the library, and never changed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const NAME: &str = "NODE_EXTRA_CA_CERTS";

static NOTED: OnceLock<Option<PathBuf>> = OnceLock::new();

/// The file, as it was named when the library was loaded.
pub fn path() -> Option<&'static Path> {
    NOTED.get_or_init(look).as_deref()
}

fn look() -> Option<PathBuf> {
    if has_more_rights() {
        return None;
    }
    let value = match std::fs::read(INITIAL) {
        Ok(environment) => value_of(NAME, &environment),
        Err(_) => std::env::var_os(NAME),
    };
    let path = value.filter(|path| !path.is_empty())?;
    Some(std::path::absolute(&path).unwrap_or_else(|_| path.into()))
}

/// The environment that the process was started with, where the system has it.
const INITIAL: &str = "/proc/self/environ";

/// The value of `name` in `environment`, where each variable ends with a zero.
fn value_of(name: &str, environment: &[u8]) -> Option<OsString> {
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(OsStr::from_bytes(value).to_owned())
}

/// Whether the process has more rights than the user that has started it, and so chosen its environment.
fn has_more_rights() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    let says_so = std::fs::read("/proc/self/auxv").is_ok_and(|auxiliary| is_secure(&auxiliary));
    says_so || getuid() != geteuid() || getgid() != getegid()
}

/// What Linux tells a program about itself: `AT_SECURE` is set where capabilities have been gained, too.
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
        assert!(!has_more_rights());
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
