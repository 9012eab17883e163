//! Descriptors that pass with the bytes of a stream.

use std::io::{Read, Write};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::Rig;
use crate::engine::Event;
use crate::error::Syscall;
use crate::reactor::Id;
use crate::socket::{Descriptor, rights};
use crate::stream::{MAX_GATHER, StreamEvent};

/// Passes a descriptor to `peer`'s other end, with `bytes`.
fn pass(peer: &UnixStream, bytes: &[u8]) {
    let passed: Descriptor = OwnedFd::from(peer.try_clone().unwrap()).into();
    assert_eq!(rights::send(peer, bytes, &passed), Ok(bytes.len()));
}

/// A stream to which a descriptor has come with `abc`, in a turn in which that has just been reported.
fn reported(rig: &mut Rig) -> (Id, UnixStream) {
    let (id, peer) = rig.pair();
    rig.engine.stream(id).unwrap().want_descriptors();
    rig.engine.want(id, true, false);
    pass(&peer, b"abc");
    rig.engine.begin_turn();
    assert_eq!(rig.engine.step(), Some(Event::Stream(id, StreamEvent::Descriptors)));
    (id, peer)
}

#[test]
fn they_are_reported_before_their_data() {
    let mut rig = Rig::new();
    let (id, mut peer) = reported(&mut rig);
    assert!(rig.engine.stream(id).unwrap().take_descriptor().is_some());
    assert_eq!(rig.engine.bytes_read(id), 0);
    let event = rig.engine.step().unwrap();
    assert_eq!(rig.read(&event), b"abc");
    assert_eq!(rig.engine.bytes_read(id), 3);
    assert_eq!(rig.engine.step(), None);
    rig.engine.end_turn();
    // Once.
    peer.write_all(b"d").unwrap();
    let events = rig.turn();
    assert_eq!(rig.read(&events[0]), b"d");
}

#[test]
fn their_data_can_be_taken_back_while_they_are_reported() {
    let mut rig = Rig::new();
    let (id, _peer) = reported(&mut rig);
    let (offset, length) = rig.engine.take_back(id).unwrap();
    assert_eq!(&rig.memory[offset..offset + length], b"abc");
    assert_eq!(rig.engine.step(), None);
}

#[test]
fn their_data_are_dropped_with_the_stream() {
    let mut rig = Rig::new();
    let (id, _peer) = reported(&mut rig);
    rig.engine.close(id, false);
    assert_eq!(rig.engine.step(), None);
}

#[test]
fn one_that_was_not_taken_is_reported_where_the_stream_goes_on() {
    let mut rig = Rig::new();
    let (id, mut peer) = reported(&mut rig);
    rig.engine.take_back(id).unwrap();
    let ticket = rig.engine.detach(id, Duration::from_secs(60)).unwrap();
    rig.engine.end_turn();
    let id = rig.engine.attach(&ticket).unwrap();
    rig.engine.want(id, true, false);
    peer.write_all(b"d").unwrap();
    let events = rig.turn();
    assert_eq!(events[0], Event::Stream(id, StreamEvent::Descriptors));
    assert_eq!(rig.read(&events[1]), b"d");
}

/// No call can send it: `EBADF`. Each test needs a `number` of its own, which has one owner in the process.
fn unsendable(number: RawFd) -> Descriptor {
    Descriptor::claim(number).unwrap()
}

/// What `peer` receives until the end.
fn rest(mut peer: UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn what_precedes_one_that_cannot_be_sent_goes_out_once_and_nothing_behind_it() {
    let mut rig = Rig::new();
    let (id, peer) = rig.pair();
    assert_eq!(rig.engine.write(id, &[b"abc".as_slice()]), Ok(3));
    assert!(rig.engine.stream(id).unwrap().attach_descriptor(unsendable(1_000_001)));
    let large = [b'z'; MAX_GATHER + 1];
    assert_eq!(rig.engine.write(id, &[large.as_slice()]), Err(Syscall::Write.errno(libc::EBADF)));
    rig.engine.flush();
    rig.engine.close(id, false);
    assert_eq!(rest(peer), b"abc");
}

#[test]
fn one_that_cannot_be_sent_with_what_is_gathered_fails_the_stream() {
    let mut rig = Rig::new();
    let (id, peer) = rig.pair();
    assert_eq!(rig.engine.write(id, &[b"abc".as_slice()]), Ok(3));
    assert!(rig.engine.stream(id).unwrap().attach_descriptor(unsendable(1_000_002)));
    assert_eq!(rig.engine.write(id, &[b"z".as_slice()]), Ok(1));
    rig.engine.flush();
    // Neither a large write is sent past it nor the next one, which is no reason for another failure.
    assert_eq!(rig.engine.write(id, &[[b'z'; MAX_GATHER + 1].as_slice()]), Err(Syscall::Write.errno(libc::EBADF)));
    assert!(rig.engine.stream(id).unwrap().attach_descriptor(unsendable(1_000_003)));
    let failure = Event::Stream(id, StreamEvent::Failed(Syscall::Write.errno(libc::EBADF)));
    assert!(rig.turn().contains(&failure));
    rig.engine.close(id, false);
    assert_eq!(rest(peer), b"abc");
}
