//! Whose turn it is on a connection: whether what was received last has been answered.
//!
//! Pure. Owned by a stream.

use crate::socket::counters::Counters;

/// What a stream has to do, as far as can be seen without knowing its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Something was received and nothing has been written since, or something waits to be sent or received.
    Busy,
    /// Nothing has ever been received.
    Fresh,
    /// Something was written after what was received last.
    Answered,
}

/// What has happened last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exchange {
    /// Nothing was received yet.
    #[default]
    Fresh,
    /// Something was received.
    Asked,
    /// Something was written after what was received.
    Answered,
}

impl Exchange {
    /// Bytes were received.
    pub fn received(&mut self) {
        *self = Self::Asked;
    }

    /// `count` bytes were taken for sending.
    pub fn wrote(&mut self, count: usize) {
        if count > 0 && *self == Self::Asked {
            *self = Self::Answered;
        }
    }

    /// What there is to do about it.
    pub fn activity(self) -> Activity {
        match self {
            Self::Fresh => Activity::Fresh,
            Self::Asked => Activity::Busy,
            Self::Answered => Activity::Answered,
        }
    }
}

/// The same of a connection whose bytes another owner moves, as the kernel has counted them.
pub fn of_counted(Counters { received, since_received, since_sent, .. }: Counters) -> Activity {
    match received {
        0 => Activity::Fresh,
        _ if since_sent > since_received => Activity::Busy,
        _ => Activity::Answered,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_the_kernel_has_counted_tells_what_came_last() {
        let counted = |received, since_received, since_sent| {
            let [since_received, since_sent] = [since_received, since_sent].map(Duration::from_millis);
            of_counted(Counters { received, since_received, since_sent, ..Counters::default() })
        };
        assert_eq!(counted(0, 9, 1), Activity::Fresh);
        assert_eq!(counted(1, 1, 9), Activity::Busy);
        assert_eq!([counted(1, 9, 1), counted(1, 9, 9)], [Activity::Answered; 2]);
    }

    #[test]
    fn what_was_received_is_answered_by_what_is_written_behind_it() {
        let mut exchange = Exchange::default();
        exchange.wrote(3);
        assert_eq!(exchange.activity(), Activity::Fresh);
        exchange.received();
        assert_eq!(exchange.activity(), Activity::Busy);
        exchange.wrote(0);
        assert_eq!(exchange.activity(), Activity::Busy);
        exchange.wrote(1);
        assert_eq!(exchange.activity(), Activity::Answered);
        exchange.received();
        assert_eq!(exchange.activity(), Activity::Busy);
    }
}
