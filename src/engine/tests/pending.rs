//! Events that were found and not delivered yet.

use std::io::Write;
use std::os::unix::net::UnixStream;

use super::{END, Rig};
use crate::engine::Event;
use crate::reactor::Id;

/// Three streams that all have something to read, in a turn that has begun: the first is delivered, the others
/// are pending.
fn three_at_once(rig: &mut Rig) -> ([Id; 3], [UnixStream; 3]) {
    let [one, two, three] = [rig.pair(), rig.pair(), rig.pair()];
    let (ids, mut peers) = ([one.0, two.0, three.0], [one.1, two.1, three.1]);
    for (id, peer) in ids.iter().zip(&mut peers) {
        rig.engine.want(*id, true, false);
        write!(peer, "<{id}>").unwrap();
    }
    rig.engine.begin_turn();
    assert_eq!(rig.next(), ids[0]);
    (ids, peers)
}

#[test]
fn pending_events_are_delivered_in_order_and_one_per_stream() {
    let mut rig = Rig::new();
    let (ids, mut peers) = three_at_once(&mut rig);
    // Comes while others are pending: after them.
    write!(peers[0], "more").unwrap();
    assert_eq!([rig.next(), rig.next()], [ids[1], ids[2]]);
    assert_eq!(rig.engine.step(), None);
    rig.engine.end_turn();
    let events = rig.turn();
    assert_eq!(rig.read(&events[0]), b"more");
}

#[test]
fn nothing_is_delivered_of_a_stream_that_was_closed_meanwhile() {
    let mut rig = Rig::new();
    let (ids, _peers) = three_at_once(&mut rig);
    rig.engine.close(ids[1], false);
    rig.engine.release(ids[2]);
    assert_eq!(rig.engine.step(), None);
}

#[test]
fn bytes_count_as_read_when_they_are_delivered() {
    let mut rig = Rig::new();
    let (ids, _peers) = three_at_once(&mut rig);
    let read = |rig: &mut Rig| ids.map(|id| rig.engine.bytes_read(id));
    assert_eq!(read(&mut rig), [3, 0, 0]);
    rig.engine.close(ids[2], false);
    assert_eq!(rig.next(), ids[1]);
    assert_eq!(rig.engine.step(), None);
    assert_eq!(read(&mut rig), [3, 3, 0]);
}

#[test]
fn pending_data_can_be_taken_back() {
    let mut rig = Rig::new();
    let (ids, _peers) = three_at_once(&mut rig);
    let (offset, length) = rig.engine.take_back(ids[2]).unwrap();
    assert_eq!(&rig.memory[offset..offset + length], format!("<{}>", ids[2]).as_bytes());
    assert_eq!(rig.engine.take_back(ids[2]), None);
    assert_eq!(rig.next(), ids[1]);
    assert_eq!(rig.engine.step(), None);
}

#[test]
fn a_pending_end_that_is_taken_back_is_found_again() {
    let mut rig = Rig::new();
    let ((one, mut first), (other, second)) = (rig.pair(), rig.pair());
    rig.engine.want(one, true, false);
    rig.engine.want(other, true, false);
    first.write_all(b"x").unwrap();
    drop(second);
    rig.engine.begin_turn();
    assert_eq!(rig.next(), one);
    assert_eq!(rig.engine.take_back(other), None);
    rig.engine.want(other, true, false);
    assert_eq!(rig.engine.step(), Some(Event::Stream(other, END)));
}

#[test]
fn a_stream_is_not_piped_while_its_data_is_pending() {
    let mut rig = Rig::new();
    let (ids, _peers) = three_at_once(&mut rig);
    assert!(!rig.engine.pipe(ids[1], ids[0]));
    assert_eq!(rig.next(), ids[1]);
    assert!(rig.engine.pipe(ids[1], ids[0]));
}

#[test]
fn what_has_not_been_delivered_is_unread_whether_it_was_received_or_not() {
    let mut rig = Rig::new();
    let (ids, mut peers) = three_at_once(&mut rig);
    assert_eq!(ids.map(|id| rig.engine.has_unread(id)), [false, true, true]);
    while rig.engine.step().is_some() {}
    rig.engine.end_turn();
    assert_eq!(ids.map(|id| rig.engine.has_unread(id)), [false; 3]);
    rig.engine.want(ids[0], false, false);
    write!(peers[0], "later").unwrap();
    drop(peers);
    assert_eq!(ids.map(|id| rig.engine.has_unread(id)), [true; 3]);
}
