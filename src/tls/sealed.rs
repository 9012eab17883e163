//! Where are records made that are sent? After each other, in the memory that they are sent from.
//!
//! rustls has its keys seal each record in memory of its own, and copies it. Keys that know of this memory ([`append`])
//! make the record here, and rustls gets one without content instead: so it counts it, and replaces the keys in time. What
//! other keys make, and rustls' own messages, is taken over from the memory that rustls is given.

use std::cell::RefCell;

use rustls::unbuffered::EncryptError;

/// What stands in front of a record's payload: its type, a version, and its length.
pub const HEADER: usize = 5;

thread_local!(static UNDER_WAY: RefCell<Option<Records>> = const { RefCell::new(None) });

/// Records after each other.
#[derive(Debug, Default)]
struct Records {
    bytes: Vec<u8>,
    /// How many bytes they have.
    length: usize,
    /// How many of them have been appended one by one.
    count: usize,
}

impl Records {
    /// Memory for `count` more bytes, which count as records.
    fn extend(&mut self, count: usize) -> &mut [u8] {
        let start = self.length;
        self.length += count;
        if self.bytes.len() < self.length {
            // Exactly so much, since it is kept.
            self.bytes.reserve_exact(self.length - self.bytes.len());
            self.bytes.resize(self.length, 0);
        }
        &mut self.bytes[start..self.length]
    }

    /// Puts `other` in front of what is after the first `at` bytes.
    fn insert(&mut self, at: usize, other: &[u8]) {
        let end = self.length;
        self.extend(other.len());
        self.bytes.copy_within(at..end, at + other.len());
        self.bytes[at..at + other.len()].copy_from_slice(other);
    }
}

/// Records that have been sealed and not sent. Their memory is used over and over.
#[derive(Debug, Default)]
pub struct Sealed {
    records: Records,
    /// What rustls is given to write to.
    rest: Vec<u8>,
}

impl Sealed {
    /// The records.
    pub fn records(&self) -> &[u8] {
        &self.records.bytes[..self.records.length]
    }

    /// They are gone, or not to be sent.
    pub fn clear(&mut self) {
        self.records.length = 0;
    }

    /// The memory that it keeps, in bytes.
    pub fn capacity(&self) -> usize {
        self.records.bytes.capacity() + self.rest.capacity()
    }

    /// Has `write`, in which rustls seals records, append them. It needs `most` bytes, or as many as it asks for.
    pub fn append(
        &mut self,
        mut most: usize,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), EncryptError> {
        let before = self.records.length;
        let written = loop {
            if self.rest.len() < most {
                self.rest.resize(most, 0);
            }
            let under_way = UnderWay::begin(&mut self.records);
            let outcome = write(&mut self.rest);
            drop(under_way);
            let error = match outcome {
                Ok(written) => break written,
                Err(error) => error,
            };
            self.records.length = before;
            match error {
                EncryptError::InsufficientSize(needed) if needed.required_size > self.rest.len() => {
                    most = needed.required_size;
                }
                _ => return Err(error),
            }
        };
        let of_rustls = written - self.records.count * HEADER;
        if before == 0 && self.records.count == 0 {
            std::mem::swap(&mut self.records.bytes, &mut self.rest);
            self.records.length = written;
        } else if of_rustls > 0 {
            self.records.insert(before, &self.rest[..of_rustls]);
        }
        Ok(())
    }
}

/// While it is there, keys of this thread append to records. It gives them back in the end.
struct UnderWay<'a>(&'a mut Records);

impl<'a> UnderWay<'a> {
    fn begin(records: &'a mut Records) -> Self {
        records.count = 0;
        UNDER_WAY.set(Some(std::mem::take(records)));
        Self(records)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        *self.0 = UNDER_WAY.take().unwrap_or_default();
    }
}

/// Has `seal` make a record of `length` bytes, if that is possible here and now: else nothing has been done.
pub fn append<T>(length: usize, seal: impl FnOnce(&mut [u8]) -> T) -> Option<T> {
    UNDER_WAY.with_borrow_mut(|under_way| {
        let records = under_way.as_mut()?;
        records.count += 1;
        Some(seal(records.extend(length)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As rustls does: `own` in front, and `count` records, of which it has only the headers.
    fn write(own: &[u8], count: u8) -> impl FnMut(&mut [u8]) -> Result<usize, EncryptError> {
        move |space| {
            let written = own.len() + usize::from(count) * HEADER;
            if space.len() < written {
                let needed = rustls::unbuffered::InsufficientSizeError { required_size: written };
                return Err(needed.into());
            }
            space[..own.len()].copy_from_slice(own);
            for number in 0..count {
                append(7, |record| record.fill(number)).expect("records are under way");
            }
            Ok(written)
        }
    }

    #[test]
    fn records_go_behind_each_other_and_messages_of_rustls_in_front_of_those_they_came_with() {
        let mut sealed = Sealed::default();
        sealed.append(3, write(b"", 1)).unwrap();
        sealed.append(0, write(b"message", 2)).unwrap();
        sealed.append(100, write(b"last", 0)).unwrap();
        assert_eq!(sealed.records(), [&[0; 7][..], b"message", &[0; 7], &[1; 7], b"last"].concat());
        sealed.clear();
        assert!(sealed.records().is_empty());
        sealed.append(100, write(b"all that rustls has made itself", 0)).unwrap();
        assert_eq!(sealed.records(), b"all that rustls has made itself");
        sealed.append(0, |_| Ok(0)).unwrap();
        assert_eq!(sealed.records().len(), 31);
    }

    #[test]
    fn what_has_failed_leaves_what_was_there() {
        let mut sealed = Sealed::default();
        sealed.append(0, write(b"before", 0)).unwrap();
        let fail = |_: &mut [u8]| {
            append(7, |record| record.fill(1)).expect("records are under way");
            Err(EncryptError::EncryptExhausted)
        };
        assert!(sealed.append(0, fail).is_err());
        assert_eq!(sealed.records(), b"before");
        assert!(append(7, |_| ()).is_none(), "a record was made outside");
    }
}
