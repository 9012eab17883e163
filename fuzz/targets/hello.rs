//! What is read of a ClientHello beside rustls: the same, however it is cut into records, and nothing that did not come.

use super::input::Input;
use crate::tls::handshake::hello::HelloDetails;

/// The longest record.
const MAX_RECORD: usize = 1 << 14;

pub fn run(data: &[u8]) {
    // As it comes: whatever it is, it is read.
    let _ = HelloDetails::read(data);

    let mut input = Input(data);
    let size = 1 + usize::from(input.byte());
    let message = &input.0[..input.0.len().min(MAX_RECORD)];
    let whole = HelloDetails::read(&records(message, MAX_RECORD));
    assert_eq!(HelloDetails::read(&records(message, size)), whole);
    let has_come = |part: &[u8]| part.is_empty() || message.windows(part.len()).any(|window| window == part);
    assert!(has_come(&whole.session_id) && (whole.takes_tickets || !whole.has_ticket));
}

fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).expect("a record").to_be_bytes();
        [&[22, 3, 1], length.as_slice(), part].concat()
    };
    message.chunks(size).flat_map(record).collect()
}
