//! Bytes that wait, oldest first. Without any, it owns no memory.

/// See the module.
#[derive(Debug, Default)]
pub struct Backlog {
    bytes: Vec<u8>,
    gone: usize,
}

impl Backlog {
    /// What waits.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.gone..]
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// `bytes` wait, too.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Has `fill` write into `count` more bytes. Where it fails, they are not there.
    pub fn push_with<E>(&mut self, count: usize, fill: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<(), E> {
        append_with(&mut self.bytes, count, fill).map(|_| ())
    }

    /// The first `count` bytes do not wait any more.
    pub fn consume(&mut self, count: usize) {
        self.gone += count;
        debug_assert!(self.gone <= self.bytes.len());
        if self.gone == self.bytes.len() {
            *self = Self::default();
        }
    }

    /// Moves as many bytes into `space` as fit. Returns how many.
    pub fn take(&mut self, space: &mut [u8]) -> usize {
        let count = copy(self.bytes(), space);
        if count > 0 {
            self.consume(count);
        }
        count
    }
}

/// Has `fill` write into memory for `most` bytes after `bytes`. As many stay there as it returns, and none if it fails.
pub fn append_with<E>(
    bytes: &mut Vec<u8>,
    most: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
) -> Result<usize, E> {
    let before = bytes.len();
    bytes.resize(before + most, 0);
    let outcome = fill(&mut bytes[before..]);
    bytes.truncate(before + *outcome.as_ref().unwrap_or(&0));
    outcome
}

/// Copies as many of `bytes` into `space` as fit. Returns how many.
pub fn copy(bytes: &[u8], space: &mut [u8]) -> usize {
    let count = bytes.len().min(space.len());
    space[..count].copy_from_slice(&bytes[..count]);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_owns_memory_only_while_something_waits() {
        let mut backlog = Backlog::default();
        backlog.push(b"hello ");
        backlog.push(b"world");
        assert_eq!(backlog.take(&mut [0; 4]), 4);
        assert_eq!(backlog.bytes(), b"o world");
        backlog.push(b"!");
        backlog.consume(2);
        assert_eq!(backlog.bytes(), b"world!");
        assert_eq!(backlog.take(&mut [0; 100]), 6);
        assert!(backlog.is_empty() && backlog.bytes.capacity() == 0);
    }

    #[test]
    fn what_can_not_be_filled_is_not_there() {
        let mut backlog = Backlog::default();
        backlog.push(b"a");
        assert_eq!(backlog.push_with(8, |_| Err("no")), Err("no"));
        let fill = |space: &mut [u8]| {
            space[..2].copy_from_slice(b"bc");
            Ok::<_, ()>(2)
        };
        backlog.push_with(8, fill).unwrap();
        assert_eq!(backlog.bytes(), b"abc");
    }
}
