//! Addresses: what is parsed is an address by `isIP`, and reads as what it prints.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::input::Input;
use crate::socket::address::{parse, text, version};

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let port = input.short() as u16;
    let Ok(ip) = std::str::from_utf8(input.0) else { return };

    let version = version(ip);
    match version {
        0 => assert!(ip.parse::<Ipv4Addr>().is_err() && ip.parse::<Ipv6Addr>().is_err()),
        4 => assert!(ip.parse::<Ipv4Addr>().is_ok()),
        6 => assert!(ip.contains(':')),
        _ => panic!("there is no version {version}"),
    }
    let Some(address) = parse(ip, port) else {
        assert_ne!(version, 4, "{ip:?}");
        return;
    };
    assert_ne!(version, 0, "{ip:?} is no address, but was taken for one");
    assert_eq!(address.port(), port);
    assert_eq!(address.is_ipv6(), version == 6);
    let printed = text(&address);
    assert_eq!(parse(&printed, port), Some(address), "{ip:?} was printed as {printed:?}");
}
