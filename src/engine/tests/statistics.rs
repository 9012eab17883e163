//! What an engine and a server count: what is over, and what goes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Rig;
use crate::engine::{Current, Event};
use crate::reactor::Id;
use crate::socket::open::{Beginning, Bind};
use crate::statistics::{ServerTally, Tally, Traffic};

/// A listener that counts for a server, and that server.
fn counted(rig: &mut Rig) -> (Id, ServerTally) {
    let bind = Bind { address: ([127, 0, 0, 1], 0).into(), ipv6_only: false, reuse_port: false };
    let listener = rig.engine.listen_tcp(&bind, 8, vec![]).unwrap();
    let server = ServerTally::default();
    rig.engine.count_for(listener, server.clone());
    (listener, server)
}

/// A client of `listener`, and the stream that was accepted.
fn visit(rig: &mut Rig, listener: Id) -> (TcpStream, Id) {
    let client = TcpStream::connect(rig.engine.listener(listener).unwrap().local().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let events = rig.turn();
    let [Event::Connection { stream, .. }] = events[..] else { panic!("{events:?}") };
    (client, stream)
}

#[test]
fn a_server_has_what_its_streams_have_moved_when_they_and_the_listener_are_gone() {
    let mut rig = Rig::new();
    let (listener, server) = counted(&mut rig);
    let (mut client, stream) = visit(&mut rig, listener);
    // One that it has not accepted.
    let (other, _peer) = rig.pair();
    rig.engine.release(listener);
    rig.engine.want(stream, true, false);
    client.write_all(b"hello").unwrap();
    rig.turn();
    rig.engine.write(stream, &[b"bye"]).unwrap();
    let moved = Traffic { read: 5, written: 3 };
    let current = rig.engine.current(Some(&server));
    assert_eq!((current.open, current.traffic, current.queued), (1, moved, 3));
    assert_eq!(server.borrow().gone, Traffic::default());
    assert_eq!(rig.engine.current(None).open, 2);
    rig.engine.flush();
    client.read_exact(&mut [0; 3]).unwrap();

    rig.engine.close(stream, false);
    let current = rig.engine.current(Some(&server));
    assert_eq!((current.open, current.traffic, current.queued), (0, moved, 0));
    rig.engine.release(stream);
    assert_eq!(rig.engine.current(Some(&server)), Current::default());
    let expected = Tally { accepted: 1, gone: moved, ..Tally::default() };
    assert_eq!(*server.borrow(), expected);
    assert_eq!(rig.engine.statistics().tally, expected);
    rig.engine.release(other);
    // Nothing but this test refers to it any more.
    assert_eq!(std::rc::Rc::strong_count(&server), 1);
}

#[test]
fn what_javascript_refuses_has_a_reason() {
    let mut rig = Rig::new();
    let (listener, server) = counted(&mut rig);
    let (_client, stream) = visit(&mut rig, listener);
    rig.engine.note_dropped(stream, "blocked".into());
    rig.engine.release(stream);
    for tally in [&*server.borrow(), &rig.engine.statistics().tally] {
        assert_eq!((tally.accepted, tally.refused), (1, 1));
        assert_eq!(tally.dropped.iter().collect::<Vec<_>>(), [(&"blocked".into(), 1)]);
    }
}

#[test]
fn what_moves_to_another_engine_is_counted_where_it_happens() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let (listener, server) = counted(&mut rig);
    let (mut client, stream) = visit(&mut rig, listener);
    rig.engine.want(stream, true, false);
    client.write_all(b"hello").unwrap();
    rig.turn();
    let ticket = rig.engine.detach(stream, Duration::from_secs(60)).unwrap();
    let here = Traffic { read: 5, written: 0 };
    assert_eq!(*server.borrow(), Tally { accepted: 1, detached: 1, gone: here, ..Tally::default() });
    let id = other.engine.attach(&ticket).unwrap();
    let origins = &other.engine.statistics().origins;
    assert_eq!((origins.attached, origins.brought), (1, here));
    other.engine.write(id, &[b"there"]).unwrap();
    other.engine.release(id);
    let there = other.engine.statistics();
    assert_eq!(there.tally.gone.without(there.origins.brought), Traffic { read: 0, written: 5 });
    assert_eq!(server.borrow().gone, here);
}

#[test]
fn an_attempt_to_connect_is_no_connection() {
    let mut rig = Rig::new();
    // The port is free again, and nothing listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let id = rig.engine.connect_tcp(closed, None, Beginning::default()).unwrap();
    let current = rig.engine.current(None);
    assert_eq!((current.open, current.connecting), (0, 1));
    assert!(matches!(rig.turn()[..], [Event::Stream(_, crate::stream::StreamEvent::Connected(Err(_)))]));
    let current = rig.engine.current(None);
    assert_eq!((current.open, current.connecting), (0, 0));
    rig.engine.release(id);
    let origins = &rig.engine.statistics().origins;
    assert_eq!(origins.failed.iter().collect::<Vec<_>>(), [(&libc::ECONNREFUSED, 1)]);
    assert_eq!(rig.engine.connect_unix(b"/nowhere/at/all", &[]).unwrap_err().errno, libc::ENOENT);
    assert_eq!(rig.engine.statistics().origins.failed.iter().count(), 2);
}

#[test]
fn a_turn_has_its_events() {
    let mut rig = Rig::new();
    let ((one, mut first), (two, mut second)) = (rig.pair(), rig.pair());
    rig.engine.want(one, true, false);
    rig.engine.want(two, true, false);
    first.write_all(b"x").unwrap();
    second.write_all(b"x").unwrap();
    assert_eq!(rig.turn().len(), 2);
    let statistics = rig.engine.statistics();
    assert_eq!((statistics.turn_events.sum(), statistics.turn_events.counts()[1]), (2, 1));
    assert_eq!(statistics.turn_times.counts().iter().sum::<u64>(), 1);
}

#[test]
fn memory_is_that_of_what_there_is() {
    let mut rig = Rig::new();
    let empty = rig.engine.memory_use();
    assert_eq!((empty.table, empty.spare, empty.pipes, empty.records), (0, 0, 0, 0));
    assert_eq!(empty.receiving, rig.memory.len());
    let (id, _peer) = rig.pair();
    rig.engine.write(id, &[b"x"]).unwrap();
    assert!(rig.engine.memory_use().table > 0);
    assert!(rig.engine.current(None).queues >= 1);
    rig.engine.flush();
    // The queue is empty, and its memory waits for the next one.
    assert_eq!(rig.engine.current(None).queues, 0);
    assert!(rig.engine.memory_use().spare >= 1);
}
