//! Streams that move from one engine to another.

use std::io::{Read, Write};
use std::time::Duration;

use super::{END, Rig};
use crate::engine::{Event, Ticket, discard};
use crate::socket::open::Beginning;

const WAIT: Duration = Duration::from_secs(60);

#[test]
fn what_is_queued_goes_out_and_what_was_not_received_comes_in_at_the_other_engine() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let (id, mut peer) = rig.pair();
    rig.engine.want(id, true, false);
    peer.write_all(b"unread").unwrap();
    while rig.engine.write(id, &[&[b'x'; 4000]]) == Ok(4000) {}
    let written = rig.engine.bytes_written(id);
    let ticket = rig.engine.detach(id, WAIT).unwrap();
    assert_eq!((rig.engine.sources(), rig.engine.is_referenced()), (0, false));
    let id = other.engine.attach(&ticket).unwrap();
    assert_eq!(other.engine.bytes_written(id), written);
    other.engine.want(id, true, false);
    let events = other.turn();
    assert_eq!(other.read(&events[0]), b"unread");
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received.len() as u64).unwrap()
    });
    while other.engine.stream(id).unwrap().waiting_bytes() > 0 {
        other.turn();
    }
    other.engine.release(id);
    assert_eq!(reader.join().unwrap(), written);
}

#[test]
fn an_end_that_was_found_and_not_delivered_is_found_again() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let ((first, mut one), (second, two)) = (rig.pair(), rig.pair());
    one.write_all(b"1").unwrap();
    drop(two);
    for id in [first, second] {
        rig.engine.want(id, true, false);
    }
    rig.engine.begin_turn();
    assert_eq!(rig.next(), first);
    // Pending events must have been taken back.
    assert!(rig.engine.detach(second, WAIT).is_none());
    assert_eq!(rig.engine.take_back(second), None);
    let ticket = rig.engine.detach(second, WAIT).unwrap();
    let id = other.engine.attach(&ticket).unwrap();
    other.engine.want(id, true, false);
    assert!(matches!(other.turn()[..], [Event::Stream(_, END)]));
    while rig.engine.step().is_some() {}
    rig.engine.end_turn();
}

#[test]
fn a_connection_is_attached_once() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let (id, _peer) = rig.pair();
    let ticket = rig.engine.detach(id, WAIT).unwrap();
    assert!(other.engine.attach(&ticket).is_ok());
    assert_eq!(other.engine.attach(&ticket).unwrap_err().errno, libc::EBADF);
    assert_eq!(rig.engine.attach(&Ticket::default()).unwrap_err().errno, libc::EBADF);
}

#[test]
fn one_that_is_discarded_or_waits_for_too_long_is_closed() {
    let mut rig = Rig::new();
    let ((first, mut one), (second, mut two), (third, _three)) = (rig.pair(), rig.pair(), rig.pair());
    let ticket = rig.engine.detach(first, WAIT).unwrap();
    discard(&ticket);
    assert_eq!(one.read(&mut [0]).unwrap(), 0);
    let expired = rig.engine.detach(second, Duration::ZERO).unwrap();
    rig.engine.detach(third, WAIT).unwrap();
    assert_eq!(two.read(&mut [0]).unwrap(), 0);
    assert!(rig.engine.attach(&ticket).is_err() && rig.engine.attach(&expired).is_err());
}

#[test]
fn pipes_from_and_to_it_end() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let ((first, mut one), (second, mut two)) = (rig.pair(), rig.pair());
    assert!(rig.engine.pipe(first, second) && rig.engine.pipe(second, first));
    let ticket = rig.engine.detach(second, WAIT).unwrap();
    let id = other.engine.attach(&ticket).unwrap();
    other.engine.want(id, true, false);
    two.write_all(b"two").unwrap();
    let events = other.turn();
    assert_eq!(other.read(&events[0]), b"two");
    rig.engine.want(first, true, false);
    one.write_all(b"one").unwrap();
    let events = rig.turn();
    assert_eq!(rig.read(&events[0]), b"one");
}

#[test]
fn what_can_not_be_moved_stays() {
    let mut rig = Rig::new();
    assert!(rig.engine.detach(0, WAIT).is_none());
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connecting = rig.engine.connect_tcp(address, None, Beginning::default()).unwrap();
    assert!(rig.engine.detach(connecting, WAIT).is_none());
    assert_eq!(rig.engine.sources(), 1);
    let (closed, _peer) = rig.pair();
    rig.engine.close(closed, false);
    assert!(rig.engine.detach(closed, WAIT).is_none());
}
