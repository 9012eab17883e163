//! The memory that is read into: one large piece at a time, cut into the slices that JavaScript sees.
//!
//! A Buffer of its own for every read costs 1-6 µs; a slice of a shared one 0.1 µs. The memory belongs to a JavaScript
//! `ArrayBuffer`; whoever installs it here keeps it alive until the next one is installed. Every byte is handed out
//! once: what a slice covers is never written again.

use std::mem::MaybeUninit;

/// The size of a slab in bytes. A slice keeps its whole slab alive, so larger is not always better.
pub const SIZE: u32 = 1 << 18;

/// The most that one read takes. Larger reads gain nothing measurable; smaller ones cost calls.
const READ_MOST: usize = 64 << 10;

/// With less than this left, a new slab is cheaper than ever shorter reads.
const READ_LEAST: usize = 8 << 10;

/// Slices begin at multiples of this, so that typed arrays can view them.
const ALIGNMENT: usize = 8;

/// See the module.
pub struct ReadSlab {
    memory: *mut MaybeUninit<u8>,
    size: usize,
    used: usize,
}

impl ReadSlab {
    /// No memory yet: the first read asks for it.
    pub const fn empty() -> Self {
        Self { memory: std::ptr::null_mut(), size: 0, used: 0 }
    }

    /// Goes on in new memory.
    ///
    /// # Safety
    ///
    /// `memory` points to `size` bytes that stay allocated, and that this thread alone uses, until the next call or
    /// until this value is gone.
    pub unsafe fn install(&mut self, memory: *mut u8, size: usize) {
        *self = Self { memory: memory.cast(), size, used: 0 };
    }

    /// Whether a new slab must be installed before the next read.
    pub fn is_used_up(&self) -> bool {
        self.size - self.used < READ_LEAST
    }

    /// The bytes to read into next.
    pub fn space(&mut self) -> &mut [MaybeUninit<u8>] {
        let length = (self.size - self.used).min(READ_MOST);
        if length == 0 {
            return &mut [];
        }
        // SAFETY: `used + length` is within the `size` bytes that `install` was promised, and the bytes from `used` on
        // have not been handed out.
        unsafe { std::slice::from_raw_parts_mut(self.memory.add(self.used), length) }
    }

    /// Hands out the first `length` bytes of [`Self::space`]: gives their offset in the slab.
    pub fn take(&mut self, length: usize) -> usize {
        debug_assert!(length <= self.size - self.used);
        let offset = self.used;
        self.used = (offset + length).next_multiple_of(ALIGNMENT).min(self.size);
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_every_byte_out_once() {
        let mut memory = vec![0u8; 3 * READ_MOST];
        let mut slab = ReadSlab::empty();
        assert!(slab.is_used_up());
        assert!(slab.space().is_empty());
        // SAFETY: `memory` outlives `slab` and nobody else touches it.
        unsafe { slab.install(memory.as_mut_ptr(), memory.len()) };
        assert!(!slab.is_used_up());
        assert_eq!(slab.space().len(), READ_MOST);
        assert_eq!(slab.take(5), 0);
        assert_eq!(slab.take(READ_MOST), ALIGNMENT);
        assert_eq!(slab.take(8), ALIGNMENT + READ_MOST);
        let left = memory.len() - (2 * ALIGNMENT + READ_MOST);
        assert_eq!(slab.space().len(), READ_MOST.min(left));
    }

    #[test]
    fn asks_for_more_before_reads_get_short() {
        let mut memory = vec![0u8; READ_LEAST + 16];
        let mut slab = ReadSlab::empty();
        // SAFETY: as above.
        unsafe { slab.install(memory.as_mut_ptr(), memory.len()) };
        assert!(!slab.is_used_up());
        slab.take(24);
        assert!(slab.is_used_up());
    }
}
