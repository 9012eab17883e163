//! The option `keylog`: the secrets of connections as lines in the format of `SSLKEYLOGFILE`, with which Wireshark can
//! decrypt a capture.
//!
//! Opened once per credentials. Lines are written on the threads that handshakes run on; the lock of a file is held for
//! one line.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::KeyLog;

use super::options::{KeyLogTarget, OptionError};

/// Opens `target`: a file is created if it does not exist, and appended to.
pub fn open(target: &KeyLogTarget) -> Result<Arc<dyn KeyLog>, OptionError> {
    Ok(match target {
        KeyLogTarget::File(path) => {
            // The secrets decrypt the traffic, so only the user may read them.
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
            let file = Mutex::new(file.map_err(|error| OptionError {
                field: "keylog",
                code: "ERR_INVALID_ARG_VALUE",
                reason: error.to_string(),
            })?);
            Arc::new(SecretLines(move |line: Vec<u8>| {
                // A log that can't be written does not fail the handshake.
                let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
            }))
        }
        KeyLogTarget::Function(write) => {
            let write = Arc::clone(write);
            Arc::new(SecretLines(move |line| write(line)))
        }
    })
}

/// A log of one connection: `write` gets each line, and so does `other`, the log of all connections.
pub fn beside(other: Arc<dyn KeyLog>, write: impl Fn(Vec<u8>) + Send + Sync + 'static) -> Arc<dyn KeyLog> {
    Arc::new(Both(SecretLines(write), other))
}

struct Both<W: Fn(Vec<u8>)>(SecretLines<W>, Arc<dyn KeyLog>);

impl<W: Fn(Vec<u8>) + Send + Sync> KeyLog for Both<W> {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        self.0.log(label, client_random, secret);
        self.1.log(label, client_random, secret);
    }
}

impl<W: Fn(Vec<u8>)> fmt::Debug for Both<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Both")
    }
}

struct SecretLines<W: Fn(Vec<u8>)>(W);

impl<W: Fn(Vec<u8>) + Send + Sync> KeyLog for SecretLines<W> {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        (self.0)(line.into_bytes());
    }
}

impl<W: Fn(Vec<u8>)> fmt::Debug for SecretLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretLines")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_appended_to_and_readable_by_its_user_only() {
        let path = std::env::temp_dir().join(format!("rust-net-keylog-{}", std::process::id()));
        let target = KeyLogTarget::File(path.clone());
        for secret in [[1, 0xab], [2, 0xcd]] {
            open(&target).unwrap().log("LABEL", &[0xff], &secret);
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        let lines = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((lines.as_str(), mode & 0o777), ("LABEL ff 01ab\nLABEL ff 02cd\n", 0o600));
    }

    #[test]
    fn a_function_gets_each_line() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        let target = KeyLogTarget::Function(Arc::new(move |line| written.lock().unwrap().push(line)));
        open(&target).unwrap().log("LABEL", &[1], &[2]);
        assert_eq!(*lines.lock().unwrap(), [b"LABEL 01 02\n"]);
    }

    #[test]
    fn the_log_of_a_connection_is_kept_beside_that_of_all() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let add = |name: &'static str| {
            let lines = Arc::clone(&lines);
            move |_: Vec<u8>| lines.lock().unwrap().push(name)
        };
        let all = open(&KeyLogTarget::Function(Arc::new(add("all")))).unwrap();
        beside(all, add("one")).log("LABEL", &[1], &[2]);
        assert_eq!(*lines.lock().unwrap(), ["one", "all"]);
    }

    #[test]
    fn a_file_that_cannot_be_opened_names_the_option() {
        let error = open(&KeyLogTarget::File("/nonexistent/keylog".into())).unwrap_err();
        assert_eq!((error.field, error.code), ("keylog", "ERR_INVALID_ARG_VALUE"));
    }
}
