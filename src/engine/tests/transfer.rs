//! Bytes in and out: gathering, order, backpressure, the end, fairness.

use std::io::{Read, Write};
use std::task::Poll;
use std::time::Instant;

use super::{END, Rig};
use crate::engine::Event;
use crate::engine::turn::GATHER_TIME;
use crate::stream::{MAX_GATHER, StreamEvent};

#[test]
fn gathers_until_the_flush_and_keeps_order_with_what_is_large() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    let large = vec![b'L'; MAX_GATHER + 1];
    assert_eq!(rig.engine.write(id, &[b"small "]), Ok(6));
    assert!(rig.engine.needs_flush());
    assert_eq!(rig.engine.write(id, &[&large]), Ok(large.len()));
    assert_eq!(rig.engine.write(id, &[b" end"]), Ok(4));
    rig.engine.flush();
    assert!(!rig.engine.needs_flush());
    rig.engine.release(id);
    let mut received = Vec::new();
    peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, [b"small ".as_slice(), &large, b" end"].concat());
}

#[test]
fn more_slices_than_one_call_takes_all_go_out() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    let slices = vec![b"0123".as_slice(); 3000];
    assert_eq!(rig.engine.write(id, &slices), Ok(12_000));
    rig.engine.release(id);
    let mut received = Vec::new();
    peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, slices.concat());
}

#[test]
fn a_queue_is_held_to_its_mark() {
    let mut rig = Rig::new();
    let (id, _peer) = rig.pair();
    rig.engine.stream(id).unwrap().limit_queue(100);
    while rig.engine.write(id, &[[b'x'; 60].as_slice()]) == Ok(60) {
        let stream = rig.engine.stream(id).unwrap();
        assert!(!stream.is_queue_full(0));
    }
    assert!(rig.engine.stream(id).unwrap().waiting_bytes() <= 100);
}

#[test]
fn a_busy_stream_does_not_keep_another_waiting() {
    let mut rig = Rig::new();
    let (busy, mut peer) = rig.pair();
    let (other, mut its_peer) = rig.pair();
    rig.engine.want(busy, true, false);
    rig.engine.want(other, true, false);
    let mut turns = |rig: &mut Rig, most: usize| {
        (0..most).any(|_| {
            peer.write_all(b"x").unwrap();
            rig.turn().iter().any(|event| matches!(event, Event::Stream(id, _) if *id == other))
        })
    };
    assert!(!turns(&mut rig, 50));
    its_peer.write_all(b"x").unwrap();
    assert!(turns(&mut rig, 20));
}

#[test]
fn closing_sends_what_was_gathered() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    rig.engine.write(id, &[b"bye"]).unwrap();
    rig.engine.close(id, false);
    let mut received = String::new();
    peer.read_to_string(&mut received).unwrap();
    assert_eq!(received, "bye");
}

#[test]
fn a_full_kernel_takes_a_part_and_room_is_reported_once() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    let block = vec![7u8; 8 << 20];
    let taken = rig.engine.write(id, &[&block]).unwrap();
    assert!(taken > 0 && taken < block.len());
    assert_eq!(rig.engine.write(id, &[b"x"]), Ok(0), "nothing is gathered while the kernel takes nothing");
    let mut received = vec![0; taken];
    peer.read_exact(&mut received).unwrap();
    assert_eq!(rig.turn(), [Event::Stream(id, StreamEvent::Room)]);
    assert_eq!(rig.engine.write(id, &[b"x"]), Ok(1));
}

#[test]
fn the_end_of_the_sending_side_comes_behind_the_data() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    rig.engine.write(id, &[b"last words"]).unwrap();
    assert_eq!(rig.engine.shut_down(id, false), Poll::Ready(Ok(())));
    let mut received = String::new();
    peer.read_to_string(&mut received).unwrap();
    assert_eq!(received, "last words");
}

#[test]
fn reads_only_what_is_wanted_and_then_the_end() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    peer.write_all(b"hello").unwrap();
    assert_eq!(rig.turn(), []);
    rig.engine.want(id, true, false);
    let events = rig.turn();
    assert_eq!(events.len(), 1);
    assert_eq!(rig.read(&events[0]), b"hello");
    drop(peer);
    assert_eq!(rig.turn(), [Event::Stream(id, END)]);
    rig.engine.release(id);
    assert_eq!(rig.engine.sources(), 0);
}

#[test]
fn a_busy_stream_leaves_room_for_the_others() {
    let mut rig = Rig::new();
    let (busy, mut loud) = rig.pair();
    let (other, mut quiet) = rig.pair();
    rig.engine.want(busy, true, false);
    rig.engine.want(other, true, false);
    loud.set_nonblocking(true).unwrap();
    let block = vec![1u8; 64 << 10];
    while loud.write(&block).is_ok() {}
    quiet.write_all(b"me too").unwrap();
    let events = rig.turn();
    let of_busy = events.iter().filter(|event| matches!(event, Event::Stream(id, _) if *id == busy)).count();
    assert!(of_busy <= 16, "{of_busy} reads in one turn");
    assert!(events.iter().any(|event| matches!(event, Event::Stream(id, _) if *id == other)));
}

#[test]
fn what_a_listener_has_written_does_not_wait_for_others_that_take_long() {
    let mut rig = Rig::new();
    let ((one, mut peer), (other, mut second)) = (rig.tcp_pair(), rig.tcp_pair());
    for id in [one, other] {
        rig.engine.want(id, true, false);
    }
    peer.write_all(b"question").unwrap();
    second.write_all(b"question").unwrap();
    while !rig.engine.has_unread(one) || !rig.engine.has_unread(other) {
        std::thread::yield_now();
    }
    rig.engine.begin_turn();
    let Some(Event::Stream(id, StreamEvent::Data { .. })) = rig.engine.step() else { panic!("no data") };
    rig.engine.write(id, &[b"answer"]).unwrap();
    let start = Instant::now();
    while start.elapsed() < GATHER_TIME {}
    assert!(rig.engine.take_flush_due());
    rig.engine.flush();
    assert!(!rig.engine.take_flush_due());
    let answered = if id == one { &mut peer } else { &mut second };
    answered.read_exact(&mut [0; 6]).unwrap();
}
