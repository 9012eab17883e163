//! The OCSP response that a server staples to its certificate.
//!
//! rustls shows it to the verifier alone, and a verifier is shared by all connections of its party. So it is noted on the
//! thread, for as long as one connection processes what it has received.

use std::cell::RefCell;

thread_local!(static NOTED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) });

/// Runs `process`, and returns the response that the verifier was shown meanwhile.
pub fn noted_during<T>(process: impl FnOnce() -> T) -> (T, Option<Vec<u8>>) {
    NOTED.take();
    let outcome = process();
    (outcome, NOTED.take())
}

/// The verifier is shown `response`; empty if there is none.
pub fn note(response: &[u8]) {
    if !response.is_empty() {
        NOTED.set(Some(response.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_of_the_connection_that_is_processing() {
        note(b"of another");
        assert_eq!(noted_during(|| note(b"")), ((), None));
        assert_eq!(noted_during(|| note(b"response")), ((), Some(b"response".to_vec())));
        assert_eq!(noted_during(|| 7), (7, None));
    }
}
