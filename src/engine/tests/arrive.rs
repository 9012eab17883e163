//! Connections whose listener expects a PROXY header.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::Rig;
use crate::engine::Event;
use crate::limits::Limits;
use crate::limits::refusals::Refusal;
use crate::proxy::policy::{Policy, Trusted};
use crate::reactor::Id;
use crate::socket::open::Bind;

const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.2 5000 443\r\n";

fn policy(is_required: bool, from: &[&str]) -> Policy {
    let from = Trusted::parse(from.iter().copied());
    Policy { is_required, from, timeout: Duration::from_secs(60), limit: 256, max_waiting: 2 }
}

/// A listener with `policy`, and a connection to it that has sent `bytes`.
fn dialed(rig: &mut Rig, policy: Policy, bytes: &[u8]) -> (Id, TcpStream) {
    let bind = Bind { address: ([127, 0, 0, 1], 0).into(), ipv6_only: false, reuse_port: false };
    let listener = rig.engine.listen_tcp(&bind, 8, Vec::new()).unwrap();
    rig.engine.set_proxy(listener, policy);
    let address = rig.engine.listener(listener).unwrap().local().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client.write_all(bytes).unwrap();
    (listener, client)
}

/// The events of turns, up to the first that is no timer's.
fn outcome(rig: &mut Rig) -> Event {
    loop {
        if let Some(event) = rig.turn().into_iter().find(|event| !matches!(event, Event::Timer(..))) {
            return event;
        }
    }
}

#[test]
fn a_connection_is_one_when_its_header_is_whole() {
    let mut rig = Rig::new();
    let (listener, mut client) = dialed(&mut rig, policy(true, &["127.0.0.0/8"]), &LINE[..9]);
    rig.wait_for_arrival();
    client.write_all(&[&LINE[9..], b"data"].concat()).unwrap();
    let Event::Connection { listener: by, stream, addresses } = outcome(&mut rig) else { panic!() };
    assert_eq!(by, listener);
    assert_eq!(addresses.peer, Some(SocketAddr::from(([192, 0, 2, 1], 5000))));
    let own = rig.engine.proxied(stream).unwrap().addresses;
    assert_eq!(own.peer, Some(client.local_addr().unwrap()));
    assert_eq!(own.local, Some(client.peer_addr().unwrap()));
    rig.engine.want(stream, true, false);
    let event = outcome(&mut rig);
    assert_eq!(rig.read(&event), b"data");
    assert_eq!(rig.engine.bytes_read(stream), 4);
    rig.engine.release(stream);
    assert!(rig.engine.proxied(stream).is_none());
}

#[test]
fn what_is_refused_is_reset_and_its_id_is_free() {
    for (policy, bytes, expected) in [
        (policy(true, &["127.0.0.1"]), b"GET".as_slice(), Refusal::Missing),
        (policy(true, &["127.0.0.1"]), b"PROXY TCP4\r\n", Refusal::Malformed),
        (policy(true, &["10.0.0.1"]), LINE, Refusal::Untrusted),
        (policy(false, &["10.0.0.1"]), LINE, Refusal::Forged),
    ] {
        let mut rig = Rig::new();
        let (listener, mut client) = dialed(&mut rig, policy, bytes);
        let Event::Refused { listener: by, refusal, addresses, count: 1 } = outcome(&mut rig) else { panic!() };
        assert_eq!((by, refusal), (listener, expected));
        assert_eq!(addresses.peer, Some(client.local_addr().unwrap()));
        assert_eq!(client.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(rig.engine.sources(), 1);
    }
}

#[test]
fn what_a_limit_refuses_has_the_addresses_of_its_header() {
    let mut rig = Rig::new();
    let (listener, _first) = dialed(&mut rig, policy(true, &["127.0.0.1"]), LINE);
    rig.engine.set_limits(listener, Limits { per_address: 1, ..Limits::default() }, &[]);
    assert!(matches!(outcome(&mut rig), Event::Connection { .. }));
    let mut second = TcpStream::connect(rig.engine.listener(listener).unwrap().local().unwrap()).unwrap();
    second.write_all(LINE).unwrap();
    let Event::Refused { refusal, addresses, .. } = outcome(&mut rig) else { panic!() };
    assert_eq!(refusal, Refusal::Crowded);
    assert_eq!(addresses.peer, Some(SocketAddr::from(([192, 0, 2, 1], 5000))));
    assert_eq!(addresses.local, Some(SocketAddr::from(([198, 51, 100, 2], 443))));
    assert!(second.read(&mut [0]).is_err());
}

#[test]
fn what_is_late_is_refused_when_its_time_is_over() {
    let mut rig = Rig::new();
    let short = Policy { timeout: Duration::from_millis(1), ..policy(true, &["127.0.0.1"]) };
    let (_, mut client) = dialed(&mut rig, short, b"PROXY");
    rig.wait_for_arrival();
    while rig.engine.run_clock().is_some() {}
    let Event::Refused { refusal, .. } = outcome(&mut rig) else { panic!() };
    assert_eq!(refusal, Refusal::Late);
    assert!(client.read(&mut [0]).is_err());
}

#[test]
fn of_too_many_that_wait_the_oldest_is_refused() {
    let mut rig = Rig::new();
    let (listener, mut first) = dialed(&mut rig, policy(true, &["127.0.0.1"]), &LINE[..9]);
    rig.wait_for_arrival();
    let address = rig.engine.listener(listener).unwrap().local().unwrap();
    let mut second = TcpStream::connect(address).unwrap();
    let _third = TcpStream::connect(address).unwrap();
    let Event::Refused { refusal, addresses, .. } = outcome(&mut rig) else { panic!() };
    assert_eq!((refusal, addresses.peer), (Refusal::Displaced, first.local_addr().ok()));
    assert_eq!(first.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    // One that has become a stream waits no longer.
    second.write_all(LINE).unwrap();
    assert!(matches!(outcome(&mut rig), Event::Connection { .. }));
    let mut fourth = TcpStream::connect(address).unwrap();
    fourth.write_all(LINE).unwrap();
    assert!(matches!(outcome(&mut rig), Event::Connection { .. }));
    assert_eq!(rig.engine.listener(listener).unwrap().waiting().unwrap().len(), 1);
}

#[test]
fn a_listener_takes_with_it_what_waits() {
    let mut rig = Rig::new();
    let (listener, mut client) = dialed(&mut rig, policy(true, &["127.0.0.1"]), b"");
    rig.wait_for_arrival();
    assert_eq!(rig.engine.sources(), 2);
    rig.engine.close(listener, false);
    assert_eq!(rig.engine.sources(), 1);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}

#[test]
fn what_ends_without_a_byte_is_gone_without_an_event() {
    let mut rig = Rig::new();
    let (_, client) = dialed(&mut rig, policy(true, &["127.0.0.1"]), b"");
    rig.wait_for_arrival();
    drop(client);
    while rig.engine.sources() > 1 {
        assert_eq!(rig.turn(), []);
    }
}

#[test]
fn draining_waits_for_headers() {
    let mut rig = Rig::new();
    let (listener, mut client) = dialed(&mut rig, policy(true, &["127.0.0.1"]), &LINE[..9]);
    rig.wait_for_arrival();
    rig.engine.drain_listener(listener);
    assert_eq!(rig.turn(), []);
    client.write_all(&LINE[9..]).unwrap();
    let mut events = Vec::new();
    while events.len() < 2 {
        events.extend(rig.turn());
    }
    assert!(matches!(events[..], [Event::Connection { .. }, Event::Drained(_)]), "{events:?}");
}

#[test]
fn a_header_moves_with_its_stream() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let (_, _client) = dialed(&mut rig, policy(true, &["127.0.0.1"]), LINE);
    let Event::Connection { stream, .. } = outcome(&mut rig) else { panic!() };
    let ticket = rig.engine.detach(stream, Duration::from_secs(60)).unwrap();
    assert!(rig.engine.proxied(stream).is_none());
    let moved = other.engine.attach(&ticket).unwrap();
    assert_eq!(other.engine.proxied(moved).unwrap().header.version, 1);
    assert_eq!(other.engine.stream(moved).unwrap().addresses().peer, Some(([192, 0, 2, 1], 5000).into()));
}
