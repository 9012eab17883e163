//! Whether a connection's bytes come and go fast enough. Pure.
//!
//! A connection is looked at once in a span, and what it has done is compared with the least that it may do.
//!
//! *Receiving.* Bytes are measured while a message comes: something was received that nothing has been written after, and
//! more is asked for all the time. The time that counts is that from its first byte to its last, because from the bytes
//! alone, a client that waits for an answer looks like one that has stopped in the middle of a message. So one that goes on
//! too slowly is found, and one that has stopped is idle. It does not depend on when the looks are, and what has taken less
//! than a span is not judged.
//!
//! *Sending.* Bytes are measured while the kernel has no room for more, since the peer takes none. It has room again only
//! when a good part of its buffer is free; but what is offered in between, it takes as far as there is some. So at every
//! look, what waits is offered. The peer's kernel says that it has been read from only in large steps, too. So what has
//! been taken is judged over [`SPANS`] spans.

use std::time::{Duration, Instant};

/// Over so many spans, sending is judged.
const SPANS: u32 = 3;

/// What comes from a peer, until something is written after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// When it has begun.
    pub began: Instant,
    /// When the last of it came.
    pub last: Instant,
    /// Bytes received before it.
    pub before: u64,
}

/// What has passed the socket of a stream since it is measured: of a secure one, its records, since a part of one that
/// comes or goes is nothing for the application yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    received: u64,
    sent: u64,
    message: Option<Message>,
}

impl Passage {
    /// What the kernel has counted.
    pub fn counted(received: u64, sent: u64, message: Option<Message>) -> Self {
        Self { received, sent, message }
    }

    /// The socket has given and taken so many bytes.
    pub fn pass(&mut self, received: u64, sent: u64, now: Instant) {
        if received > 0 {
            self.message.get_or_insert(Message { began: now, last: now, before: self.received }).last = now;
        }
        self.received += received;
        self.sent += sent;
    }

    /// Something was written after what has come.
    pub fn answer(&mut self) {
        self.message = None;
    }
}

/// What is seen of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// What has passed the socket.
    pub passage: Passage,
    /// Since the sample before, there was a time at which no data was asked for.
    pub has_paused: bool,
    /// The kernel has no room.
    pub is_blocked: bool,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    looked: Instant,
    /// The last look at which data was not asked for all the time, and what had been received: a message that has begun
    /// before is measured from then on.
    resumed: (Instant, u64),
    /// How many spans it has been blocked, and what had been taken before; `None` if it was not blocked at the last look.
    blocked: Option<(u32, Sample)>,
}

impl Pace {
    /// Measures from `sample` on.
    pub fn new(sample: Sample) -> Self {
        Self { looked: sample.at, resumed: (sample.at, sample.passage.received), blocked: None }
    }

    /// When it is to be looked at next.
    pub fn due_at(&self, span: Duration) -> Instant {
        self.looked + span
    }

    /// Whether less than `rate` bytes a second have passed, though they should have; what is received counts once it has
    /// taken `span`.
    pub fn is_slow(&mut self, rate: u32, span: Duration, now: Sample) -> bool {
        self.looked = now.at;
        let is_slow = |bytes: u64, time: Duration| (bytes as f64) < f64::from(rate) * time.as_secs_f64();
        if now.has_paused {
            self.resumed = (now.at, now.passage.received);
        }
        if let Some(message) = now.passage.message {
            let (since, before) = self.resumed.max((message.began, message.before));
            let time = message.last.saturating_duration_since(since);
            if time >= span && is_slow(now.passage.received - before, time) {
                return true;
            }
        }
        self.blocked = match self.blocked {
            _ if !now.is_blocked => None,
            None => Some((0, now)),
            Some((spans, since)) if spans + 1 < SPANS => Some((spans + 1, since)),
            Some((_, since)) if is_slow(now.passage.sent - since.passage.sent, now.at - since.at) => return true,
            Some(_) => Some((0, now)),
        };
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(5);

    /// A stream that has received `received` bytes by the end of so many spans, those of a message from `began` to `last`.
    fn receiving(start: Instant, spans: u32, received: u64, began: f64, last: f64) -> Sample {
        let at = |spans| start + SPAN.mul_f64(spans);
        Sample {
            at: start + SPAN * spans,
            passage: Passage {
                received,
                sent: 7,
                message: Some(Message { began: at(began), last: at(last), before: 10 }),
            },
            has_paused: false,
            is_blocked: false,
        }
    }

    fn answered(mut sample: Sample) -> Sample {
        sample.passage.answer();
        sample
    }

    fn fresh(start: Instant) -> Pace {
        Pace::new(answered(receiving(start, 0, 10, 0.0, 0.0)))
    }

    #[test]
    fn a_message_begins_with_its_first_bytes_and_lasts_until_its_last() {
        let began = Instant::now();
        let last = began + SPAN;
        let mut passage = Passage::default();
        passage.pass(0, 5, began);
        assert_eq!(passage, Passage { received: 0, sent: 5, message: None });
        passage.pass(3, 0, began);
        passage.pass(4, 0, last);
        // What goes out meanwhile was written before.
        passage.pass(0, 6, last + SPAN);
        assert_eq!(passage, Passage { received: 7, sent: 11, message: Some(Message { began, last, before: 0 }) });
        passage.answer();
        passage.pass(1, 0, last);
        assert_eq!(passage.message, Some(Message { began: last, last, before: 7 }));
    }

    #[test]
    fn a_message_that_goes_on_too_slowly_is_slow_whenever_it_is_looked_at() {
        let start = Instant::now();
        for (received, began, last, is_slow) in [
            // 1,000 bytes in two spans are enough.
            (10 + 999, 0.0, 2.0, true),
            (10 + 1000, 0.0, 2.0, false),
            // What has taken less than a span is not judged, wherever the looks were.
            (11, 0.9, 1.8, false),
            (11, 0.9, 1.9, true),
            // It has stopped: that is for the idle time.
            (11, 0.1, 0.1, false),
        ] {
            let look = receiving(start, 2, received, began, last);
            assert_eq!(fresh(start).is_slow(100, SPAN, look), is_slow, "{received} {began} {last}");
        }
    }

    #[test]
    fn a_client_that_waits_for_its_answer_is_never_slow() {
        let start = Instant::now();
        let mut pace = fresh(start);
        for spans in 1..20 {
            // 500 bytes around the first look, the last few after it.
            let (received, last) = if spans == 1 { (10 + 490, 0.9) } else { (10 + 500, 1.1) };
            assert!(!pace.is_slow(1000, SPAN, receiving(start, spans, received, 0.9, last)), "{spans}");
        }
    }

    #[test]
    fn bytes_right_behind_each_look_are_measured_over_all_the_time() {
        let start = Instant::now();
        let mut pace = fresh(start);
        assert!(!pace.is_slow(100, SPAN, receiving(start, 1, 10 + 400, 0.01, 0.01)));
        assert!(pace.is_slow(100, SPAN, receiving(start, 2, 10 + 450, 0.01, 1.01)));
    }

    #[test]
    fn what_nothing_is_asked_for_meanwhile_does_not_count() {
        let start = Instant::now();
        let slow = receiving(start, 2, 11, 0.0, 2.0);
        assert!(fresh(start).is_slow(100, SPAN, slow));
        assert!(!fresh(start).is_slow(100, SPAN, answered(slow)));
        let mut pace = fresh(start);
        assert!(!pace.is_slow(100, SPAN, Sample { has_paused: true, ..slow }));
        assert!(!pace.is_slow(100, SPAN, receiving(start, 3, 11 + 400, 0.0, 2.9)));
        assert!(pace.is_slow(100, SPAN, receiving(start, 4, 11 + 400, 0.0, 3.0)));
        // What has been going on since before it was measured.
        assert!(!Pace::new(slow).is_slow(100, SPAN, receiving(start, 3, 11, 0.0, 2.0)));
    }

    #[test]
    fn a_peer_that_takes_too_little_is_slow_after_some_spans() {
        let start = Instant::now();
        let at = |spans, sent| Sample {
            passage: Passage { sent, ..Passage::default() },
            is_blocked: true,
            ..receiving(start, spans, 0, 0.0, 0.0)
        };
        let looks = |taken: &[u64]| {
            let mut pace = Pace::new(at(0, 1000));
            let slow = taken.iter().zip(1..).position(|(taken, spans)| pace.is_slow(100, SPAN, at(spans, *taken)));
            slow.map(|index| index + 1)
        };
        // From the first look at which it is blocked, three spans: 1,500 bytes are enough.
        assert_eq!(looks(&[1000, 1000, 1000, 2499]), Some(4));
        assert_eq!(looks(&[1000, 1000, 1000, 2500, 2500, 2500, 3999]), Some(7));
        assert_eq!(looks(&[1000, 1000, 1000, 2500, 2500, 2500, 4000]), None);
        let mut pace = Pace::new(at(0, 1000));
        for spans in 1..20 {
            let is_blocked = spans % 4 != 0;
            assert!(!pace.is_slow(100, SPAN, Sample { is_blocked, ..at(spans, 1000) }), "{spans}");
        }
    }
}
