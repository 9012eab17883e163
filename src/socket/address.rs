//! Converts addresses between text and the kernel's form.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;

use rustix::fd::AsFd;
use socket2::SockRef;

/// The IP version of `input` (4 or 6), or 0 if it is no address. An IPv6 address may carry a zone (`fe80::1%eth0`).
pub fn version(input: &str) -> u32 {
    if input.parse::<Ipv4Addr>().is_ok() {
        return 4;
    }
    let (address, zone) = split_zone(input);
    let zone_is_text = zone.is_none_or(|zone| {
        !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte))
    });
    if zone_is_text && address.parse::<Ipv6Addr>().is_ok() { 6 } else { 0 }
}

/// A socket address from an IP literal, with the zone of a link-local address resolved to its interface.
/// `None` if `ip` is no address or names an interface that does not exist.
pub fn parse(ip: &str, port: u16) -> Option<SocketAddr> {
    let (address, zone) = split_zone(ip);
    match (address.parse().ok()?, zone) {
        (IpAddr::V6(address), Some(zone)) => Some(SocketAddrV6::new(address, port, 0, interface_index(zone)?).into()),
        (IpAddr::V4(_), Some(_)) => None,
        (address, None) => Some(SocketAddr::new(address, port)),
    }
}

/// The address as Node prints it: a zone only where there is one.
pub fn text(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => match interface_name(v6.scope_id()) {
            Some(name) => format!("{}%{name}", text_v6(v6.ip())),
            None => format!("{}%{}", text_v6(v6.ip()), v6.scope_id()),
        },
        SocketAddr::V6(v6) => text_v6(v6.ip()),
        SocketAddr::V4(v4) => v4.ip().to_string(),
    }
}

/// Like libuv's `inet_ntop`: an address that begins with exactly six zero groups ends in dotted form. Rust prints only
/// mapped addresses so.
fn text_v6(ip: &Ipv6Addr) -> String {
    match ip.octets() {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => {
            format!("::{}", Ipv4Addr::new(a, b, c, d))
        }
        _ => ip.to_string(),
    }
}

/// The address that `fd` is bound to, `None` if that is no IP address.
pub fn local(fd: impl AsFd) -> Option<SocketAddr> {
    SockRef::from(&fd).local_addr().ok()?.as_socket()
}

/// The path that `fd` is bound to, `None` if it is no UNIX socket or has none. That of an abstract name begins with 0.
pub fn path(fd: impl AsFd) -> Option<Vec<u8>> {
    let local = SockRef::from(&fd).local_addr().ok()?;
    if let Some(path) = local.as_pathname() {
        return Some(path.as_os_str().as_bytes().to_vec());
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = local.as_abstract_namespace() {
        return Some([b"\0", name].concat());
    }
    None
}

/// The address that `fd` is connected to, `None` if that is no IP address.
pub fn peer(fd: impl AsFd) -> Option<SocketAddr> {
    SockRef::from(&fd).peer_addr().ok()?.as_socket()
}

fn split_zone(input: &str) -> (&str, Option<&str>) {
    match input.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (input, None),
    }
}

fn interface_index(zone: &str) -> Option<u32> {
    // `parse` alone would take a sign.
    if !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_digit()) {
        return zone.parse().ok();
    }
    let name = std::ffi::CString::new(zone).ok()?;
    // SAFETY: `name` is a NUL-terminated string that outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => None,
        index => Some(index),
    }
}

fn interface_name(index: u32) -> Option<String> {
    let mut name = [0u8; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the IF_NAMESIZE bytes that the call may write.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() {
        return None;
    }
    let name = std::ffi::CStr::from_bytes_until_nul(&name).ok()?;
    Some(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_versions_apart() {
        for (input, expected) in [
            ("127.0.0.1", 4),
            ("01.2.3.4", 0),
            ("1.2.3", 0),
            ("256.0.0.1", 0),
            ("", 0),
            ("::", 6),
            ("::ffff:1.2.3.4", 6),
            ("2001:4860:a005::68", 6),
            ("fe80::1%eth0", 6),
            ("fe80::1%", 0),
            ("1.2.3.4%eth0", 0),
            ("::1 ", 0),
            ("localhost", 0),
        ] {
            assert_eq!(version(input), expected, "{input}");
        }
    }

    #[test]
    fn reads_what_it_writes() {
        // As `uv_inet_ntop` has them.
        for ip in [
            "127.0.0.1",
            "::",
            "::1",
            "::2",
            "::0.1.0.0",
            "::127.0.0.9",
            "::ffff:127.0.0.9",
            "::ffff:0:102:304",
            "::1:0:0",
            "1::",
            "1:0:0:2::3",
            "2001:db8::5",
            "2001:db8:0:1:1:1:1:1",
        ] {
            assert_eq!(text(&parse(ip, 80).unwrap()), ip);
        }
        assert!(parse("localhost", 80).is_none());
        assert!(parse("1.2.3.4%1", 80).is_none());
        assert!(parse("fe80::1%+1", 80).is_none());
    }

    #[test]
    fn resolves_the_loopback_interface() {
        let address = parse("fe80::1%lo", 1);
        if let Some(SocketAddr::V6(v6)) = address {
            assert_ne!(v6.scope_id(), 0);
            assert_eq!(text(&SocketAddr::V6(v6)), "fe80::1%lo");
        }
        assert!(parse("fe80::1%no-such-if", 1).is_none());
    }
}
