//! When bytes have last passed a stream's socket, and how many have. Pure.
//!
//! Owned by a stream, and no larger than a time: few streams are measured, and many are not even timed.

use std::time::Instant;

use crate::limits::lent::Lent;
use crate::limits::pace::Passage;
use crate::socket::counters::Counters;

/// What is noted of a stream's traffic.
#[derive(Debug, Default)]
pub enum Traffic {
    /// Nothing.
    #[default]
    Ignored,
    /// When there was some last.
    Timed(Instant),
    /// Also how much, for a limit.
    Measured(Box<Measured>),
    /// Another owner moves the bytes, and the kernel counts them.
    Lent(Box<Lent>),
    /// Another owner moves the bytes, and nothing counts them.
    Unseen,
}

/// See [`Traffic::Measured`].
#[derive(Debug)]
pub struct Measured {
    last: Instant,
    passage: Passage,
}

impl Traffic {
    /// Notes its time, as if there had been some at `last`.
    pub fn track(&mut self, last: Instant) {
        match self {
            Self::Measured(measured) => measured.last = last,
            Self::Lent(lent) => lent.track(last),
            Self::Unseen => {}
            Self::Ignored | Self::Timed(_) => *self = Self::Timed(last),
        }
    }

    /// Another owner moves the bytes. `counted` is what the kernel has counted by `now`, if it counts.
    pub fn look(&mut self, counted: Option<Counters>, now: Instant) {
        match (&mut *self, counted) {
            (Self::Lent(lent), Some(counted)) => lent.look(counted, now),
            (_, Some(counted)) => *self = Self::Lent(Box::new(Lent::new(self.last().unwrap_or(now), counted))),
            (_, None) => *self = Self::Unseen,
        }
    }

    /// Measures it, from `now` on where its time was not noted, or no longer. Not where another owner moves the bytes.
    pub fn measure(&mut self, is_measured: bool, now: Instant) {
        let last = self.last().unwrap_or(now);
        let passage = Passage::default();
        *self = if is_measured { Self::Measured(Box::new(Measured { last, passage })) } else { Self::Timed(last) };
    }

    /// The last, where its time is noted.
    pub fn last(&self) -> Option<Instant> {
        match self {
            Self::Ignored | Self::Unseen => None,
            Self::Timed(last) => Some(*last),
            Self::Measured(measured) => Some(measured.last),
            Self::Lent(lent) => Some(lent.last()),
        }
    }

    /// What has passed, as far as it is measured.
    pub fn passage(&self) -> Passage {
        match self {
            Self::Measured(measured) => measured.passage,
            _ => Passage::default(),
        }
    }

    /// So many bytes were received and sent.
    pub fn pass(&mut self, received: u64, sent: u64, now: Instant) {
        if received == 0 && sent == 0 {
            return;
        }
        match self {
            Self::Ignored | Self::Lent(_) | Self::Unseen => {}
            Self::Timed(last) => *last = now,
            Self::Measured(measured) => {
                measured.last = now;
                measured.passage.pass(received, sent, now);
            }
        }
    }

    /// A handshake is over, whose bytes do not pass here.
    pub fn refresh(&mut self, now: Instant) {
        match self {
            Self::Ignored | Self::Lent(_) | Self::Unseen => {}
            Self::Timed(last) => *last = now,
            Self::Measured(measured) => measured.last = now,
        }
    }

    /// Something was written after what has come.
    pub fn answer(&mut self) {
        if let Self::Measured(measured) = self {
            measured.passage.answer();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_bytes_that_have_passed_are_traffic() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let mut traffic = Traffic::default();
        traffic.pass(1, 1, later);
        assert_eq!(traffic.last(), None);
        traffic.track(start);
        traffic.pass(0, 0, later);
        assert_eq!(traffic.last(), Some(start));
        traffic.pass(0, 1, later);
        assert_eq!((traffic.last(), traffic.passage()), (Some(later), Passage::default()));
    }

    #[test]
    fn what_another_owner_moves_is_traffic_as_far_as_it_is_counted() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let mut traffic = Traffic::Timed(start);
        traffic.look(Some(Counters::default()), later);
        assert_eq!(traffic.last(), Some(start));
        traffic.look(Some(Counters { received: 1, ..Counters::default() }), later);
        assert_eq!(traffic.last(), Some(later));
        traffic.track(start);
        assert!(matches!(traffic, Traffic::Lent(_)) && traffic.last() == Some(start));
        traffic.look(None, later);
        traffic.track(start);
        assert!(matches!(traffic, Traffic::Unseen) && traffic.last().is_none());
    }

    #[test]
    fn what_is_measured_keeps_its_time() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let mut traffic = Traffic::Timed(start);
        traffic.measure(true, later);
        assert_eq!(traffic.last(), Some(start));
        traffic.pass(2, 3, later);
        let mut passage = Passage::default();
        passage.pass(2, 3, later);
        assert_eq!((traffic.last(), traffic.passage()), (Some(later), passage));
        traffic.track(start);
        assert_eq!((traffic.last(), traffic.passage()), (Some(start), passage));
        traffic.measure(false, later);
        assert_eq!((traffic.last(), traffic.passage()), (Some(start), Passage::default()));
    }
}
