//! How sources come and go: ids, owners, what keeps the loop alive.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use super::Rig;
use crate::engine::Event;
use crate::error::Syscall;
use crate::socket::open::{Beginning, Bind};
use crate::stream::{Addresses, StreamEvent};

#[test]
fn an_id_is_not_used_again_within_the_turn() {
    let mut rig = Rig::new();
    let (id, _peer) = rig.pair();
    rig.engine.begin_turn();
    rig.engine.release(id);
    let (next, _other) = rig.pair();
    assert_ne!(next, id);
    rig.engine.end_turn();
    let (reused, _third) = rig.pair();
    assert_eq!(reused, id);
}

#[test]
fn accepts_and_connects() {
    let mut rig = Rig::new();
    let address = "127.0.0.1:0".parse().unwrap();
    let bind = Bind { address, ipv6_only: false, reuse_port: false };
    let listener = rig.engine.listen_tcp(&bind, 8, Vec::new()).unwrap();
    let address = rig.engine.listener(listener).unwrap().local().unwrap();
    let peer = TcpStream::connect(address).unwrap();
    let events = rig.turn();
    let [Event::Connection { listener: by, stream, addresses }] = events[..] else { panic!("{events:?}") };
    assert_eq!(by, listener);
    let expected = Addresses { local: Some(address), peer: Some(peer.local_addr().unwrap()) };
    assert_eq!((addresses, rig.engine.stream(stream).unwrap().addresses()), (expected, expected));

    let theirs = TcpListener::bind("127.0.0.1:0").unwrap();
    let outgoing = rig.engine.connect_tcp(theirs.local_addr().unwrap(), None, Beginning::default()).unwrap();
    assert_eq!(rig.turn(), [Event::Stream(outgoing, StreamEvent::Connected(Ok(())))]);
    let closed = theirs.local_addr().unwrap();
    drop(theirs);
    let refused = rig.engine.connect_tcp(closed, None, Beginning::default()).unwrap();
    let expected = Syscall::Connect.errno(libc::ECONNREFUSED);
    let events = rig.turn();
    assert!(events.contains(&Event::Stream(refused, StreamEvent::Connected(Err(expected)))), "{events:?}");
}

#[test]
fn counts_the_sources_that_keep_the_loop_alive() {
    let mut rig = Rig::new();
    assert!(!rig.engine.is_referenced());
    let (id, _peer) = rig.pair();
    assert!(!rig.engine.is_referenced(), "a stream that is neither read nor has anything to send does not");
    rig.engine.write(id, &[b"x"]).unwrap();
    assert!(rig.engine.is_referenced());
    rig.engine.flush();
    assert!(!rig.engine.is_referenced());
    rig.engine.want(id, true, false);
    assert!(rig.engine.is_referenced());
    rig.engine.reference(id, false);
    rig.engine.reference(id, false);
    assert!(!rig.engine.is_referenced());
    rig.engine.write(id, &[b"x"]).unwrap();
    assert!(rig.engine.is_referenced(), "written bytes are sent first, whether unref() was called or not");
    rig.engine.flush();
    assert!(!rig.engine.is_referenced());
    rig.engine.reference(id, true);
    rig.engine.close(id, false);
    assert!(!rig.engine.is_referenced());
    rig.engine.reference(id, true);
    assert!(!rig.engine.is_referenced(), "a closed stream does not");
}

#[test]
fn a_descriptor_has_one_owner_among_all_engines() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    let (id, mut peer) = rig.pair();
    let number = rig.engine.stream(id).unwrap().raw_fd().unwrap();
    for engine in [&mut rig.engine, &mut other.engine] {
        assert_eq!(engine.adopt_stream(number), Err(Syscall::Open.errno(libc::EEXIST)));
        assert_eq!(engine.adopt_listener(number, None), Err(Syscall::Listen.errno(libc::EEXIST)));
    }
    assert_eq!(other.engine.sources(), 0);
    peer.write_all(b"still open").unwrap();
    rig.engine.want(id, true, false);
    let events = rig.turn();
    assert_eq!(rig.read(&events[0]), b"still open");
}

#[test]
fn what_is_lent_outlives_the_stream_and_has_what_was_written() {
    let mut rig = Rig::new();
    let bind = Bind { address: "127.0.0.1:0".parse().unwrap(), ipv6_only: false, reuse_port: false };
    let listener = rig.engine.listen_tcp(&bind, 8, Vec::new()).unwrap();
    let mut peer = TcpStream::connect(rig.engine.listener(listener).unwrap().local().unwrap()).unwrap();
    let events = rig.turn();
    let [Event::Connection { stream: id, .. }] = events[..] else { panic!("{events:?}") };
    rig.engine.write(id, &[b"before "]).unwrap();
    let mut lent = TcpStream::from(rig.engine.lend(id).unwrap());
    let also_listening = TcpListener::from(rig.engine.lend(listener).unwrap());
    rig.engine.release(id);
    rig.engine.release(listener);
    lent.write_all(b"behind").unwrap();
    let mut text = [0; 13];
    peer.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"before behind");
    // The kernel no longer reports either to the engine.
    peer.write_all(b"x").unwrap();
    lent.set_nonblocking(false).unwrap();
    lent.read_exact(&mut [0]).unwrap();
    let _next = TcpStream::connect(also_listening.local_addr().unwrap()).unwrap();
    assert!(!rig.is_woken());
    assert_eq!(rig.engine.lend(id).unwrap_err().errno, libc::EBADF);
}

#[test]
fn a_stream_that_is_not_watched_leaves_all_to_the_owner_of_a_copy() {
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    let mut lent = UnixStream::from(rig.engine.lend(id).unwrap());
    rig.engine.unwatch(id);
    peer.write_all(b"x").unwrap();
    assert!(!rig.is_woken());
    lent.read_exact(&mut [0]).unwrap();
    rig.engine.release(id);
    lent.write_all(b"y").unwrap();
    peer.read_exact(&mut [0]).unwrap();
}

#[test]
fn a_bound_socket_listens_and_connects_under_the_same_id() {
    let mut rig = Rig::new();
    let bind = Bind { address: "127.0.0.1:0".parse().unwrap(), ipv6_only: false, reuse_port: false };
    let (server, client) =
        (rig.engine.bind_tcp(&bind, Vec::new()).unwrap(), rig.engine.bind_tcp(&bind, Vec::new()).unwrap());
    assert!(!rig.engine.is_referenced());
    let place = rig.engine.bound(server).unwrap().local().unwrap();
    let from = rig.engine.bound(client).unwrap().local().unwrap();
    rig.engine.listen_bound(server, 8).unwrap();
    assert!(rig.engine.is_referenced());
    rig.engine.connect_bound_tcp(client, place, Beginning::default()).unwrap();
    let mut events = Vec::new();
    while events.len() < 2 {
        events.extend(rig.turn());
    }
    assert!(events.contains(&Event::Stream(client, StreamEvent::Connected(Ok(())))));
    assert_eq!(rig.engine.stream(client).unwrap().addresses().local, Some(from));
    assert_eq!(rig.engine.listen_bound(server, 8).unwrap_err().errno, libc::EBADF);
}

#[test]
fn a_socket_file_is_removed_with_what_its_socket_has_become() {
    let mut rig = Rig::new();
    let path = |name| std::env::temp_dir().join(format!("rust-net-{}-{name}", std::process::id()));
    let paths = ["unused", "listening", "connecting"].map(path);
    let ids =
        paths.each_ref().map(|path| rig.engine.bind_unix(path.as_os_str().as_encoded_bytes(), Vec::new()).unwrap());
    rig.engine.listen_bound(ids[1], 8).unwrap();
    rig.engine.connect_bound_unix(ids[2], paths[1].as_os_str().as_encoded_bytes(), &[]).unwrap();
    for (id, path) in ids.into_iter().zip(&paths) {
        assert!(path.exists());
        rig.engine.close(id, false);
        assert!(!path.exists());
        rig.engine.release(id);
    }
    assert_eq!(rig.engine.sources(), 0);
}

/// Connects without waiting for it, and tells whether that succeeds at once.
#[cfg(target_os = "linux")]
fn connects_at_once(address: &socket2::SockAddr) -> bool {
    let socket = socket2::Socket::new(address.domain(), socket2::Type::STREAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    let is_done = socket.connect(address).is_ok();
    // Over the loopback, the whole handshake is done within the call.
    is_done || rustix::net::getpeername(&socket).is_ok_and(|peer| peer.is_some())
}

#[cfg(target_os = "linux")]
#[test]
fn a_drained_listener_accepts_what_waits_and_nothing_new() {
    let path = std::env::temp_dir().join(format!("rust-net-{}-drained", std::process::id()));
    for is_unix in [false, true] {
        let mut rig = Rig::new();
        let listener = if is_unix {
            rig.engine.listen_unix(path.as_os_str().as_encoded_bytes(), 200, false, Vec::new())
        } else {
            let bind = Bind { address: "127.0.0.1:0".parse().unwrap(), ipv6_only: false, reuse_port: false };
            rig.engine.listen_tcp(&bind, 200, Vec::new())
        }
        .unwrap();
        let place = rig.engine.listener(listener).unwrap().local();
        let place = place.map_or_else(|| socket2::SockAddr::unix(&path).unwrap(), Into::into);
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let socket = socket2::Socket::new(place.domain(), socket2::Type::STREAM, None).unwrap();
                socket.connect(&place).unwrap();
                socket
            })
            .collect();
        assert!(connects_at_once(&place));
        rig.engine.pause_listener(listener, true);
        rig.engine.drain_listener(listener);
        let mut events = Vec::new();
        while events.last() != Some(&Event::Drained(listener)) {
            events.extend(rig.turn());
        }
        assert!(!connects_at_once(&place), "unix: {is_unix}");
        let is_connection = |event: &&Event| matches!(event, Event::Connection { .. });
        assert_eq!(events.iter().filter(is_connection).count(), waiting.len() + 1);
        rig.engine.release(listener);
    }
}

#[test]
fn draining_what_is_shared_leaves_it_open() {
    let mut rig = Rig::new();
    let theirs = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = theirs.local_addr().unwrap();
    let copy = std::os::fd::OwnedFd::from(theirs.try_clone().unwrap());
    let listener = rig.engine.adopt_listener(std::os::fd::IntoRawFd::into_raw_fd(copy), None).unwrap();
    let _first = TcpStream::connect(address).unwrap();
    rig.engine.drain_listener(listener);
    let events = rig.turn();
    assert!(matches!(events[..], [Event::Connection { .. }, Event::Drained(id)] if id == listener), "{events:?}");
    rig.engine.release(listener);
    let _second = TcpStream::connect(address).unwrap();
    theirs.accept().unwrap();
}

#[test]
fn draining_what_is_shared_ends_though_connections_keep_coming() {
    /// What a queue may hold, and what one turn accepts.
    const MOST: usize = 4096 + 64;
    let mut rig = Rig::new();
    let path = std::env::temp_dir().join(format!("rust-net-{}-shared", std::process::id()));
    let theirs = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let copy = std::os::fd::OwnedFd::from(theirs.try_clone().unwrap());
    let listener = rig.engine.adopt_listener(std::os::fd::IntoRawFd::into_raw_fd(copy), None).unwrap();
    let connect = || UnixStream::connect(&path).unwrap();
    let mut waiting: Vec<_> = (0..100).map(|_| connect()).collect();
    rig.engine.drain_listener(listener);
    let mut accepted = 0;
    let mut is_drained = false;
    while !is_drained {
        for event in rig.turn() {
            match event {
                Event::Drained(_) => is_drained = true,
                Event::Connection { stream, .. } => {
                    accepted += 1;
                    rig.engine.release(stream);
                    waiting.push(connect());
                }
                _ => {}
            }
        }
        let gone = waiting.len() - 100;
        waiting.drain(..gone);
        assert!(accepted <= MOST, "{accepted}");
    }
    assert!(accepted >= 100);
    // It accepts nothing any more, though it is open until JavaScript closes it.
    let sources = rig.engine.sources();
    let _later = connect();
    assert!(!rig.is_woken() || rig.turn().is_empty());
    assert_eq!(rig.engine.sources(), sources);
    theirs.accept().unwrap();
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_stream_is_busy_until_what_it_has_received_is_answered() {
    use crate::stream::Activity;
    let mut rig = Rig::new();
    let (id, mut peer) = rig.pair();
    rig.engine.want(id, true, false);
    assert_eq!(rig.engine.activity(id), Activity::Fresh);
    peer.write_all(b"?").unwrap();
    assert_eq!(rig.engine.activity(id), Activity::Busy, "in the kernel");
    rig.turn();
    assert_eq!(rig.engine.activity(id), Activity::Busy, "received");
    rig.engine.write(id, &[b"!"]).unwrap();
    assert_eq!(rig.engine.activity(id), Activity::Busy, "gathered");
    rig.engine.flush();
    assert_eq!(rig.engine.activity(id), Activity::Answered);
    peer.read_exact(&mut [0]).unwrap();
}
