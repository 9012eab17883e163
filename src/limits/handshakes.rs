//! Which handshakes begin, and which wait: at most so many under way at once, and so many a second. Pure.

use std::time::Instant;

use super::Limits;
use super::bucket::Bucket;
use super::line::{Line, Place};
use super::refusals::Refusal;
use crate::reactor::Id;

/// What becomes of a handshake that is to begin.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It begins.
    Begins,
    /// It waits.
    Waits(Place),
    /// It doesn't: as many wait as may.
    Refused(Refusal),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Turnstile {
    under_way: u32,
    waiting: Line,
    begun: Bucket,
}

impl Turnstile {
    /// The handshake of `id` is to begin.
    pub fn admit(&mut self, id: Id, limits: &Limits, now: Instant) -> Admission {
        let obstacle = match self.obstacle(limits, now) {
            None if self.waiting.is_empty() => {
                self.begin(limits, now);
                return Admission::Begins;
            }
            None => Refusal::Handshakes,
            Some((refusal, _)) => refusal,
        };
        if self.waiting.len() >= limits.waiting_handshakes as usize {
            return Admission::Refused(obstacle);
        }
        Admission::Waits(self.waiting.join(id))
    }

    /// A handshake that has begun is over.
    pub fn end(&mut self) {
        self.under_way -= 1;
    }

    /// One that waits at `place` does not any more.
    pub fn leave(&mut self, place: Place) {
        self.waiting.leave(place);
    }

    /// The first that waits begins, if it may now.
    pub fn next(&mut self, limits: &Limits, now: Instant) -> Option<Id> {
        let (place, id) = self.waiting.first()?;
        if self.obstacle(limits, now).is_some() {
            return None;
        }
        self.waiting.leave(place);
        self.begin(limits, now);
        Some(id)
    }

    /// When the rate lets the first that waits begin; `None` if it waits for another to end.
    pub fn next_at(&self, limits: &Limits, now: Instant) -> Option<(Id, Instant)> {
        let (_, id) = self.waiting.first()?;
        let (_, time) = self.obstacle(limits, now)?;
        Some((id, time?))
    }

    /// How many are under way, and how many wait.
    #[cfg(test)]
    fn counts(&self) -> (u32, usize) {
        (self.under_way, self.waiting.len())
    }

    fn begin(&mut self, limits: &Limits, now: Instant) {
        self.under_way += 1;
        if limits.handshake_rate > 0 {
            // There is one: nothing stands against it.
            let _ = self.begun.take(limits.handshake_rate, now);
        }
    }

    /// What keeps the next one from beginning, and until when, if that is known.
    fn obstacle(&self, limits: &Limits, now: Instant) -> Option<(Refusal, Option<Instant>)> {
        if limits.handshakes > 0 && self.under_way >= limits.handshakes {
            return Some((Refusal::Handshakes, None));
        }
        if limits.handshake_rate == 0 {
            return None;
        }
        let next = self.begun.next_at(limits.handshake_rate, now);
        (next > now).then_some((Refusal::HandshakeRate, Some(next)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn more_than_may_be_under_way_wait_in_order_and_more_than_may_wait_are_refused() {
        let limits = Limits { handshakes: 2, waiting_handshakes: 2, ..Limits::default() };
        let now = Instant::now();
        let mut turnstile = Turnstile::default();
        assert_eq!(turnstile.admit(1, &limits, now), Admission::Begins);
        assert_eq!(turnstile.admit(2, &limits, now), Admission::Begins);
        let Admission::Waits(third) = turnstile.admit(3, &limits, now) else { panic!() };
        assert!(matches!(turnstile.admit(4, &limits, now), Admission::Waits(_)));
        assert_eq!(turnstile.admit(5, &limits, now), Admission::Refused(Refusal::Handshakes));
        assert_eq!(turnstile.next(&limits, now), None);
        assert_eq!(turnstile.next_at(&limits, now), None);
        turnstile.leave(third);
        turnstile.end();
        assert_eq!(turnstile.next(&limits, now), Some(4));
        assert_eq!(turnstile.next(&limits, now), None);
        assert_eq!(turnstile.counts(), (2, 0));
    }

    #[test]
    fn the_rate_lets_them_begin_one_after_the_other() {
        let limits = Limits { handshake_rate: 2, waiting_handshakes: 1, ..Limits::default() };
        let now = Instant::now();
        let mut turnstile = Turnstile::default();
        assert_eq!(turnstile.admit(1, &limits, now), Admission::Begins);
        assert_eq!(turnstile.admit(2, &limits, now), Admission::Begins);
        assert!(matches!(turnstile.admit(3, &limits, now), Admission::Waits(_)));
        assert_eq!(turnstile.admit(4, &limits, now), Admission::Refused(Refusal::HandshakeRate));
        turnstile.end();
        assert_eq!(turnstile.next(&limits, now), None);
        let due = now + Duration::from_millis(500);
        assert_eq!(turnstile.next_at(&limits, now), Some((3, due)));
        assert_eq!(turnstile.next(&limits, due), Some(3));
    }

    #[test]
    fn what_waits_comes_before_what_comes_later() {
        let now = Instant::now();
        let mut turnstile = Turnstile::default();
        let one = Limits { handshakes: 1, waiting_handshakes: 9, ..Limits::default() };
        assert_eq!(turnstile.admit(1, &one, now), Admission::Begins);
        assert!(matches!(turnstile.admit(2, &one, now), Admission::Waits(_)));
        let none = Limits { waiting_handshakes: 9, ..Limits::default() };
        assert!(matches!(turnstile.admit(3, &none, now), Admission::Waits(_)));
        assert_eq!((turnstile.next(&none, now), turnstile.next(&none, now)), (Some(2), Some(3)));
    }
}
