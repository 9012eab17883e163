//! The memory that messages are received into: one buffer for all streams of an engine, used again in every turn, so that
//! it stays in the processor's caches and no connection needs memory of its own.
//!
//! The memory belongs to a JavaScript Buffer that only `lib/engine.js` can reach. What JavaScript keeps of a message is copied
//! from here into a Buffer that owns exactly that many bytes (D29): no message pins another one, and none can be seen
//! through another one's `buffer`. Large reads go into other memory, which JavaScript takes as it
//! is.

/// The size of the buffer in bytes: two large reads, or the small messages of a whole batch of streams.
pub const SIZE: u32 = 128 << 10;

/// The most that one read takes at first, as in Node.
pub const MAX_READ: usize = 64 << 10;

/// The size of the memory for large reads, while one after the other fills [`MAX_READ`]: then so much is received at
/// once. Each read lets the peer send on, which wakes it, and is passed to JavaScript on its own.
pub const MAX_BULK: u32 = 256 << 10;

/// With less room than this left, delivering what is there comes before receiving more.
const MIN_READ: usize = 8 << 10;

/// See the module.
pub struct ReceiveBuffer {
    memory: *mut u8,
    size: usize,
    used: usize,
    max_read: usize,
}

impl ReceiveBuffer {
    /// No memory: nothing can be received.
    pub const fn empty() -> Self {
        Self { memory: std::ptr::null_mut(), size: 0, used: 0, max_read: 0 }
    }

    /// Receives into `memory`.
    ///
    /// # Safety
    ///
    /// `memory` points to `size` bytes, of any value, that stay allocated as long as this value lives, and that nothing else
    /// accesses while a method of it, or a slice from [`Self::space`], is in use.
    pub unsafe fn new(memory: *mut u8, size: usize) -> Self {
        Self { memory, size, used: 0, max_read: MAX_READ }
    }

    /// Lets one read take all of the memory.
    pub fn for_one_read(self) -> Self {
        Self { max_read: self.size, ..self }
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether there is room for another message.
    pub fn has_room(&self) -> bool {
        self.size - self.used >= MIN_READ
    }

    /// The bytes to read into next, `most` at the most.
    pub fn space(&mut self, most: usize) -> &mut [u8] {
        let length = (self.size - self.used).min(self.max_read).min(most);
        if length == 0 {
            return &mut [];
        }
        // SAFETY: `used + length` is within the `size` bytes that `new` was promised.
        unsafe { std::slice::from_raw_parts_mut(self.memory.add(self.used), length) }
    }

    /// Keeps the first `length` bytes of [`Self::space`] until [`Self::clear`]; returns their offset.
    pub fn take(&mut self, length: usize) -> usize {
        debug_assert!(length <= self.size - self.used);
        let offset = self.used;
        self.used += length;
        offset
    }

    /// Everything taken has been delivered: its room can be used again.
    pub fn clear(&mut self) {
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(memory: &mut [u8]) -> ReceiveBuffer {
        // SAFETY: the tests use `memory` only through the buffer, and keep it longer.
        unsafe { ReceiveBuffer::new(memory.as_mut_ptr(), memory.len()) }
    }

    #[test]
    fn takes_one_piece_behind_the_other_until_it_is_cleared() {
        let mut memory = vec![0u8; 2 * MAX_READ];
        let mut buffer = over(&mut memory);
        assert_eq!(buffer.space(usize::MAX).len(), MAX_READ);
        assert_eq!(buffer.take(5), 0);
        assert_eq!(buffer.take(MAX_READ), 5);
        assert_eq!(buffer.space(usize::MAX).len(), MAX_READ - 5);
        buffer.clear();
        assert_eq!(buffer.take(1), 0);
    }

    #[test]
    fn one_read_takes_all_of_memory_that_is_for_one_unless_it_may_not() {
        let mut memory = vec![0u8; 3 * MAX_READ];
        assert_eq!(over(&mut memory).for_one_read().space(usize::MAX).len(), 3 * MAX_READ);
        assert_eq!(over(&mut memory).for_one_read().space(MAX_READ).len(), MAX_READ);
    }

    #[test]
    fn has_no_room_before_reads_get_short() {
        let mut memory = vec![0u8; MIN_READ + 16];
        let mut buffer = over(&mut memory);
        assert!(buffer.has_room());
        buffer.take(17);
        assert!(!buffer.has_room());
        buffer.clear();
        assert!(buffer.has_room());
    }

    #[test]
    fn without_memory_there_is_no_room() {
        let mut buffer = ReceiveBuffer::empty();
        assert!(!buffer.has_room());
        assert!(buffer.space(usize::MAX).is_empty());
    }
}
