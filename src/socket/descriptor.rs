//! Owned descriptors, each with one owner in the process.
//!
//! Another environment of the process (a worker) can be passed the number of a descriptor that is open here, and so can
//! this one. If both owned it, the second close would hit the file that has got the number since. So every
//! descriptor of every engine is listed in one table, and what is listed can't be adopted (`EEXIST`).
//!
//! The table is static because descriptors belong to the process, not to an environment. It is used on all JavaScript
//! threads, when a descriptor is opened, adopted or closed; the lock is never held during a system call. It knows the
//! descriptors of this addon only: what libuv has opened is not in it.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::fault;

/// The standard streams of the process, which outlive any stream that is made of them: libuv does not close them
/// either. A closed one would let the next file that is opened become `stdout`.
const LAST_STANDARD_STREAM: RawFd = 2;

static OWNED: Mutex<Table> = Mutex::new(Table::new());

/// An entry is gone that was in [`Table::closing`].
static CLOSED: Condvar = Condvar::new();

struct Table {
    last: u64,
    /// Which [`Descriptor`] owns the number. Once it has been closed, the kernel may use the number for another one
    /// before the entry is gone; the ticket tells the two apart.
    tickets: BTreeMap<RawFd, u64>,
    /// The tickets of those that are being closed.
    closing: Vec<u64>,
    /// The numbers that have been waited for.
    #[cfg(test)]
    awaited: Vec<RawFd>,
}

impl Table {
    const fn new() -> Self {
        Self {
            last: 0,
            tickets: BTreeMap::new(),
            closing: Vec::new(),
            #[cfg(test)]
            awaited: Vec::new(),
        }
    }

    fn lock() -> MutexGuard<'static, Self> {
        // Nothing in here panics halfway through a change.
        OWNED.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&mut self, number: RawFd) -> u64 {
        self.last += 1;
        self.tickets.insert(number, self.last);
        self.last
    }

    fn forget(&mut self, number: RawFd, ticket: u64) {
        if self.tickets.get(&number) == Some(&ticket) {
            self.tickets.remove(&number);
        }
    }

    /// Whether the number can be claimed, or will be soon; `EEXIST` if it is owned.
    fn is_free(&self, number: RawFd) -> Result<bool, i32> {
        match self.tickets.get(&number) {
            None => Ok(true),
            Some(ticket) if self.closing.contains(ticket) => Ok(false),
            Some(_) => Err(libc::EEXIST),
        }
    }

    fn begin_to_close(ticket: u64) {
        Self::lock().closing.push(ticket);
    }

    fn note_closed(number: RawFd, ticket: u64) {
        let mut table = Self::lock();
        table.forget(number, ticket);
        table.closing.retain(|closing| *closing != ticket);
        CLOSED.notify_all();
    }
}

/// What happens to the descriptor when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tenure {
    /// It is closed.
    Owned,
    /// Adopting it is not over yet: it is still the caller's, and stays open. `blocking`: it was, and is again.
    Claimed { blocking: bool },
    /// It stays open.
    Lent,
}

/// A descriptor that nothing else in the process owns through this addon.
#[derive(Debug)]
pub struct Descriptor {
    fd: ManuallyDrop<OwnedFd>,
    ticket: u64,
    tenure: Tenure,
}

impl Descriptor {
    /// The owner of the number `fd`, which the caller hands over: only once [`Self::own`] has been called is it closed
    /// with this value. `EBADF` if that can be no descriptor, `EEXIST` if it is owned already.
    pub fn claim(fd: RawFd) -> Result<Self, i32> {
        if fd < 0 {
            return Err(libc::EBADF);
        }
        let mut table = Table::lock();
        while !table.is_free(fd)? {
            // The number is either that of the descriptor that another thread is closing, or it is free for others already.
            #[cfg(test)]
            table.awaited.push(fd);
            table = CLOSED.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        let ticket = table.enter(fd);
        // SAFETY: the number may be stale, which the first call on it answers with EBADF. It is closed only after the
        // caller has handed over what it names.
        let fd = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd) });
        Ok(Self { fd, ticket, tenure: Tenure::Claimed { blocking: false } })
    }

    /// A copy of a descriptor that is owned in this process, on this thread or another, whose owner keeps it open
    /// meanwhile. `EBADF` if `number` is none of these.
    pub fn copy_of_owned(number: RawFd) -> Result<Self, i32> {
        if !Table::lock().tickets.contains_key(&number) {
            return Err(libc::EBADF);
        }
        Self::copy_of(number)
    }

    /// A copy of a descriptor that the caller keeps open meanwhile. `EBADF` if `number` is none.
    pub fn copy_of(number: RawFd) -> Result<Self, i32> {
        if number < 0 {
            return Err(libc::EBADF);
        }
        fault::at("dup").map_err(|error| error.raw_os_error().unwrap_or(libc::EINVAL))?;
        // SAFETY: it is open, as the caller promises; a number that is not is answered with EBADF.
        let original = unsafe { BorrowedFd::borrow_raw(number) };
        let copy = rustix::io::fcntl_dupfd_cloexec(original, LAST_STANDARD_STREAM + 1);
        copy.map(Self::from).map_err(|errno| errno.raw_os_error())
    }

    /// Makes a claimed descriptor non-blocking. If it is dropped before it is owned, that is undone.
    pub fn unblock(&mut self) -> Result<(), i32> {
        let errno = |errno: rustix::io::Errno| errno.raw_os_error();
        let blocking = !rustix::fs::fcntl_getfl(&*self.fd).map_err(errno)?.contains(rustix::fs::OFlags::NONBLOCK);
        rustix::io::ioctl_fionbio(&*self.fd, true).map_err(errno)?;
        if let Tenure::Claimed { .. } = self.tenure {
            self.tenure = Tenure::Claimed { blocking };
        }
        Ok(())
    }

    /// Hands the number over to the caller, which is to close it.
    pub fn into_raw(mut self) -> RawFd {
        self.tenure = Tenure::Lent;
        self.fd.as_raw_fd()
    }

    /// Owns a claimed descriptor from now on: everything that could fail has succeeded.
    pub fn own(&mut self) {
        if let Tenure::Claimed { .. } = self.tenure {
            let is_standard = self.fd.as_raw_fd() <= LAST_STANDARD_STREAM;
            self.tenure = if is_standard { Tenure::Lent } else { Tenure::Owned };
        }
    }
}

impl From<OwnedFd> for Descriptor {
    /// The owner of a descriptor that has just been opened.
    fn from(fd: OwnedFd) -> Self {
        let ticket = Table::lock().enter(fd.as_raw_fd());
        Self { fd: ManuallyDrop::new(fd), ticket, tenure: Tenure::Owned }
    }
}

impl Deref for Descriptor {
    type Target = OwnedFd;

    fn deref(&self) -> &OwnedFd {
        &self.fd
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let number = self.fd.as_raw_fd();
        match self.tenure {
            Tenure::Owned => {
                Table::begin_to_close(self.ticket);
                // SAFETY: nothing uses the field afterwards.
                unsafe { ManuallyDrop::drop(&mut self.fd) };
                // Only now: until the number is closed, nothing can adopt it.
                return Table::note_closed(number, self.ticket);
            }
            Tenure::Claimed { blocking: true } => {
                // It was possible to change this a moment ago.
                let _ = rustix::io::ioctl_fionbio(&*self.fd, false);
            }
            Tenure::Claimed { blocking: false } | Tenure::Lent => {}
        }
        Table::lock().forget(number, self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::UnixStream;

    fn is_open(number: RawFd) -> bool {
        // SAFETY: the number may be stale, which is what the call answers.
        rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) }).is_ok()
    }

    #[test]
    fn has_one_owner_on_all_threads() {
        let (one, mut other) = UnixStream::pair().unwrap();
        let number = one.as_raw_fd();
        let owner = Descriptor::from(OwnedFd::from(one));
        let ticket = owner.ticket;
        assert_eq!(Descriptor::claim(number).unwrap_err(), libc::EEXIST);
        let elsewhere = std::thread::spawn(move || Descriptor::claim(number).unwrap_err());
        assert_eq!(elsewhere.join().unwrap(), libc::EEXIST);
        assert!(is_open(number));
        drop(owner);
        // Another test may have got the number meanwhile.
        assert_ne!(Table::lock().tickets.get(&number), Some(&ticket));
        assert_eq!(other.read(&mut [0]).unwrap(), 0, "it has not been closed");
    }

    #[test]
    fn what_is_owned_can_be_copied_and_nothing_else() {
        let (one, other) = UnixStream::pair().unwrap();
        let owner = Descriptor::from(OwnedFd::from(one));
        let copy = Descriptor::copy_of_owned(owner.as_raw_fd()).unwrap();
        assert_ne!(copy.as_raw_fd(), owner.as_raw_fd());
        drop(owner);
        assert!(is_open(copy.as_raw_fd()));
        assert_eq!(Descriptor::copy_of_owned(other.as_raw_fd()).unwrap_err(), libc::EBADF);
        assert_eq!(Descriptor::copy_of_owned(-1).unwrap_err(), libc::EBADF);
        assert_eq!(Descriptor::copy_of(-1).unwrap_err(), libc::EBADF);
        assert_eq!(Descriptor::copy_of(1_000_000).unwrap_err(), libc::EBADF);
        let number = Descriptor::copy_of(other.as_raw_fd()).unwrap().into_raw();
        assert!(is_open(number));
        Descriptor::claim(number).unwrap().own();
    }

    #[test]
    fn a_claim_that_is_not_owned_leaves_all_as_it_was() {
        let (one, _other) = UnixStream::pair().unwrap();
        let mut claim = Descriptor::claim(one.as_raw_fd()).unwrap();
        claim.unblock().unwrap();
        drop(claim);
        assert!(is_open(one.as_raw_fd()));
        assert!(!rustix::fs::fcntl_getfl(&one).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
        let mut claim = Descriptor::claim(one.into_raw_fd()).unwrap();
        claim.own();
    }

    #[test]
    fn an_entry_of_a_closed_descriptor_does_not_hide_its_successor() {
        let mut table = Table::new();
        let (former, latter) = (table.enter(7), table.enter(7));
        table.forget(7, former);
        assert_eq!(table.tickets.get(&7), Some(&latter));
        assert_eq!(table.is_free(7), Err(libc::EEXIST));
        table.closing.push(latter);
        assert_eq!(table.is_free(7), Ok(false));
        table.forget(7, latter);
        assert_eq!(table.is_free(7), Ok(true));
    }

    #[test]
    fn a_number_whose_former_descriptor_is_being_closed_is_waited_for() {
        let (one, _other) = UnixStream::pair().unwrap();
        let number = one.into_raw_fd();
        // Another thread has closed its own, whose number this one has got, and has not removed the entry yet.
        let former = Table::lock().enter(number);
        Table::begin_to_close(former);
        let claiming = std::thread::spawn(move || Descriptor::claim(number).map(|mut claim| claim.own()));
        let is_awaited = || Table::lock().awaited.contains(&number);
        while !is_awaited() && !claiming.is_finished() {
            std::thread::yield_now();
        }
        assert!(is_awaited(), "it has not been waited for");
        Table::note_closed(number, former);
        assert_eq!(claiming.join().unwrap(), Ok(()));
        assert!(!Table::lock().closing.contains(&former));
    }

    #[test]
    fn the_standard_streams_stay_open() {
        for number in 0..=LAST_STANDARD_STREAM {
            if !is_open(number) {
                continue;
            }
            let mut claim = Descriptor::claim(number).unwrap();
            claim.own();
            drop(claim);
            assert!(is_open(number));
        }
    }
}
