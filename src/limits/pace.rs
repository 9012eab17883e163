//! Whether a connection's bytes come and go fast enough. Pure.
//!
//! A connection is looked at once in a span, and what it has done in between is compared with the least that it may do.
//!
//! *Receiving.* Bytes are measured while a message comes: something was received that nothing has been written behind, and
//! more is asked for all the time. The time that counts ends with the last byte, because from the bytes alone, a client
//! that waits for an answer looks like one that has stopped in the middle of a message. So one that goes on too slowly is
//! found, and one that has stopped is idle.
//!
//! *Sending.* Bytes are measured while the kernel has no room for more, since the peer takes none. It has room again only
//! when a good part of its buffer is free; but what is offered in between, it takes as far as there is some. So at every
//! look, what waits is offered. The peer's kernel says that it has been read from only in large steps, too. So what has
//! been taken is judged over [`SPANS`] spans.

use std::time::{Duration, Instant};

/// Over so many spans, sending is judged.
const SPANS: u32 = 3;

/// What is seen of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// The last traffic.
    pub last_traffic: Instant,
    /// Bytes received.
    pub received: u64,
    /// Bytes that were written.
    pub written: u64,
    /// Bytes that the kernel has taken.
    pub taken: u64,
    /// A message has begun: something was received that nothing has been written behind.
    pub has_begun: bool,
    /// Since the sample before, there was a time at which no data was asked for.
    pub has_paused: bool,
    /// The kernel has no room.
    pub is_blocked: bool,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    last: Sample,
    /// How many spans it has been blocked, and what had been taken before; `None` if it was not blocked at the last look.
    blocked: Option<(u32, Sample)>,
}

impl Pace {
    /// Measures from `sample` on.
    pub fn new(sample: Sample) -> Self {
        Self { last: sample, blocked: None }
    }

    /// When it is to be looked at next.
    pub fn due_at(&self, span: Duration) -> Instant {
        self.last.at + span
    }

    /// Whether less than `rate` bytes a second have passed since the last look, though they should have.
    pub fn is_slow(&mut self, rate: u32, now: Sample) -> bool {
        let then = std::mem::replace(&mut self.last, now);
        let is_slow = |bytes: u64, time: Duration| (bytes as f64) < f64::from(rate) * time.as_secs_f64();
        let received = now.received - then.received;
        let receives = then.has_begun && now.has_begun && now.written == then.written && !now.has_paused;
        let receiving = now.last_traffic.saturating_duration_since(then.at);
        if receives && received > 0 && is_slow(received, receiving) {
            return true;
        }
        self.blocked = match self.blocked {
            _ if !now.is_blocked => None,
            None => Some((0, now)),
            Some((spans, since)) if spans + 1 < SPANS => Some((spans + 1, since)),
            Some((_, since)) if is_slow(now.taken.saturating_sub(since.taken), now.at - since.at) => return true,
            Some(_) => Some((0, now)),
        };
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(5);

    /// A stream that has received `received` bytes of a message, the last after `last` of the spans.
    fn receiving(start: Instant, spans: u32, received: u64, last: f64) -> Sample {
        Sample {
            at: start + SPAN * spans,
            last_traffic: start + SPAN.mul_f64(last),
            received,
            written: 7,
            taken: 7,
            has_begun: true,
            has_paused: false,
            is_blocked: false,
        }
    }

    #[test]
    fn a_message_that_goes_on_too_slowly_is_slow() {
        let start = Instant::now();
        let first = receiving(start, 0, 10, 0.0);
        for (received, last, is_slow) in [
            (11, 0.9, true),
            (10 + 449, 0.9, true),
            (10 + 450, 0.9, false),
            // The rest has come at once, and the client waits for the answer.
            (11, 0.001, false),
            // It has stopped: that is for the idle time.
            (10, 0.0, false),
        ] {
            let mut pace = Pace::new(first);
            assert_eq!(pace.is_slow(100, receiving(start, 1, received, last)), is_slow, "{received} {last}");
        }
    }

    #[test]
    fn what_is_between_two_messages_is_not_slow() {
        let start = Instant::now();
        let slow = receiving(start, 1, 11, 0.9);
        assert!(Pace::new(receiving(start, 0, 10, 0.0)).is_slow(100, slow));
        for (then, now) in [
            (Sample { has_begun: false, ..receiving(start, 0, 10, 0.0) }, slow),
            (receiving(start, 0, 10, 0.0), Sample { has_begun: false, ..slow }),
            (receiving(start, 0, 10, 0.0), Sample { written: 8, ..slow }),
            (receiving(start, 0, 10, 0.0), Sample { has_paused: true, ..slow }),
        ] {
            assert!(!Pace::new(then).is_slow(100, now));
        }
    }

    #[test]
    fn a_peer_that_takes_too_little_is_slow_after_some_spans() {
        let start = Instant::now();
        let at = |spans, taken| Sample {
            written: 90_000,
            taken,
            has_begun: false,
            is_blocked: true,
            ..receiving(start, spans, 0, f64::from(spans))
        };
        let looks = |taken: &[u64]| {
            let mut pace = Pace::new(at(0, 1000));
            let slow = taken.iter().zip(1..).position(|(taken, spans)| pace.is_slow(100, at(spans, *taken)));
            slow.map(|index| index + 1)
        };
        // From the first look at which it is blocked, three spans: 1,500 bytes are enough.
        assert_eq!(looks(&[1000, 1000, 1000, 2499]), Some(4));
        assert_eq!(looks(&[1000, 1000, 1000, 2500, 2500, 2500, 3999]), Some(7));
        assert_eq!(looks(&[1000, 1000, 1000, 2500, 2500, 2500, 4000]), None);
        let mut pace = Pace::new(at(0, 1000));
        for spans in 1..20 {
            let is_blocked = spans % 4 != 0;
            assert!(!pace.is_slow(100, Sample { is_blocked, ..at(spans, 1000) }), "{spans}");
        }
    }
}
