//! Time, and the CPU time of this process: a load that uses all of a core is what limits the measurement.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Started at the beginning of what is measured.
pub struct Meter {
    began: Instant,
    cpu: f64,
}

impl Meter {
    /// Starts now.
    pub fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu() }
    }

    /// The time and the CPU time since the start, in seconds.
    pub fn read(&self) -> (f64, f64) {
        (self.began.elapsed().as_secs_f64(), cpu() - self.cpu)
    }
}

fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
