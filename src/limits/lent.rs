//! How bytes pass a socket that is lent to another owner, who moves them. Pure.
//!
//! The kernel counts them. It is asked when the connection is looked at, and what has changed since the look before
//! says what there was: when bytes have passed last, and whether a message comes, as [`Passage`] has it. A message has
//! begun after the look before; nothing says when. So it is measured from the last bytes that the first look finds of
//! it, and all that has come since the look before belongs to it: none is judged by more time than it has taken, nor by
//! fewer bytes than have come of it.

use std::time::Instant;

use super::pace::{Message, Passage, Sample};
use crate::socket::counters::Counters;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Lent {
    /// When bytes have passed last.
    last: Instant,
    /// What was counted at the last look.
    counted: Counters,
    message: Option<Message>,
}

impl Lent {
    /// From now on another owner moves the bytes, of which the last have passed at `last`.
    pub fn new(last: Instant, counted: Counters) -> Self {
        Self { last, counted, message: None }
    }

    /// A look.
    pub fn look(&mut self, counted: Counters, now: Instant) {
        let before = std::mem::replace(&mut self.counted, counted);
        let received_at = now.checked_sub(counted.since_received).unwrap_or(now);
        let sent_at = now.checked_sub(counted.since_sent).unwrap_or(now);
        let has_received = counted.received > before.received;
        let has_written = counted.written > before.written;
        if has_received {
            self.last = self.last.max(received_at);
        }
        // Not what is only sent again, to a peer that has gone.
        if has_written || counted.acknowledged > before.acknowledged {
            self.last = self.last.max(sent_at);
        }
        if has_written {
            self.message = None;
        }
        let is_answered = has_written && sent_at >= received_at;
        if has_received && !is_answered {
            let began = Message { began: received_at, last: received_at, before: before.received };
            self.message.get_or_insert(began).last = received_at;
        }
    }

    /// As if bytes had passed at `last`.
    pub fn track(&mut self, last: Instant) {
        self.last = last;
    }

    /// When bytes have passed last.
    pub fn last(&self) -> Instant {
        self.last
    }

    /// What was seen at the last look, which was at `at`. Where the owner does not read, its peer is slow only while it
    /// could send.
    pub fn sample(&self, at: Instant) -> Sample {
        let Counters { received, acknowledged, is_full, is_blocked, .. } = self.counted;
        let passage = Passage::counted(received, acknowledged, self.message);
        Sample { at, passage, has_paused: is_full, is_blocked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SPAN: Duration = Duration::from_secs(5);

    /// A look after `now` seconds: what was received, and when the last of it; what was written and acknowledged, and
    /// when the last of it was sent.
    fn look(
        lent: &mut Lent,
        start: Instant,
        now: f64,
        received: (u64, f64),
        (written, acknowledged, sent_at): (u64, u64, f64),
    ) {
        let since = |then: f64| Duration::from_secs_f64(now - then);
        let counted = Counters {
            received: received.0,
            written,
            acknowledged,
            since_received: since(received.1),
            since_sent: since(sent_at),
            ..Counters::default()
        };
        lent.look(counted, start + Duration::from_secs_f64(now));
    }

    fn seconds(start: Instant, lent: &Lent) -> f64 {
        (lent.last() - start).as_secs_f64()
    }

    fn message(start: Instant, lent: &Lent) -> Option<(f64, f64, u64)> {
        let message = lent.message?;
        Some(((message.began - start).as_secs_f64(), (message.last - start).as_secs_f64(), message.before))
    }

    #[test]
    fn bytes_that_pass_are_traffic_and_what_is_sent_again_is_not() {
        let start = Instant::now();
        let mut lent = Lent::new(start, Counters::default());
        look(&mut lent, start, 1.0, (0, 0.0), (0, 0, 0.0));
        assert_eq!(seconds(start, &lent), 0.0);
        look(&mut lent, start, 2.0, (1, 1.5), (0, 0, 0.0));
        assert_eq!(seconds(start, &lent), 1.5);
        // Written, acknowledged later, and sent again in between.
        look(&mut lent, start, 4.0, (1, 1.5), (9, 0, 3.0));
        assert_eq!(seconds(start, &lent), 3.0);
        look(&mut lent, start, 6.0, (1, 1.5), (9, 0, 5.5));
        assert_eq!(seconds(start, &lent), 3.0);
        look(&mut lent, start, 8.0, (1, 1.5), (9, 4, 7.5));
        assert_eq!(seconds(start, &lent), 7.5);
    }

    #[test]
    fn a_message_lasts_until_something_is_written_behind_it() {
        let start = Instant::now();
        let mut lent = Lent::new(start, Counters { received: 10, ..Counters::default() });
        look(&mut lent, start, 1.0, (12, 0.5), (0, 0, 0.0));
        assert_eq!(message(start, &lent), Some((0.5, 0.5, 10)));
        look(&mut lent, start, 2.0, (13, 1.5), (0, 0, 0.0));
        look(&mut lent, start, 3.0, (13, 1.5), (0, 0, 0.0));
        assert_eq!(message(start, &lent), Some((0.5, 1.5, 10)));
        look(&mut lent, start, 4.0, (14, 3.2), (5, 0, 3.5));
        assert_eq!(message(start, &lent), None);
        // Sent again, which is no answer.
        look(&mut lent, start, 5.0, (15, 4.2), (5, 0, 4.5));
        assert_eq!(message(start, &lent), Some((4.2, 4.2, 14)));
        // The next message after the answer.
        look(&mut lent, start, 6.0, (16, 5.5), (6, 6, 5.2));
        assert_eq!(message(start, &lent), Some((5.5, 5.5, 15)));
        // The answer waits for the peer.
        look(&mut lent, start, 7.0, (16, 5.5), (7, 6, 5.2));
        assert_eq!(message(start, &lent), None);
    }

    #[test]
    fn what_is_slow_is_found_by_its_pace() {
        use super::super::pace::Pace;
        let start = Instant::now();
        let slow_after = |each: u64| {
            let mut lent = Lent::new(start, Counters::default());
            let mut pace = Pace::new(lent.sample(start));
            (1..20).find(|spans| {
                let now = f64::from(*spans) * 5.0;
                look(&mut lent, start, now, (u64::from(*spans) * each, now - 0.1), (0, 0, 0.0));
                pace.is_slow(100, SPAN, lent.sample(start + SPAN * *spans))
            })
        };
        assert_eq!(slow_after(500), None);
        assert_eq!(slow_after(249), Some(2));
        // The first look lets all that has come before it count for the rest.
        assert_eq!(slow_after(400), Some(6));
    }

    #[test]
    fn a_peer_that_can_not_send_is_not_slow() {
        let start = Instant::now();
        let counted = Counters { is_full: true, is_blocked: true, acknowledged: 3, ..Counters::default() };
        let Sample { has_paused, is_blocked, passage, .. } = Lent::new(start, counted).sample(start);
        assert_eq!((has_paused, is_blocked, passage), (true, true, Passage::counted(0, 3, None)));
    }
}
