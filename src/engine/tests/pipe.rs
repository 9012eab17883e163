//! Pipes between two streams of the engine.

use std::io::{Read, Write};

use super::{END, Rig};
use crate::engine::Event;
use crate::stream::StreamEvent;

#[test]
fn a_pipe_moves_bytes_and_reports_the_end_only() {
    let mut rig = Rig::new();
    let ((source, mut from), (target, mut to)) = (rig.pair(), rig.pair());
    assert!(rig.engine.pipe(source, target));
    assert!(!rig.engine.pipe(source, target));
    from.write_all(b"through").unwrap();
    assert!(rig.turn().is_empty());
    let mut received = [0; 7];
    to.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"through");
    assert_eq!(rig.engine.bytes_read(source), 7);
    assert_eq!(rig.engine.bytes_written(target), 7);
    drop(from);
    assert_eq!(rig.turn(), [Event::Stream(source, END)]);
}

#[test]
fn piped_bytes_never_reach_javascript_whatever_else_is_due() {
    let mut rig = Rig::new();
    let ((one, mut first), (other, mut second)) = (rig.pair(), rig.pair());
    assert!(rig.engine.pipe(one, other) && rig.engine.pipe(other, one));
    let large = vec![b'x'; 1 << 20];
    first.set_nonblocking(true).unwrap();
    second.set_nonblocking(true).unwrap();
    let (mut sent, mut received) = (0, 0);
    while received < large.len() {
        sent += first.write(&large[sent..]).unwrap_or(0);
        assert!(rig.turn().is_empty());
        let mut piece = vec![0; 1 << 16];
        if let Ok(count) = second.read(&mut piece) {
            let _ = second.write(&piece[..count.min(100)]);
            received += count;
        }
    }
}

#[test]
fn what_is_dropped_counts_and_only_its_end_is_reported() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    assert!(rig.engine.discard(id));
    assert!(!rig.engine.discard(id) && !rig.engine.pipe(id, id));
    peer.write_all(&[b'x'; 100_000]).unwrap();
    while rig.engine.bytes_read(id) < 100_000 {
        assert!(rig.turn().is_empty());
    }
    rig.engine.unpipe(id);
    peer.write_all(b"for JavaScript").unwrap();
    let events = rig.turn();
    assert_eq!(rig.read(&events[0]), b"for JavaScript");
    assert!(rig.engine.discard(id));
    peer.write_all(b"dropped").unwrap();
    drop(peer);
    assert_eq!(rig.turn(), [Event::Stream(id, END)]);
    assert_eq!(rig.engine.bytes_read(id), 100_021);
}

#[test]
fn dropping_leaves_the_loop_to_javascript_when_the_quota_of_the_turn_is_used_up() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    assert!(rig.engine.discard(id));
    let sender = std::thread::spawn(move || peer.write_all(&vec![b'x'; 8 << 20]));
    let mut before = 0;
    while before < 8 << 20 {
        rig.turn();
        let now = rig.engine.bytes_read(id);
        assert!(now - before < 2 << 20);
        before = now;
    }
    sender.join().unwrap().unwrap();
}

#[test]
fn a_pipe_can_lead_back() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    assert!(rig.engine.pipe(id, id));
    peer.write_all(b"echo").unwrap();
    assert!(rig.turn().is_empty());
    let mut received = [0; 4];
    peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"echo");
}

#[test]
fn a_full_target_holds_its_source_back_and_nothing_is_lost() {
    let mut rig = Rig::new();
    let ((source, mut from), (target, mut to)) = (rig.pair(), rig.pair());
    assert!(rig.engine.pipe(source, target));
    from.set_nonblocking(true).unwrap();
    let mut sent = 0;
    let piece: Vec<u8> = (0..=250).cycle().take(251 * 64).collect();
    while rig.engine.stream(target).unwrap().takes_more() {
        if let Ok(count) = from.write(&piece[sent % 251..]) {
            sent += count;
        }
        rig.turn();
    }
    assert!(rig.engine.stream(target).unwrap().waiting_bytes() <= 256 << 10);
    rig.engine.unpipe(source);
    drop(from);
    let mut received = Vec::new();
    to.set_nonblocking(true).unwrap();
    let mut returned = Vec::new();
    let mut is_over = false;
    while !is_over {
        let _ = to.read_to_end(&mut received);
        for event in rig.turn() {
            match event {
                Event::Stream(_, END) => is_over = true,
                event => returned.extend(rig.read(&event)),
            }
        }
    }
    rig.engine.release(target);
    to.set_nonblocking(false).unwrap();
    to.read_to_end(&mut received).unwrap();
    received.extend(returned);
    assert_eq!(received.len(), sent);
    assert!(received.iter().zip((0..=250).cycle()).all(|(byte, expected)| *byte == expected));
}

#[test]
fn a_write_that_was_cut_short_goes_on_before_what_is_piped() {
    let mut rig = Rig::new();
    let ((source, mut from), (target, mut to)) = (rig.pair(), rig.pair());
    assert!(rig.engine.pipe(source, target));
    let large = vec![1; 4 << 20];
    let taken = rig.engine.write(target, &[&large]).unwrap();
    assert!(taken < large.len());
    // In one turn the source has something to receive, and the target room.
    from.write_all(b"piped").unwrap();
    to.read_exact(&mut vec![0; taken]).unwrap();
    assert_eq!(rig.turn(), [Event::Stream(target, StreamEvent::Room)]);
    let mut next = [0; 5];
    to.read_exact(&mut next).unwrap();
    assert_eq!(&next, b"piped", "once JavaScript has been told that there is room, which it has not used");
    assert_eq!(rig.engine.bytes_written(target), taken as u64 + 5);
}

#[test]
fn closing_the_target_ends_the_pipe() {
    let mut rig = Rig::new();
    let ((source, mut from), (target, _to)) = (rig.pair(), rig.pair());
    assert!(rig.engine.pipe(source, target));
    rig.engine.release(target);
    from.write_all(b"for JavaScript").unwrap();
    rig.engine.want(source, true, false);
    let events = rig.turn();
    assert_eq!(rig.read(&events[0]), b"for JavaScript");
}

#[test]
fn two_streams_that_feed_each_other_resume_each_other() {
    const TOTAL: usize = 8 << 20;
    let mut rig = Rig::new();
    let ((one, first), (other, second)) = (rig.pair(), rig.pair());
    assert!(rig.engine.pipe(one, other) && rig.engine.pipe(other, one));
    let threads = [&first, &second].map(|end| {
        let (mut sender, mut receiver) = (end.try_clone().unwrap(), end.try_clone().unwrap());
        let sending = std::thread::spawn(move || sender.write_all(&vec![b'x'; TOTAL]).unwrap());
        let receiving = std::thread::spawn(move || receiver.read_exact(&mut vec![0; TOTAL]).unwrap());
        [sending, receiving]
    });
    while rig.engine.bytes_written(one) < TOTAL as u64 || rig.engine.bytes_written(other) < TOTAL as u64 {
        assert!(rig.turn().is_empty());
    }
    while rig.engine.stream(one).unwrap().waiting_bytes() + rig.engine.stream(other).unwrap().waiting_bytes() > 0 {
        assert!(rig.turn().is_empty());
    }
    for thread in threads.into_iter().flatten() {
        thread.join().unwrap();
    }
}

#[test]
fn bulk_over_tcp_arrives_whole_through_a_target_that_was_full() {
    const SIZE: usize = 24 << 20;
    let mut rig = Rig::new();
    let ((source, mut from), (target, mut to)) = (rig.tcp_pair(), rig.tcp_pair());
    socket2::SockRef::from(&to).set_recv_buffer_size(64 << 10).unwrap();
    assert!(rig.engine.pipe(source, target));
    from.set_nonblocking(true).unwrap();
    to.set_nonblocking(true).unwrap();
    let bytes: Vec<u8> = (0..=250).cycle().take(SIZE).collect();
    let (mut sent, mut received) = (0, Vec::new());
    let mut piece = vec![0; 1 << 20];
    let mut was_full = false;
    let mut is_over = false;
    while !is_over || received.len() < SIZE {
        sent += from.write(&bytes[sent..]).unwrap_or(0);
        if sent == SIZE {
            let _ = from.shutdown(std::net::Shutdown::Write);
        }
        was_full |= rig.engine.stream(target).unwrap().waiting_bytes() > 0;
        if was_full && let Ok(count) = to.read(&mut piece) {
            received.extend_from_slice(&piece[..count]);
        }
        if rig.is_woken() {
            let events = rig.turn();
            is_over |= events == [Event::Stream(source, END)];
            assert!(is_over || events.is_empty());
        }
    }
    assert!(received == bytes, "other bytes");
    assert_eq!(rig.engine.bytes_read(source), SIZE as u64);
    assert_eq!(rig.engine.bytes_written(target), SIZE as u64);
}

#[test]
fn the_failure_of_a_target_leaves_nothing_for_another() {
    let mut rig = Rig::new();
    let ((source, mut from), (target, to)) = (rig.tcp_pair(), rig.tcp_pair());
    assert!(rig.engine.pipe(source, target));
    from.set_nonblocking(true).unwrap();
    let mut to = Some(to);
    let piece = vec![b'x'; 1 << 20];
    let mut sent = 0;
    let mut events = Vec::new();
    while events.is_empty() {
        sent += from.write(&piece).unwrap_or(0);
        if sent > 2 << 20 {
            drop(to.take());
        }
        if rig.is_woken() {
            events = rig.turn();
        }
    }
    let ((other, mut one), (next, mut two)) = (rig.tcp_pair(), rig.tcp_pair());
    assert!(rig.engine.pipe(other, next));
    one.set_nonblocking(true).unwrap();
    two.set_nonblocking(true).unwrap();
    let (mut written, mut received) = (0, Vec::new());
    let mut space = vec![0; 1 << 20];
    let bytes = vec![b'y'; 4 << 20];
    while received.len() < bytes.len() {
        written += one.write(&bytes[written..]).unwrap_or(0);
        if rig.is_woken() {
            rig.turn();
        }
        if let Ok(count) = two.read(&mut space) {
            received.extend_from_slice(&space[..count]);
        }
    }
    assert!(received == bytes, "bytes of another connection");
}
