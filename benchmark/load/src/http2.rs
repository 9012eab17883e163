//! HTTP/2, as far as it takes to ask for messages and get them: requests whose path is the message, each on a stream of
//! its own, and answers whose body is the message. The headers of answers are not decoded.

use crate::dialogue::{Progress, expected};
use crate::message::Shape;
use crate::work::{Failure, server};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HEAD: usize = 9;

/// What is received of one connection before its window is opened again, in bytes: less than half of the window.
const CREDIT: u32 = 30_000;

/// No frame is longer, as nothing else was agreed on.
const MAX_FRAME: usize = 16 << 10;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// See the module.
#[derive(Default)]
pub struct Frames {
    has_begun: bool,
    /// How many streams have been opened.
    asked: u32,
    /// How many have been answered.
    answered: u32,
    /// How much of the body has come that is coming.
    received: usize,
    /// A frame that has not come whole.
    frame: Vec<u8>,
    /// Bytes of bodies since the window was opened.
    credit: u32,
}

impl Frames {
    /// Appends a request, after what begins the connection if it is the first.
    pub fn ask(&mut self, number: u64, shape: &Shape, outgoing: &mut Vec<u8>) {
        if !self.has_begun {
            self.has_begun = true;
            outgoing.extend_from_slice(PREFACE);
            append(SETTINGS, 0, 0, &[], outgoing);
        }
        // GET, https, and the authority and the path as literals without an index.
        let mut block = vec![0x82, 0x87, 0x01, 9];
        block.extend_from_slice(b"localhost");
        block.push(0x04);
        append_length(shape.size() + 1, &mut block);
        block.push(b'/');
        shape.append(number, &mut block);
        append(HEADERS, END_STREAM | END_HEADERS, stream_of(self.asked), &block, outgoing);
        self.asked += 1;
    }

    /// Takes what has come, up to the end of the answer.
    pub fn receive(
        &mut self,
        number: Option<u64>,
        bytes: &[u8],
        shape: &Shape,
        outgoing: &mut Vec<u8>,
    ) -> Result<Progress, Failure> {
        let mut used = 0;
        loop {
            let wanted = if self.frame.len() < HEAD { HEAD } else { HEAD + length_of(&self.frame) };
            let length = (wanted - self.frame.len()).min(bytes.len() - used);
            self.frame.extend_from_slice(&bytes[used..used + length]);
            used += length;
            if self.frame.len() < HEAD {
                return Ok(Progress { used, is_complete: false });
            }
            let wanted = HEAD + length_of(&self.frame);
            if wanted > HEAD + MAX_FRAME {
                return server("has sent too long a frame");
            }
            if self.frame.len() < wanted {
                if used == bytes.len() {
                    return Ok(Progress { used, is_complete: false });
                }
                continue;
            }
            let frame = std::mem::take(&mut self.frame);
            let is_complete = self.take(&frame, number, shape, outgoing)?;
            self.frame = frame;
            self.frame.clear();
            if is_complete || used == bytes.len() {
                return Ok(Progress { used, is_complete });
            }
        }
    }

    /// Takes a whole frame. Returns whether an answer is complete with it.
    fn take(
        &mut self,
        frame: &[u8],
        number: Option<u64>,
        shape: &Shape,
        outgoing: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        let (kind, flags, payload) = (frame[3], frame[4], &frame[HEAD..]);
        match kind {
            SETTINGS if flags & ACK == 0 => append(SETTINGS, ACK, 0, &[], outgoing),
            PING if flags & ACK == 0 => append(PING, ACK, 0, payload, outgoing),
            SETTINGS | PING | WINDOW_UPDATE => {}
            DATA | HEADERS | CONTINUATION => {
                let number = expected(number)?;
                if stream_id(frame) != stream_of(self.answered) {
                    return server("has answered on another stream than it was to");
                }
                if kind == DATA {
                    self.take_data(payload, flags, number, shape, outgoing)?;
                }
                if kind != CONTINUATION && flags & END_STREAM != 0 {
                    if self.received != shape.size() {
                        return server(format!("has ended a body after {} bytes", self.received));
                    }
                    self.received = 0;
                    self.answered += 1;
                    return Ok(true);
                }
            }
            other => return server(format!("has sent a frame of type {other}")),
        }
        Ok(false)
    }

    fn take_data(
        &mut self,
        payload: &[u8],
        flags: u8,
        number: u64,
        shape: &Shape,
        outgoing: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if flags & PADDED != 0 {
            return server("has padded its data");
        }
        if self.received + payload.len() > shape.size() || !shape.is_repeated(number, self.received, payload) {
            return server("has sent another body than it was to");
        }
        self.received += payload.len();
        self.credit += u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if self.credit > CREDIT {
            append(WINDOW_UPDATE, 0, 0, &self.credit.to_be_bytes(), outgoing);
            self.credit = 0;
        }
        Ok(())
    }
}

/// The identifier of the stream that was opened as number `index`.
fn stream_of(index: u32) -> u32 {
    2 * index + 1
}

fn length_of(head: &[u8]) -> usize {
    usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])
}

fn stream_id(frame: &[u8]) -> u32 {
    u32::from_be_bytes([frame[5] & 0x7f, frame[6], frame[7], frame[8]])
}

fn append(kind: u8, flags: u8, stream: u32, payload: &[u8], bytes: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes()[1..]);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
}

/// Appends the length of a string, as an integer with a prefix of seven bits (RFC 7541, 5.1).
fn append_length(length: usize, bytes: &mut Vec<u8>) {
    const PREFIX: usize = 127;
    if length < PREFIX {
        bytes.push(length as u8);
        return;
    }
    bytes.push(PREFIX as u8);
    let mut rest = length - PREFIX;
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MESSAGE;

    #[test]
    fn answers_may_come_in_any_pieces_among_other_frames() {
        let shape = Shape::new(MESSAGE);
        let mut bytes = Vec::new();
        append(SETTINGS, 0, 0, &[0; 6], &mut bytes);
        append(HEADERS, END_HEADERS, 1, &[0x88], &mut bytes);
        append(PING, 0, 0, &[7; 8], &mut bytes);
        let mut body = Vec::new();
        shape.append(7, &mut body);
        append(DATA, 0, 1, &body[..10], &mut bytes);
        append(DATA, END_STREAM, 1, &body[10..], &mut bytes);
        for cut in 1..bytes.len() {
            let (mut frames, mut outgoing) = (Frames::default(), Vec::new());
            frames.ask(7, &shape, &mut outgoing);
            outgoing.clear();
            let first = frames.receive(Some(7), &bytes[..cut], &shape, &mut outgoing).unwrap();
            assert_eq!((first.used, first.is_complete), (cut, false));
            let second = frames.receive(Some(7), &bytes[cut..], &shape, &mut outgoing).unwrap();
            assert_eq!((cut + second.used, second.is_complete), (bytes.len(), true), "{cut}");
            assert_eq!(outgoing.len(), HEAD + HEAD + 8);
        }
    }

    #[test]
    fn sees_wrong_answers() {
        let shape = Shape::new(MESSAGE);
        let mut body = Vec::new();
        shape.append(7, &mut body);
        let play = |stream: u32, number: u64, body: &[u8]| {
            let (mut frames, mut bytes) = (Frames::default(), Vec::new());
            frames.ask(7, &shape, &mut Vec::new());
            append(DATA, END_STREAM, stream, body, &mut bytes);
            frames.receive(Some(number), &bytes, &shape, &mut Vec::new()).map(|progress| progress.is_complete)
        };
        assert!(matches!(play(1, 7, &body), Ok(true)));
        assert!(play(3, 7, &body).is_err());
        assert!(play(1, 8, &body).is_err());
        assert!(play(1, 7, &body[1..]).is_err());
    }

    #[test]
    fn long_paths_have_lengths_of_several_bytes() {
        let encoded = |length| {
            let mut bytes = Vec::new();
            append_length(length, &mut bytes);
            bytes
        };
        assert_eq!(encoded(65), [65]);
        assert_eq!(encoded(127), [127, 0]);
        assert_eq!(encoded(127 + 300), [127, 172, 2]);
    }
}
