//! Socket files that were left behind: telling them from live ones, and replacing them (D7).
//!
//! # What must never happen
//!
//! The file of a live socket is removed, whatever that socket does: listens, is bound and will listen, or has just been
//! bound. And of several processes that want the same path at once, exactly one gets it.
//!
//! # Why it can't
//!
//! A server binds at its path directly, so that the kernel decides who is first, and `getsockname` and `getpeername` are
//! right; a socket that is bound under another name and renamed keeps that name for its peers.
//!
//! - **Live or not** is asked with a datagram socket. `connect` finds the socket of the file first, then compares types:
//!   `EPROTOTYPE` for any live stream socket, `ECONNREFUSED` only where the file belongs to no socket. A listener is not
//!   disturbed, and what is bound and does not listen yet is live, too.
//! - **Being bound.** The kernel makes the file an instant before it connects it with its socket. It does so under the
//!   lock of the folder, which `bind` takes as well: a file that is found dead, whose path then can't be bound because
//!   it exists, and that is found dead once more, belongs to no `bind` under way.
//! - **Removing.** Only the holder of a lock (`flock` on a file beside the path, which is removed afterwards and released
//!   by the kernel if the process dies) may remove a leftover, so that two that have found the same one dead do not
//!   remove each other's successor. What fails to get the lock is not the first: `EADDRINUSE`.
//! - **Closing.** A socket removes its file before it is closed ([`SocketFile`](super::file::SocketFile)): until then,
//!   nothing takes the path over.
//!
//! A program that removes the file without asking (`unlink`, then `bind`) is beyond this. So is macOS in one respect: its
//! kernel holds no lock from making the file to connecting it with its socket. There, a `bind` that stands still between
//! the two for as long as it takes to look twice and to lock is taken for dead.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use socket2::{Domain, SockAddr, Socket, Type};

use super::fault;

/// Appended to the path of a socket file.
const LOCK_SUFFIX: &str = ".rust-net-lock";

/// The lock is tried again if it turns out to be one that was just removed, at most so often.
const LOCK_ATTEMPTS: usize = 8;

/// Removes the socket file at `path` if it is a leftover, and calls `bind` in its place, which is also to be called
/// before: it returns `None` while the path is in use. `None` if the path stays in use.
pub fn replace<T>(path: &[u8], mut bind: impl FnMut() -> Option<T>) -> Option<T> {
    let path = Path::new(OsStr::from_bytes(path));
    let found = dead_file(path)?;
    let _lock = Lock::of(path)?;
    // The path may be free by now; if it is not, a `bind` that has made the file is over.
    if let Some(bound) = bind() {
        return Some(bound);
    }
    if dead_file(path)? != found {
        return None;
    }
    fault::at("unlink").ok()?;
    std::fs::remove_file(path).ok()?;
    bind()
}

/// What identifies a file. An inode number alone may be reused.
type FileIdentity = (u64, u64, i64, i64);

/// The identity of the socket file at `path`, if it belongs to no socket.
fn dead_file(path: &Path) -> Option<FileIdentity> {
    let status = path.symlink_metadata().ok()?;
    if !status.file_type().is_socket() {
        return None;
    }
    fault::at("probe").ok()?;
    let probe = Socket::new(Domain::UNIX, Type::DGRAM, None).ok()?;
    let address = SockAddr::unix(path).ok()?;
    let is_dead = probe.connect(&address).is_err_and(|error| error.raw_os_error() == Some(libc::ECONNREFUSED));
    is_dead.then(|| (status.dev(), status.ino(), status.ctime(), status.ctime_nsec()))
}

/// The right to remove the leftover of one path.
struct Lock {
    file: PathBuf,
    _fd: OwnedFd,
}

impl Lock {
    /// `None` if it is held, or can't be taken.
    fn of(path: &Path) -> Option<Self> {
        let mut file = path.as_os_str().to_owned();
        file.push(LOCK_SUFFIX);
        let file = PathBuf::from(file);
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..LOCK_ATTEMPTS {
            fault::at("open").ok()?;
            let fd = rustix::fs::open(&file, flags, Mode::RUSR | Mode::WUSR).ok()?;
            fault::at("flock").ok()?;
            rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive).ok()?;
            let ours = rustix::fs::fstat(&fd).ok()?;
            // If the path leads to another file by now, the last holder has removed this one.
            let is_current =
                rustix::fs::lstat(&file).is_ok_and(|found| (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino));
            if is_current {
                return Some(Self { file, _fd: fd });
            }
        }
        None
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held: whatever is there afterwards belongs to the next holder.
        let _ = std::fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("rust-net-{}-leftover-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    #[test]
    fn tells_a_leftover_from_what_is_live() {
        let path = scratch("live");
        assert_eq!(dead_file(&path), None);
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(dead_file(&path), None);
        drop(listener);
        assert!(dead_file(&path).is_some());
        std::fs::remove_file(&path).unwrap();

        let bound = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        bound.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        assert_eq!(dead_file(&path), None, "bound, and does not listen yet");
        drop(bound);
        std::fs::remove_file(&path).unwrap();

        let datagrams = UnixDatagram::bind(&path).unwrap();
        assert_eq!(dead_file(&path), None);
        drop(datagrams);
        std::fs::remove_file(&path).unwrap();

        std::fs::write(&path, "not a socket").unwrap();
        assert_eq!(dead_file(&path), None);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_lock_has_one_holder_and_leaves_no_file() {
        let path = scratch("lock");
        let lock = Lock::of(&path).unwrap();
        assert!(Lock::of(&path).is_none());
        let file = lock.file.clone();
        drop(lock);
        assert!(!file.exists());
        assert!(Lock::of(&path).is_some());
    }

    #[test]
    fn what_holds_no_lock_does_not_replace() {
        let path = scratch("held");
        drop(UnixListener::bind(&path).unwrap());
        let bytes = path.as_os_str().as_bytes();
        let bind = || UnixListener::bind(&path).ok();
        let lock = Lock::of(&path).unwrap();
        assert!(replace(bytes, bind).is_none());
        drop(lock);
        let listener = replace(bytes, bind).unwrap();
        assert!(replace(bytes, bind).is_none());
        drop(listener);
        std::fs::remove_file(&path).unwrap();
    }
}
