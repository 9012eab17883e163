//! How long operations take, from their beginning to the last byte of the answer.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::work::Failure;

/// No latency is longer than this: the load gives up sooner.
const LONGEST: Duration = Duration::from_secs(60);

/// Two figures keep percentiles true to 1 %.
const FIGURES: u8 = 2;

/// The latencies of a run.
pub struct Latencies(Histogram<u64>);

/// What is told of them, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// Half of the operations take longer.
    pub p50: f64,
    /// One in a hundred takes longer.
    pub p99: f64,
}

impl Latencies {
    /// None yet.
    pub fn new() -> Result<Self, Failure> {
        Histogram::new_with_max(LONGEST.as_nanos() as u64, FIGURES)
            .map(Self)
            .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(latency.as_nanos() as u64);
    }

    /// What is told of them; `None` if there are none.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let at = |share| self.0.value_at_quantile(share) as f64 / 1e3;
        (!self.0.is_empty()).then(|| Percentiles { p50: at(0.5), p99: at(0.99) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_percentiles_to_one_percent() {
        let mut latencies = Latencies::new().unwrap();
        assert_eq!(latencies.percentiles(), None);
        for micros in 1..=1000 {
            latencies.record(Duration::from_micros(micros));
        }
        let Percentiles { p50, p99 } = latencies.percentiles().unwrap();
        assert!((p50 / 500.0 - 1.0).abs() < 0.01, "{p50}");
        assert!((p99 / 990.0 - 1.0).abs() < 0.01, "{p99}");
        latencies.clear();
        assert_eq!(latencies.percentiles(), None);
    }
}
