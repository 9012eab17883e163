//! Which connections of a listener have a header, and whose headers are believed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::socket::Kind;

/// What a listener asks of its connections.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Each has to begin with a header; otherwise, each may.
    pub is_required: bool,
    /// Whose headers are believed; `None`: everyone's.
    pub from: Option<Trusted>,
    /// How long a header may take to come.
    pub timeout: Duration,
    /// How long a header of version 2 may be.
    pub limit: usize,
    /// How many connections may wait for theirs at once.
    pub max_waiting: usize,
}

/// Addresses of proxies.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    /// First and last addresses, those of IPv4 as mapped ones.
    ranges: Vec<(u128, u128)>,
}

impl Policy {
    /// Whether a header of `peer` is believed. Who may connect to a UNIX socket, its permissions say. Over TCP, what has no
    /// address is a connection that its peer has reset: it could be anyone's.
    pub fn trusts(&self, kind: Kind, peer: Option<SocketAddr>) -> bool {
        match (&self.from, peer) {
            (Some(trusted), Some(peer)) => trusted.contains(peer.ip()),
            (Some(_), None) => !kind.is_tcp(),
            (None, _) => true,
        }
    }
}

impl Trusted {
    /// Reads addresses (`192.0.2.1`), subnets (`192.0.2.0/24`) and ranges (`192.0.2.1-192.0.2.9`). Returns `None` if one is
    /// none of these.
    pub fn parse<'a>(rules: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let ranges = rules.into_iter().map(range).collect::<Option<_>>()?;
        Some(Self { ranges })
    }

    fn contains(&self, ip: IpAddr) -> bool {
        let number = number(ip);
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

fn range(rule: &str) -> Option<(u128, u128)> {
    if let Some((first, last)) = rule.split_once('-') {
        let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
        return (first.is_ipv4() == last.is_ipv4() && first <= last).then(|| (number(first), number(last)));
    }
    let Some((ip, length)) = rule.split_once('/') else {
        let ip = number(rule.parse().ok()?);
        return Some((ip, ip));
    };
    let ip: IpAddr = ip.parse().ok()?;
    let width = if ip.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS };
    let is_plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length: u32 = length.parse().ok().filter(|length| is_plain && *length <= width)?;
    let rest = 1u128.checked_shl(width - length).map_or(u128::MAX, |size| size - 1);
    Some((number(ip) & !rest, number(ip) | rest))
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(rules: &[&str], ip: &str) -> bool {
        let from = Some(Trusted::parse(rules.iter().copied()).unwrap());
        let policy = Policy { is_required: true, from, timeout: Duration::ZERO, limit: 0, max_waiting: 1 };
        policy.trusts(Kind::Tcp4, Some(SocketAddr::new(ip.parse().unwrap(), 1)))
    }

    #[test]
    fn trusts_those_that_are_listed() {
        for (rule, inside, outside) in [
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.3/8", "10.255.0.0", "11.0.0.0"),
            ("10.0.0.0/32", "10.0.0.0", "10.0.0.1"),
            ("10.0.0.5-10.0.0.9", "10.0.0.9", "10.0.0.10"),
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.2"),
            ("fe80::/10", "febf::1", "fec0::"),
            ("::1", "::1", "::2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
        ] {
            assert!(trusts(&[rule], inside), "{rule} {inside}");
            assert!(!trusts(&[rule], outside), "{rule} {outside}");
        }
        assert!(trusts(&["::/0"], "10.0.0.1") && trusts(&["::/0"], "ff00::"));
        assert!(trusts(&["10.0.0.1", "::1"], "::1"));
        assert!(!trusts(&[], "::1"));
    }

    #[test]
    fn without_a_list_everyone_is_trusted_and_with_one_who_has_no_address_over_unix_only() {
        let policy = |from| Policy { is_required: true, from, timeout: Duration::ZERO, limit: 0, max_waiting: 1 };
        assert!(policy(None).trusts(Kind::Tcp4, Some(([10, 0, 0, 1], 1).into())));
        assert!(policy(None).trusts(Kind::Tcp4, None));
        let listed = policy(Some(Trusted::parse(["0.0.0.0/0"]).unwrap()));
        assert!(listed.trusts(Kind::Unix, None));
        assert!(!listed.trusts(Kind::Tcp4, None) && !listed.trusts(Kind::Tcp6, None));
    }

    #[test]
    fn refuses_what_is_no_rule() {
        for rule in
            ["", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::/129", "10.0.0.9-10.0.0.1", "1.2.3.4-::1"]
        {
            assert!(Trusted::parse([rule]).is_none(), "{rule:?}");
        }
    }
}
