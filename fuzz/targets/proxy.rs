//! Headers of the PROXY protocol: what is read is the same however it is cut, is no longer than may be, and what is read
//! of version 2 reads the same when it is built again.

use super::input::Input;
use crate::proxy::{Fault, Parsed, parse, tlv, v1, v2};

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let limit = v2::HEAD + input.size();
    let prefix = match input.byte() % 3 {
        0 => v1::SIGNATURE,
        1 => v2::SIGNATURE,
        _ => b"",
    };
    let bytes = [prefix, input.0].concat();
    let outcome = parse(&bytes, limit);

    // What is known of a beginning holds for all of it.
    let cut = bytes.len() / 2;
    match parse(&bytes[..cut], limit) {
        Ok(Parsed::Partial) => {}
        Err(Fault::Malformed) => assert!(outcome.is_err(), "{bytes:?}"),
        known => assert_eq!(known, outcome, "{bytes:?}"),
    }
    let Ok(Parsed::Whole(length, header)) = outcome else { return };
    assert!(length <= bytes.len() && length <= limit.max(v1::MAX_LENGTH));
    assert_eq!(parse(&bytes[..length], limit), Ok(Parsed::Whole(length, header.clone())));
    let has_checksum = tlv::all(&header.tlvs).any(|(kind, _)| kind == tlv::CRC32C);
    if header.version == 1 {
        let built = v1::build(&header.endpoints);
        assert_eq!(parse(&built, limit), Ok(Parsed::Whole(built.len(), header)));
    } else if !has_checksum {
        let built = v2::build(&header, false).expect("what was read can be built");
        assert_eq!(parse(&built, v2::MAX_LENGTH), Ok(Parsed::Whole(built.len(), header)));
    }
}
