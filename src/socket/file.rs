//! The file of a UNIX socket that we have bound. It is removed before the socket is closed: the other way round, another
//! server could take the path over in between, and its file would be removed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::fault;

/// A socket file and the identity it had when it was made: a file of the same name that is not the same is not removed.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// The file at `path` now; `None` for a name that is in no file system.
    pub fn at(path: &[u8]) -> Option<Self> {
        let path = Path::new(OsStr::from_bytes(path));
        let status = path.symlink_metadata().ok()?;
        let path = std::path::absolute(path).ok()?;
        Some(Self { path, device: status.dev(), inode: status.ino() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it, if it is still the same.
    pub fn remove(&self) {
        let ours =
            self.path.symlink_metadata().is_ok_and(|status| (status.dev(), status.ino()) == (self.device, self.inode));
        // A failure is no error: the file is a leftover then, which the next server replaces.
        if ours && fault::at("unlink").is_ok() {
            // If it has been removed meanwhile, it is gone either way.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
