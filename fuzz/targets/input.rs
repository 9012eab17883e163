//! An input, read from its beginning. What is missing at its end is zeros.

/// See the module.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn short(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// A size whose small values are more frequent than its large ones; below 64 KiB.
    pub fn size(&mut self) -> usize {
        match self.byte() {
            small @ ..0xc0 => usize::from(small),
            large => usize::from(large & 0x3f) << 10 | usize::from(self.byte()) << 2,
        }
    }

    /// The next `count` bytes, or as many as there are.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
