//! An answer of HTTP/1.1: status 200, a length, and the message as its body.

use crate::dialogue::Progress;
use crate::message::Shape;
use crate::work::{Failure, server};

/// No head is longer.
const MAX_HEAD: usize = 8 << 10;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// See the module.
#[derive(Default)]
pub struct Answer {
    head: Vec<u8>,
    /// How much of the body has come, once the head is complete.
    received: Option<usize>,
}

impl Answer {
    /// Takes what has come, up to the end of the answer.
    pub fn receive(&mut self, number: u64, bytes: &[u8], shape: &Shape) -> Result<Progress, Failure> {
        let mut used = 0;
        if self.received.is_none() {
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let from = before.saturating_sub(END_OF_HEAD.len() - 1);
            let Some(at) = self.head[from..].windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD) else {
                if self.head.len() > MAX_HEAD {
                    return server("has sent a head without an end");
                }
                return Ok(Progress { used: bytes.len(), is_complete: false });
            };
            let end = from + at + END_OF_HEAD.len();
            used = end - before;
            check(&self.head[..end], shape.size())?;
            self.head.clear();
            self.received = Some(0);
        }
        let received = self.received.unwrap_or(0);
        let length = (bytes.len() - used).min(shape.size() - received);
        if !shape.is_repeated(number, received, &bytes[used..used + length]) {
            return server("has sent another body than it was to");
        }
        let is_complete = received + length == shape.size();
        self.received = (!is_complete).then_some(received + length);
        Ok(Progress { used: used + length, is_complete })
    }
}

/// Checks the status, and that a body of `length` bytes follows.
fn check(head: &[u8], length: usize) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200 ") {
        return server(format!("has answered {status:?}"));
    }
    let declared = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    match declared {
        Some(Ok(declared)) if declared == length => Ok(()),
        other => server(format!("has declared a body of {other:?} instead of {length} bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MESSAGE;

    fn answer(number: u64, shape: &Shape) -> Vec<u8> {
        let mut bytes = b"HTTP/1.1 200 OK\r\nDate: now\r\ncontent-length: 64\r\n\r\n".to_vec();
        shape.append(number, &mut bytes);
        bytes
    }

    #[test]
    fn an_answer_may_come_in_any_pieces() {
        let shape = Shape::new(MESSAGE);
        let mut bytes = answer(7, &shape);
        let length = bytes.len();
        bytes.extend(answer(8, &shape));
        for cut in 1..length {
            let mut answer = Answer::default();
            let first = answer.receive(7, &bytes[..cut], &shape).unwrap();
            assert_eq!((first.used, first.is_complete), (cut, false));
            let second = answer.receive(7, &bytes[cut..], &shape).unwrap();
            assert_eq!((cut + second.used, second.is_complete), (length, true), "{cut}");
            let third = answer.receive(8, &bytes[length..], &shape).unwrap();
            assert!(third.is_complete);
        }
    }

    #[test]
    fn sees_wrong_answers() {
        let shape = Shape::new(MESSAGE);
        let right = answer(7, &shape);
        assert!(Answer::default().receive(8, &right, &shape).is_err());
        for (from, to) in [("200", "404"), ("64", "65"), ("content-length", "content-width")] {
            let wrong = String::from_utf8(right.clone()).unwrap().replacen(from, to, 1);
            assert!(Answer::default().receive(7, wrong.as_bytes(), &shape).is_err(), "{to}");
        }
    }
}
