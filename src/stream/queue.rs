//! The write queue: small writes, gathered until the end of the event and then sent in one go. Pure.

use crate::tls::sealed::Sealed;

/// Bytes that were accepted and wait to be sent, oldest first.
#[derive(Debug, Default)]
pub struct Queue {
    bytes: Vec<u8>,
    sent: usize,
}

impl Queue {
    /// Appends what `fill` writes, or nothing if it fails; returns how much that is. An empty queue gets its vector from
    /// `memory`.
    pub fn append<E>(
        &mut self,
        memory: &mut Spare,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<usize, E> {
        if self.bytes.capacity() == 0 {
            self.bytes = memory.take();
        }
        let before = self.bytes.len();
        let outcome = fill(&mut self.bytes);
        if outcome.is_err() {
            self.bytes.truncate(before);
        }
        let appended = self.bytes.len() - before;
        if self.is_empty() {
            memory.put(std::mem::take(&mut self.bytes));
        }
        outcome.map(|()| appended)
    }

    /// What waits.
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much memory it owns.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// `count` bytes have been sent. An empty queue returns its memory to `memory`.
    pub fn consume(&mut self, count: usize, memory: &mut Spare) {
        self.sent += count;
        debug_assert!(self.sent <= self.bytes.len());
        if self.sent == self.bytes.len() {
            self.sent = 0;
            memory.put(std::mem::take(&mut self.bytes));
        }
    }
}

/// Memory for what is sent next: a stream with nothing to send owns none.
#[derive(Debug, Default)]
pub struct Spare {
    vectors: Vec<Vec<u8>>,
    /// Memory for records on their way from a session to the kernel, once there was one.
    pub sealed: Sealed,
}

/// More than this many queues are seldom filled within one event.
const SPARE_VECTORS: usize = 64;

/// A vector that has grown beyond this is not worth keeping.
const SPARE_CAPACITY: usize = 128 << 10;

impl Spare {
    /// The memory that it keeps, in bytes.
    pub fn size(&self) -> usize {
        self.vectors.iter().map(Vec::capacity).sum::<usize>() + self.sealed.capacity()
    }

    fn take(&mut self) -> Vec<u8> {
        self.vectors.pop().unwrap_or_else(|| Vec::with_capacity(4096))
    }

    fn put(&mut self, mut vector: Vec<u8>) {
        if vector.capacity() <= SPARE_CAPACITY && self.vectors.len() < SPARE_VECTORS {
            vector.clear();
            self.vectors.push(vector);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &mut Queue, spare: &mut Spare, bytes: &[u8]) {
        let fill = |vector: &mut Vec<u8>| {
            vector.extend_from_slice(bytes);
            Ok::<(), ()>(())
        };
        assert_eq!(queue.append(spare, fill), Ok(bytes.len()));
    }

    #[test]
    fn keeps_order_over_partial_sends() {
        let (mut queue, mut spare) = (Queue::default(), Spare::default());
        push(&mut queue, &mut spare, b"hello ");
        push(&mut queue, &mut spare, b"world");
        assert_eq!(queue.unsent(), b"hello world");
        queue.consume(3, &mut spare);
        push(&mut queue, &mut spare, b"!");
        assert_eq!(queue.unsent(), b"lo world!");
        assert_eq!(queue.len(), 9);
        queue.consume(9, &mut spare);
        assert!(queue.is_empty());
    }

    #[test]
    fn an_empty_queue_owns_no_memory() {
        let (mut queue, mut spare) = (Queue::default(), Spare::default());
        push(&mut queue, &mut spare, b"x");
        queue.consume(1, &mut spare);
        assert_eq!(queue.capacity(), 0);
        assert_eq!(spare.vectors.len(), 1);
        push(&mut queue, &mut spare, b"y");
        assert!(spare.vectors.is_empty());
    }

    #[test]
    fn a_write_of_nothing_and_one_that_fails_leave_nothing_behind() {
        let (mut queue, mut spare) = (Queue::default(), Spare::default());
        push(&mut queue, &mut spare, b"");
        assert_eq!(queue.capacity(), 0);
        let fail = |vector: &mut Vec<u8>| {
            vector.extend_from_slice(b"half");
            Err(())
        };
        assert_eq!(queue.append(&mut spare, fail), Err(()));
        assert_eq!(queue.capacity(), 0);
        push(&mut queue, &mut spare, b"x");
        assert_eq!(queue.append(&mut spare, fail), Err(()));
        assert_eq!(queue.unsent(), b"x");
    }

    #[test]
    fn memory_that_grew_large_is_not_kept() {
        let mut spare = Spare::default();
        spare.put(Vec::with_capacity(SPARE_CAPACITY + 1));
        assert!(spare.vectors.is_empty());
    }
}
