//! How many connections there are from each address. Pure.
//!
//! An address has an entry as long as there is a connection from it, so that the table is never larger than the number of
//! connections.

use std::collections::HashMap;
use std::net::IpAddr;

/// The least capacity that is worth giving back.
const SHRINKS_FROM: usize = 1024;

/// The prefix of an address of IPv4 that a gateway (NAT64) has made one of IPv6 of: `64:ff9b::/96`.
const TRANSLATED: u128 = 0x64_ff9b << 96;

/// What counts as one address: one of IPv4, which may be mapped or translated to IPv6, or the first 64 bits of one of IPv6,
/// since that is what one site has for each of its networks. On a link, these are the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An address of IPv4.
    V4(u32),
    /// A /64 of IPv6.
    V6(u64),
    /// An address of IPv6 on the link.
    Link(u128),
}

impl From<IpAddr> for Origin {
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.to_bits()),
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Self::Link(ip.to_bits()),
            IpAddr::V6(ip) if ip.to_bits() & !u128::from(u32::MAX) == TRANSLATED => Self::V4(ip.to_bits() as u32),
            IpAddr::V6(ip) => Self::V6((ip.to_bits() >> 64) as u64),
        }
    }
}

/// See the module. The peers choose the keys, so they are hashed with a key of their own.
#[derive(Debug, Default)]
pub struct Addresses {
    counts: HashMap<Origin, u32>,
}

impl Addresses {
    /// How many connections there are from `origin`.
    pub fn count(&self, origin: Origin) -> u32 {
        self.counts.get(&origin).copied().unwrap_or(0)
    }

    /// One more connection from `origin`.
    pub fn add(&mut self, origin: Origin) {
        *self.counts.entry(origin).or_default() += 1;
    }

    /// One fewer.
    pub fn remove(&mut self, origin: Origin) {
        let Some(count) = self.counts.get_mut(&origin) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        self.counts.remove(&origin);
        if self.counts.capacity() > SHRINKS_FROM && self.counts.len() < self.counts.capacity() / 8 {
            self.counts.shrink_to(self.counts.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(ip: &str) -> Origin {
        Origin::from(ip.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn an_origin_is_an_address_or_a_network() {
        assert_eq!(origin("192.0.2.1"), origin("::ffff:192.0.2.1"));
        assert_ne!(origin("192.0.2.1"), origin("192.0.2.2"));
        assert_eq!(origin("2001:db8:0:1::1"), origin("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(origin("2001:db8:0:1::1"), origin("2001:db8:0:2::1"));
        assert_ne!(origin("::1"), origin("0.0.0.1"));
        assert_eq!(origin("::1"), origin("::2"));
        assert_eq!(origin("192.0.2.1"), origin("64:ff9b::192.0.2.1"));
        assert_ne!(origin("64:ff9b::192.0.2.1"), origin("64:ff9b::192.0.2.2"));
        assert_eq!(origin("64:ff9b::1:0:0"), origin("64:ff9b::2:0:0"));
        assert_ne!(origin("fe80::1"), origin("fe80::2"));
        assert_ne!(origin("febf::1"), origin("febf::2"));
        assert_eq!(origin("fec0::1"), origin("fec0::2"));
    }

    #[test]
    fn what_is_gone_leaves_nothing() {
        let mut addresses = Addresses::default();
        let all: Vec<Origin> = (0..20_000).map(Origin::V4).collect();
        for origin in &all {
            addresses.add(*origin);
            addresses.add(*origin);
        }
        assert_eq!(addresses.count(all[7]), 2);
        for origin in &all {
            addresses.remove(*origin);
            assert_eq!(addresses.count(*origin), 1);
            addresses.remove(*origin);
        }
        assert_eq!((addresses.count(all[7]), addresses.counts.len()), (0, 0));
        assert!(addresses.counts.capacity() <= 2 * SHRINKS_FROM, "{}", addresses.counts.capacity());
        // One that is not there is no harm.
        addresses.remove(all[7]);
    }
}
