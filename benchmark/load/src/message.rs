//! Messages: a number in hexadecimal digits, the last digit first, and dots after it as far as the size goes. They are
//! text, so that a server may take them as such.

/// The size of a message in bytes, unless another is asked for.
pub const MESSAGE: usize = 64;

/// Digits of a number.
const DIGITS: usize = 16;

/// What all messages of one size have in common.
#[derive(Clone)]
pub struct Shape {
    /// A message without its number.
    dots: Box<[u8]>,
}

impl Shape {
    /// Messages of `size` bytes.
    pub fn new(size: usize) -> Self {
        Self { dots: vec![b'.'; size].into() }
    }

    /// The size of a message.
    pub fn size(&self) -> usize {
        self.dots.len()
    }

    /// Appends the message with this number.
    pub fn append(&self, number: u64, bytes: &mut Vec<u8>) {
        let head = self.size().min(DIGITS);
        bytes.extend_from_slice(&digits(number)[..head]);
        bytes.extend_from_slice(&self.dots[head..]);
    }

    /// Whether `bytes` are what comes at `offset` when the message is sent again and again.
    pub fn is_repeated(&self, number: u64, offset: usize, bytes: &[u8]) -> bool {
        let digits = &digits(number)[..self.size().min(DIGITS)];
        let mut rest = bytes;
        let mut start = offset % self.size();
        while !rest.is_empty() {
            let expected = if start < digits.len() { &digits[start..] } else { &self.dots[start..] };
            let length = rest.len().min(expected.len());
            if rest[..length] != expected[..length] {
                return false;
            }
            rest = &rest[length..];
            start = (start + length) % self.size();
        }
        true
    }
}

fn digits(number: u64) -> [u8; DIGITS] {
    std::array::from_fn(|place| b"0123456789abcdef"[(number >> (4 * place)) as usize & 15])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(shape: &Shape, number: u64, times: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..times {
            shape.append(number, &mut bytes);
        }
        bytes
    }

    #[test]
    fn sees_a_wrong_byte_wherever_it_is() {
        let shape = Shape::new(MESSAGE);
        let bytes = repeated(&shape, 7, 3);
        assert!(shape.is_repeated(7, 0, &bytes));
        assert!(shape.is_repeated(7, 70, &bytes[6..]));
        assert!(!shape.is_repeated(7, 1, &bytes));
        assert!(!shape.is_repeated(8, 0, &bytes));
        for place in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[place] ^= 1;
            assert!(!shape.is_repeated(7, 0, &bytes), "{place}");
        }
    }

    #[test]
    fn a_message_may_be_shorter_than_its_number() {
        let shape = Shape::new(1);
        assert_eq!(repeated(&shape, 0xfe, 2), b"ee");
        assert!(shape.is_repeated(0xfe, 0, b"ee"));
        assert!(!shape.is_repeated(0xfe, 0, b"ef"));
    }
}
