//! What a server allows its connections, and what it refuses. Pure: the engine beside it acts on it.
//!
//! | file | |
//! |---|---|
//! | [`refusals`] | why connections are refused or ended, and which of it is reported |
//! | [`addresses`] | how many connections there are from each address |
//! | [`handshakes`] | which handshakes begin, and which wait |
//! | [`pace`] | whether bytes come and go fast enough |
//! | [`lent`] | the same, and whether any do, where another owner moves them |
//! | [`clock`] | when a source is to be looked at |
//! | [`bucket`], [`line`](mod@line) | so many a second; those that wait |
//!
//! Each listener has a [`Gate`], from when there is something to limit or to report. It lives as long as the listener or one
//! of the connections that it counts.

pub mod addresses;
pub mod bucket;
pub mod clock;
pub mod handshakes;
pub mod lent;
pub mod line;
pub mod pace;
pub mod refusals;

use std::net::IpAddr;
use std::time::Duration;

use self::addresses::{Addresses, Origin};
use self::handshakes::Turnstile;
use self::refusals::{Refusal, Reports};
use crate::reactor::Id;

/// What is allowed; 0 and `None` stand for no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Open connections from one address.
    pub per_address: u32,
    /// Handshakes under way at once.
    pub handshakes: u32,
    /// Handshakes that begin within a second.
    pub handshake_rate: u32,
    /// Handshakes that wait, where there is a limit. 0: none may.
    pub waiting_handshakes: u32,
    /// How long nothing may be received or sent.
    pub idle: Option<Duration>,
    /// How long a connection may last.
    pub lifetime: Option<Duration>,
    /// Bytes a second.
    pub min_rate: u32,
    /// Over how long these are counted.
    pub rate_span: Duration,
}

impl Limits {
    /// Whether anything of a connection has to be kept for them.
    pub fn has_any(&self) -> bool {
        self.per_address > 0 || self.limits_handshakes() || self.are_timed()
    }

    /// Whether a handshake may have to wait.
    pub fn limits_handshakes(&self) -> bool {
        self.handshakes > 0 || self.handshake_rate > 0
    }

    /// Whether a connection is to be looked at from time to time.
    fn are_timed(&self) -> bool {
        self.idle.is_some() || self.lifetime.is_some() || self.min_rate > 0
    }
}

/// See the module.
#[derive(Debug)]
pub struct Gate {
    /// The listener, which refusals are reported to, as long as it is open.
    pub listener: Option<Id>,
    /// What is allowed.
    pub limits: Limits,
    /// The connections of each address.
    pub addresses: Addresses,
    /// Handshakes.
    pub handshakes: Turnstile,
    /// What is reported of those that are refused.
    pub reports: Reports,
}

impl Gate {
    /// The gate of `listener`, without limits.
    pub fn new(listener: Id) -> Self {
        Self {
            listener: Some(listener),
            limits: Limits::default(),
            addresses: Addresses::default(),
            handshakes: Turnstile::default(),
            reports: Reports::default(),
        }
    }

    /// Why a connection from `ip` is not let in; `None` if it is.
    pub fn objection(&self, ip: Option<IpAddr>) -> Option<Refusal> {
        let most = self.limits.per_address;
        let is_crowded = most > 0 && ip.is_some_and(|ip| self.addresses.count(Origin::from(ip)) >= most);
        is_crowded.then_some(Refusal::Crowded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_let_in_up_to_its_limit() {
        let one = IpAddr::from([192, 0, 2, 1]);
        let mut gate = Gate::new(1);
        for count in 0..3 {
            assert_eq!(gate.objection(Some(one)), None);
            gate.limits.per_address = 3;
            assert_eq!(gate.objection(Some(one)), None, "{count}");
            gate.addresses.add(one.into());
        }
        assert_eq!(gate.objection(Some(one)), Some(Refusal::Crowded));
        assert_eq!(gate.objection(Some(IpAddr::from([192, 0, 2, 2]))), None);
        assert_eq!(gate.objection(None), None);
        gate.addresses.remove(one.into());
        assert_eq!(gate.objection(Some(one)), None);
    }
}
