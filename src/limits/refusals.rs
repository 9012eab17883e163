//! Why connections are refused or ended, and which of it is reported. Pure.

use std::time::Instant;

use super::bucket::Bucket;

/// A listener reports so many refusals a second; what is left out is counted with the next.
const REPORTS_PER_SECOND: u32 = 100;

/// Makes the reasons, their list, and their names for JavaScript.
macro_rules! refusals {
    ($($(#[$comment:meta])* $variant:ident = $name:literal,)*) => {
        /// Why a connection is refused, or ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal {
            $($(#[$comment])* $variant,)*
        }

        impl Refusal {
            /// All of them, in their order.
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// `reason` of the event `'drop'`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

refusals! {
    /// There are as many connections from its address as may be.
    Crowded = "max-connections-per-address",
    /// As many handshakes are under way as may be, and as many wait.
    Handshakes = "max-handshakes",
    /// As many handshakes have begun as may in a second, and as many wait.
    HandshakeRate = "handshake-rate",
    /// Nothing was received or sent for too long.
    Idle = "idle-timeout",
    /// Its bytes come or go too slowly.
    Slow = "min-rate",
    /// It is as old as it may be.
    Old = "max-lifetime",
    /// It comes from an address that no PROXY header is accepted from.
    Untrusted = "proxy-untrusted",
    /// It has a PROXY header, and comes from an address that none is accepted from.
    Forged = "proxy-forged",
    /// It has no PROXY header.
    Missing = "proxy-missing",
    /// Its PROXY header breaks a rule.
    Malformed = "proxy-malformed",
    /// Its PROXY header is longer than may be.
    TooLong = "proxy-too-long",
    /// It has ended in its PROXY header.
    Incomplete = "proxy-incomplete",
    /// Its PROXY header has not come in time.
    Late = "proxy-timeout",
    /// It has waited longest for its PROXY header, and as many others wait as may.
    Displaced = "proxy-max-waiting",
}

const COUNT: usize = Refusal::ALL.len();

/// See the module.
#[derive(Debug, Default)]
pub struct Reports {
    /// Those that no report has counted yet.
    unreported: [u32; COUNT],
    reports: Bucket,
}

impl Reports {
    /// Counts one. Returns for how many its report stands; `None` if none is due now.
    pub fn note(&mut self, refusal: Refusal, now: Instant) -> Option<u32> {
        let unreported = &mut self.unreported[refusal as usize];
        *unreported = unreported.saturating_add(1);
        self.reports.take(REPORTS_PER_SECOND, now).ok()?;
        Some(std::mem::take(unreported))
    }

    /// What no report has counted yet, if a report is due now. `Err`: when one is.
    pub fn report_rest(&mut self, now: Instant) -> Result<Option<(Refusal, u32)>, Instant> {
        let Some(refusal) = Refusal::ALL.iter().copied().find(|refusal| self.unreported[*refusal as usize] > 0) else {
            return Ok(None);
        };
        self.reports.take(REPORTS_PER_SECOND, now)?;
        Ok(Some((refusal, std::mem::take(&mut self.unreported[refusal as usize]))))
    }

    /// When what no report has counted yet is reported; `None` if there is nothing.
    pub fn report_at(&self, now: Instant) -> Option<Instant> {
        let has_rest = self.unreported.iter().any(|count| *count > 0);
        has_rest.then(|| self.reports.next_at(REPORTS_PER_SECOND, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_one_is_in_one_report() {
        let mut reports = Reports::default();
        let start = Instant::now();
        let (mut count_of_reports, mut reported) = (0, 0);
        for _ in 0..1000 {
            for refusal in [Refusal::Crowded, Refusal::Idle] {
                if let Some(count) = reports.note(refusal, start) {
                    count_of_reports += 1;
                    reported += count;
                }
            }
        }
        assert_eq!((count_of_reports, reported), (REPORTS_PER_SECOND, REPORTS_PER_SECOND));
        let due = reports.report_rest(start).unwrap_err();
        assert_eq!(reports.report_at(start), Some(due));
        assert_eq!(reports.note(Refusal::Crowded, due), Some(952 - 1));
        let due = due + Duration::from_secs(1);
        assert_eq!(reports.report_rest(due), Ok(Some((Refusal::Idle, 950))));
        assert_eq!(reports.report_rest(due), Ok(None));
        assert_eq!(reports.report_at(due), None);
    }

    #[test]
    fn names_are_different() {
        let names: std::collections::HashSet<_> = Refusal::ALL.iter().map(|refusal| refusal.name()).collect();
        assert_eq!(names.len(), COUNT);
    }
}
