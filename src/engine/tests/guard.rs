//! Streams that limits of their server apply to.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Rig;
use crate::engine::Event;
use crate::limits::Limits;
use crate::limits::refusals::Refusal;
use crate::reactor::Id;
use crate::socket::open::Bind;
use crate::stream::StreamEvent;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(1);

/// A listener with `limits`.
fn listening(rig: &mut Rig, limits: Limits) -> Id {
    let bind = Bind { address: ([127, 0, 0, 1], 0).into(), ipv6_only: false, reuse_port: false };
    let listener = rig.engine.listen_tcp(&bind, 64, Vec::new()).unwrap();
    rig.engine.set_limits(listener, limits, &[]);
    listener
}

fn dial(rig: &mut Rig, listener: Id) -> TcpStream {
    let client = TcpStream::connect(rig.engine.listener(listener).unwrap().local().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client
}

/// The first event that is no timer's.
fn outcome(rig: &mut Rig) -> Event {
    loop {
        if let Some(event) = rig.turn().into_iter().find(|event| !matches!(event, Event::Timer(..))) {
            return event;
        }
    }
}

/// A connection to `listener`: both ends.
fn connected(rig: &mut Rig, listener: Id) -> (Id, TcpStream) {
    let client = dial(rig, listener);
    let Event::Connection { stream, .. } = outcome(rig) else { panic!() };
    (stream, client)
}

/// The events of the clock, until there are two.
fn events_of_clock(rig: &mut Rig) -> Vec<Event> {
    let (mut events, start) = (Vec::new(), Instant::now());
    while events.len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(10));
        rig.engine.run_clock();
        if rig.is_woken() {
            events.extend(rig.turn().into_iter().filter(|event| !matches!(event, Event::Timer(..))));
        }
    }
    events
}

fn is_drop(event: &Event, expected: Refusal) -> bool {
    matches!(event, Event::Refused { refusal, count: 1, .. } if *refusal == expected)
}

#[test]
fn an_address_has_so_many_connections_and_another_when_one_is_closed() {
    let mut rig = Rig::new();
    let listener = listening(&mut rig, Limits { per_address: 2, ..Limits::default() });
    let (first, _one) = connected(&mut rig, listener);
    let (_, _two) = connected(&mut rig, listener);
    let mut third = dial(&mut rig, listener);
    let ends = (third.local_addr().ok(), third.peer_addr().ok());
    let event = outcome(&mut rig);
    assert!(is_drop(&event, Refusal::Crowded), "{event:?}");
    let Event::Refused { addresses, .. } = event else { panic!() };
    assert_eq!((addresses.peer, addresses.local), ends);
    assert_eq!(third.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    rig.engine.close(first, false);
    rig.engine.release(first);
    connected(&mut rig, listener);
}

#[test]
fn what_is_not_closed_is_ended_when_its_time_is_over() {
    for (limits, expected) in [
        (Limits { idle: Some(SHORT), lifetime: Some(LONG), ..Limits::default() }, Refusal::Idle),
        (Limits { idle: Some(LONG), lifetime: Some(SHORT), ..Limits::default() }, Refusal::Old),
    ] {
        let mut rig = Rig::new();
        let listener = listening(&mut rig, limits);
        let (stream, mut client) = connected(&mut rig, listener);
        let events = events_of_clock(&mut rig);
        assert!(is_drop(&events[0], expected), "{events:?}");
        assert_eq!(events[1], Event::Stream(stream, StreamEvent::Limited));
        rig.engine.release(stream);
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert!(rig.engine.guards.is_empty() && rig.engine.run_clock().is_none());
    }
}

#[test]
fn javascript_that_counts_idle_time_anew_does_not_make_a_stream_less_idle() {
    let mut rig = Rig::new();
    let listener = listening(&mut rig, Limits { idle: Some(Duration::from_millis(400)), ..Limits::default() });
    let (stream, _client) = connected(&mut rig, listener);
    let start = Instant::now();
    loop {
        rig.engine.restart_idle_time(stream);
        rig.engine.run_clock();
        if rig.is_woken() && rig.turn().contains(&Event::Stream(stream, StreamEvent::Limited)) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn what_comes_too_slowly_is_reset() {
    let mut rig = Rig::new();
    let limits = Limits { min_rate: u32::MAX, rate_span: Duration::from_millis(10), ..Limits::default() };
    let listener = listening(&mut rig, limits);
    let (stream, mut client) = connected(&mut rig, listener);
    rig.engine.want(stream, true, false);
    let start = Instant::now();
    let mut is_ended = false;
    while !is_ended {
        assert!(start.elapsed() < Duration::from_secs(10));
        let _ = client.write_all(b"x");
        rig.engine.run_clock();
        if rig.is_woken() {
            is_ended = rig.turn().contains(&Event::Stream(stream, StreamEvent::Limited));
        }
    }
    rig.engine.release(stream);
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_peer_that_takes_nothing_is_reset() {
    let mut rig = Rig::new();
    let limits = Limits { min_rate: 1, rate_span: Duration::from_millis(10), ..Limits::default() };
    let listener = listening(&mut rig, limits);
    let (stream, mut client) = connected(&mut rig, listener);
    let bytes = vec![0; 1 << 20];
    let start = Instant::now();
    let mut events = Vec::new();
    while !events.contains(&Event::Stream(stream, StreamEvent::Limited)) {
        assert!(start.elapsed() < Duration::from_secs(10));
        // As a program does that waits for room.
        while rig.engine.write(stream, &[&bytes]).is_ok_and(|taken| taken > 0) {}
        rig.engine.run_clock();
        if rig.is_woken() {
            events.extend(rig.turn());
        }
    }
    assert!(events.iter().any(|event| is_drop(event, Refusal::Slow)), "{events:?}");
    rig.engine.release(stream);
    let mut rest = Vec::new();
    assert!(client.read_to_end(&mut rest).is_err());
}

#[test]
fn limits_that_are_set_later_apply_to_the_streams_that_are_named() {
    let mut rig = Rig::new();
    let listener = listening(&mut rig, Limits::default());
    let (named, _one) = connected(&mut rig, listener);
    let (_other, _two) = connected(&mut rig, listener);
    assert!(rig.engine.guards.is_empty());
    rig.engine.set_limits(listener, Limits { lifetime: Some(LONG), ..Limits::default() }, &[named]);
    assert_eq!(rig.engine.guards.keys().collect::<Vec<_>>(), [&named]);
    rig.engine.set_limits(listener, Limits { lifetime: Some(SHORT), ..Limits::default() }, &[]);
    let events = events_of_clock(&mut rig);
    assert!(events.contains(&Event::Stream(named, StreamEvent::Limited)), "{events:?}");
}

#[test]
fn limits_end_with_the_stream_and_outlive_the_listener() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let listener = listening(&mut rig, Limits { per_address: 9, lifetime: Some(SHORT), ..Limits::default() });
    let (moving, _one) = connected(&mut rig, listener);
    let (staying, _two) = connected(&mut rig, listener);
    let ticket = rig.engine.detach(moving, Duration::from_secs(60)).unwrap();
    assert_eq!(rig.engine.guards.len(), 1, "the id is free");
    rig.engine.release(moving);
    other.engine.attach(&ticket).unwrap();
    assert!(other.engine.guards.is_empty());
    rig.engine.release(listener);
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < Duration::from_secs(10));
        rig.engine.run_clock();
        if rig.is_woken() && rig.turn().contains(&Event::Stream(staying, StreamEvent::Limited)) {
            break;
        }
    }
}

/// A stream that is lent: its id, the copy of its descriptor, and the peer's end.
#[cfg(target_os = "linux")]
fn lent(rig: &mut Rig, listener: Id) -> (Id, TcpStream, TcpStream) {
    let (stream, client) = connected(rig, listener);
    let copy = TcpStream::from(rig.engine.lend(stream).unwrap());
    rig.engine.unwatch(stream);
    copy.set_nonblocking(true).unwrap();
    (stream, copy, client)
}

/// Repeats `round` until a limit has ended `stream`.
#[cfg(target_os = "linux")]
fn until_limited(rig: &mut Rig, stream: Id, mut round: impl FnMut()) -> Vec<Event> {
    let (mut events, start) = (Vec::new(), Instant::now());
    while !events.contains(&Event::Stream(stream, StreamEvent::Limited)) {
        assert!(start.elapsed() < Duration::from_secs(10));
        round();
        rig.engine.run_clock();
        if rig.is_woken() {
            events.extend(rig.turn());
        }
    }
    events
}

#[cfg(target_os = "linux")]
#[test]
fn what_passes_over_a_copy_is_no_silence() {
    let mut rig = Rig::new();
    let listener = listening(&mut rig, Limits { idle: Some(Duration::from_millis(200)), ..Limits::default() });
    let (busy, mut copy, mut client) = lent(&mut rig, listener);
    let mut has_passed = || {
        let _ = client.write_all(b"x");
        copy.read(&mut [0; 64]).is_ok_and(|count| count > 0)
    };
    for _ in 0..3 {
        let (silent, ..) = connected(&mut rig, listener);
        let events = until_limited(&mut rig, silent, || _ = has_passed());
        assert!(!events.contains(&Event::Stream(busy, StreamEvent::Limited)), "{events:?}");
        rig.engine.release(silent);
    }
    let events = until_limited(&mut rig, busy, || {});
    assert!(events.iter().any(|event| is_drop(event, Refusal::Idle)), "{events:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_passes_over_a_copy_ends_the_idle_time_that_javascript_asks_for() {
    let mut rig = Rig::new();
    let listener = listening(&mut rig, Limits::default());
    let (stream, mut copy, mut client) = lent(&mut rig, listener);
    let long = Duration::from_secs(3600);
    rig.engine.restart_idle_time(stream);
    rig.engine.stream(stream).unwrap().track_traffic(Instant::now() - long);
    assert!(rig.engine.idle(stream) >= long);
    copy.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
    assert!(rig.engine.idle(stream) < long);
}

#[cfg(target_os = "linux")]
#[test]
fn what_comes_too_slowly_over_a_copy_is_reset() {
    let mut rig = Rig::new();
    let limits = Limits { min_rate: u32::MAX, rate_span: Duration::from_millis(10), ..Limits::default() };
    let listener = listening(&mut rig, limits);
    let (stream, mut copy, mut client) = lent(&mut rig, listener);
    let events = until_limited(&mut rig, stream, || {
        let _ = client.write_all(b"x");
        let _ = copy.read(&mut [0; 64]);
    });
    assert!(events.iter().any(|event| is_drop(event, Refusal::Slow)), "{events:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_peer_that_takes_nothing_from_a_copy_is_reset() {
    let mut rig = Rig::new();
    let limits = Limits { min_rate: 1, rate_span: Duration::from_millis(10), ..Limits::default() };
    let listener = listening(&mut rig, limits);
    let (stream, mut copy, _client) = lent(&mut rig, listener);
    let bytes = vec![0; 1 << 20];
    let events = until_limited(&mut rig, stream, || while copy.write(&bytes).is_ok_and(|taken| taken > 0) {});
    assert!(events.iter().any(|event| is_drop(event, Refusal::Slow)), "{events:?}");
}

#[test]
fn what_a_released_listener_has_not_reported_is_not_reported_by_the_next_with_its_id() {
    let mut rig = Rig::new();
    let listener = listening(&mut rig, Limits { idle: Some(SHORT), ..Limits::default() });
    let (stream, _client) = connected(&mut rig, listener);
    let start = Instant::now();
    // Outside of a turn, as by a timer of JavaScript's.
    while rig.engine.pending.iter().all(|event| matches!(event, Event::Timer(..))) {
        assert!(start.elapsed() < Duration::from_secs(10));
        rig.engine.run_clock();
    }
    rig.engine.release(listener);
    let next = listening(&mut rig, Limits::default());
    assert_eq!(next, listener);
    let events = rig.turn();
    let is_expected = |event: &Event| matches!(event, Event::Timer(..)) || event.is_for(stream);
    assert!(events.iter().any(|event| event.is_for(stream)), "the connection ends all the same: {events:?}");
    assert!(events.iter().all(is_expected), "{events:?}");
}
