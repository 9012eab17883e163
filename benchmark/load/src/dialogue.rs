//! How messages and their answers look on a connection: as they are, as requests of HTTP/1.1 whose path is the message
//! and whose answer has it as its body, or as the same of HTTP/2.

use crate::http1::Answer;
use crate::http2::Frames;
use crate::message::Shape;
use crate::work::{Failure, server};

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Messages as they are, which come back so many times.
    Raw {
        /// How often.
        replies: usize,
    },
    /// HTTP/1.1.
    Http {
        /// Whether each request is the last of its connection.
        closes: bool,
    },
    /// HTTP/2.
    Http2,
}

/// The state of one connection.
pub enum Dialogue {
    /// So many bytes of the answer have come.
    Raw {
        /// How often a message comes back.
        replies: usize,
        /// How much of that has come.
        received: usize,
    },
    /// The answer as far as it has come.
    Http {
        /// Whether each request is the last of its connection.
        closes: bool,
        /// See there.
        answer: Answer,
    },
    /// The frames as far as they have come.
    Http2(Box<Frames>),
}

/// What was done with bytes that have come.
pub struct Progress {
    /// So many were used.
    pub used: usize,
    /// Whether the answer is complete.
    pub is_complete: bool,
}

impl Dialogue {
    /// One that has not begun.
    pub fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Raw { replies } => Self::Raw { replies, received: 0 },
            Protocol::Http { closes } => Self::Http { closes, answer: Answer::default() },
            Protocol::Http2 => Self::Http2(Box::default()),
        }
    }

    /// Whether the server ends the connection once it has answered.
    pub fn ends_with_answer(&self) -> bool {
        matches!(self, Self::Http { closes: true, .. })
    }

    /// Appends the message with this number to what is sent.
    pub fn ask(&mut self, number: u64, shape: &Shape, outgoing: &mut Vec<u8>) {
        match self {
            Self::Raw { .. } => shape.append(number, outgoing),
            Self::Http { closes, .. } => {
                outgoing.extend_from_slice(b"GET /");
                shape.append(number, outgoing);
                outgoing.extend_from_slice(b" HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nAccept: */*\r\n");
                if *closes {
                    outgoing.extend_from_slice(b"Connection: close\r\n");
                }
                outgoing.extend_from_slice(b"\r\n");
            }
            Self::Http2(frames) => frames.ask(number, shape, outgoing),
        }
    }

    /// Takes bytes that have come, no further than to the end of the answer to message `number`, the oldest that is under
    /// way. What has to be sent back goes into `outgoing`.
    pub fn receive(
        &mut self,
        number: Option<u64>,
        bytes: &[u8],
        shape: &Shape,
        outgoing: &mut Vec<u8>,
    ) -> Result<Progress, Failure> {
        match self {
            Self::Http2(frames) => frames.receive(number, bytes, shape, outgoing),
            Self::Http { answer, .. } => answer.receive(expected(number)?, bytes, shape),
            Self::Raw { replies, received } => {
                let number = expected(number)?;
                let expected = *replies * shape.size();
                let used = bytes.len().min(expected - *received);
                if !shape.is_repeated(number, *received, &bytes[..used]) {
                    return server("has sent other bytes than it was to");
                }
                *received += used;
                let is_complete = *received == expected;
                if is_complete {
                    *received = 0;
                }
                Ok(Progress { used, is_complete })
            }
        }
    }
}

/// The number of the message that is answered. There has to be one.
pub fn expected(number: Option<u64>) -> Result<u64, Failure> {
    number.map_or_else(|| server("has sent more than it was to"), Ok)
}
