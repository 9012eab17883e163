//! When a source is to be looked at: one clock for all sources of an engine, and one timer behind it. Pure.
//!
//! A source has one time at most. Times are rounded up to [`TICK`], so that many sources that are due one after the other
//! are looked at together. What is due may turn out to have time left, and then gets another one: a stream that is idle
//! until a certain time does not move in here with each of its bytes.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::reactor::Id;

/// The unit of time.
const TICK: Duration = Duration::from_millis(8);

/// The timer runs no longer than this. When nothing is left, it ends soon, and with it what it keeps alive.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct Clock {
    epoch: Instant,
    order: BTreeSet<(u64, Id)>,
    ticks: HashMap<Id, u64>,
    /// When the timer that runs ends.
    timer: Option<Instant>,
}

impl Clock {
    /// A clock without anything to do, which begins now.
    pub fn new(now: Instant) -> Self {
        Self { epoch: now, order: BTreeSet::new(), ticks: HashMap::new(), timer: None }
    }

    /// Has `id` looked at at `time`, and at no other.
    pub fn schedule(&mut self, id: Id, time: Instant) {
        let time = time.saturating_duration_since(self.epoch).as_nanos().div_ceil(TICK.as_nanos());
        let tick = u64::try_from(time).unwrap_or(u64::MAX);
        let former = self.ticks.insert(id, tick);
        if former == Some(tick) {
            return;
        }
        if let Some(former) = former {
            self.order.remove(&(former, id));
        }
        self.order.insert((tick, id));
    }

    /// `id` is not looked at any more.
    pub fn cancel(&mut self, id: Id) {
        if let Some(tick) = self.ticks.remove(&id) {
            self.order.remove(&(tick, id));
        }
    }

    /// A source that is due, which has no time any more.
    pub fn pop(&mut self, now: Instant) -> Option<Id> {
        let (tick, id) = *self.order.first()?;
        if self.time_of(tick) > now {
            return None;
        }
        self.cancel(id);
        Some(id)
    }

    /// For how long a timer is to run, if one has to be started for what has been scheduled.
    pub fn start_timer(&mut self, now: Instant) -> Option<Duration> {
        let first = self.order.first().map(|(tick, _)| self.time_of(*tick))?;
        let end = first.clamp(now, now + MAX_WAIT);
        if self.timer.is_some_and(|timer| timer <= end) {
            return None;
        }
        self.timer = Some(end);
        Some(end - now)
    }

    /// The timer has fired.
    pub fn stop_timer(&mut self) {
        self.timer = None;
    }

    fn time_of(&self, tick: u64) -> Instant {
        let nanos = u128::from(tick) * TICK.as_nanos();
        let span = u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos);
        self.epoch.checked_add(span).unwrap_or_else(|| self.epoch + Duration::from_secs(u32::MAX.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(clock: &mut Clock, now: Instant) -> Vec<Id> {
        std::iter::from_fn(|| clock.pop(now)).collect()
    }

    #[test]
    fn what_is_due_comes_in_order_and_never_early() {
        let start = Instant::now();
        let at = |msecs| start + Duration::from_millis(msecs);
        let mut clock = Clock::new(start);
        clock.schedule(1, at(100));
        clock.schedule(2, at(50));
        clock.schedule(3, at(70));
        clock.schedule(4, at(60));
        clock.schedule(1, at(40));
        clock.cancel(3);
        assert_eq!(all(&mut clock, at(39)), []);
        assert_eq!(all(&mut clock, at(64)), [1, 2, 4]);
        assert_eq!(all(&mut clock, at(1000)), []);
        assert!(clock.ticks.is_empty() && clock.order.is_empty());
    }

    #[test]
    fn a_timer_is_started_when_there_is_none_that_ends_in_time() {
        let start = Instant::now();
        let at = |msecs| start + Duration::from_millis(msecs);
        let mut clock = Clock::new(start);
        assert_eq!(clock.start_timer(start), None);
        clock.schedule(1, at(80));
        assert_eq!(clock.start_timer(start), Some(Duration::from_millis(80)));
        assert_eq!(clock.start_timer(start), None);
        clock.schedule(2, at(160));
        assert_eq!(clock.start_timer(start), None);
        clock.schedule(3, at(8));
        assert_eq!(clock.start_timer(start), Some(Duration::from_millis(8)));
        clock.stop_timer();
        assert_eq!(all(&mut clock, at(80)), [3, 1]);
        assert_eq!(clock.start_timer(at(200)), Some(Duration::ZERO));
        clock.stop_timer();
        clock.cancel(2);
        assert_eq!(clock.start_timer(at(200)), None);
    }

    #[test]
    fn a_timer_does_not_outlive_what_it_was_for_by_much() {
        let start = Instant::now();
        let mut clock = Clock::new(start);
        clock.schedule(1, start + Duration::from_secs(3600));
        assert_eq!(clock.start_timer(start), Some(MAX_WAIT));
        clock.schedule(1, start + Duration::MAX.min(Duration::from_secs(u64::from(u32::MAX) * 100)));
        assert_eq!(all(&mut clock, start + Duration::from_secs(86_400)), []);
    }
}
