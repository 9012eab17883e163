//! So many a second: a token bucket, kept as the time at which it is full again.
//!
//! Pure. It holds as many tokens as come in a second, so that what has been quiet for a second may begin so many at once.

use std::time::{Duration, Instant};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// `None`: it is full.
    full_at: Option<Instant>,
}

impl Bucket {
    /// Takes one token of `rate` a second. If there is none, returns when there will be.
    pub fn take(&mut self, rate: u32, now: Instant) -> Result<(), Instant> {
        let next = self.next_at(rate, now);
        if next > now {
            return Err(next);
        }
        let from = self.full_at.map_or(now, |full_at| full_at.max(now));
        self.full_at = Some(from + interval(rate));
        Ok(())
    }

    /// When there is a token: `now`, or later.
    pub fn next_at(&self, rate: u32, now: Instant) -> Instant {
        let rest = Duration::from_secs(1).saturating_sub(interval(rate));
        self.full_at.and_then(|full_at| full_at.checked_sub(rest)).map_or(now, |next| next.max(now))
    }
}

/// The time between two tokens.
fn interval(rate: u32) -> Duration {
    Duration::from_secs(1) / rate.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut Bucket, rate: u32, now: Instant) -> u32 {
        (0..rate * 3).map(|_| u32::from(bucket.take(rate, now).is_ok())).sum()
    }

    #[test]
    fn holds_those_of_a_second_and_fills_evenly() {
        for rate in [1, 2, 8, 100] {
            let mut bucket = Bucket::default();
            let start = Instant::now();
            assert_eq!(taken(&mut bucket, rate, start), rate);
            let next = bucket.take(rate, start).unwrap_err();
            assert_eq!(next - start, Duration::from_secs(1) / rate);
            assert_eq!(taken(&mut bucket, rate, next - Duration::from_nanos(1)), 0);
            assert_eq!(taken(&mut bucket, rate, next), 1);
            assert_eq!(taken(&mut bucket, rate, next + Duration::from_secs(60)), rate);
        }
    }

    #[test]
    fn another_rate_counts_at_once() {
        let mut bucket = Bucket::default();
        let start = Instant::now();
        assert_eq!(taken(&mut bucket, 2, start), 2);
        // It is full in a second: at a rate of 10, that is one of ten tokens every 100 ms.
        assert_eq!(bucket.next_at(10, start), start + Duration::from_millis(100));
        assert_eq!(taken(&mut bucket, 10, start + Duration::from_millis(500)), 5);
    }
}
