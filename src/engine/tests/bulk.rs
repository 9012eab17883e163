//! Long transfers over TCP: the room that the kernel has for them.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::IntoRawFd;

use socket2::SockRef;

use super::Rig;
use crate::engine::Event;
use crate::reactor::Id;
use crate::stream::StreamEvent;

const MIB: usize = 1 << 20;

/// One end of a connection as a stream of the engine, the same end as a socket of the test, and the other.
fn connection(rig: &mut Rig) -> (Id, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    let id = rig.engine.adopt_stream(ours.try_clone().unwrap().into_raw_fd()).unwrap();
    rig.engine.want(id, true, false);
    (id, ours, theirs)
}

/// Has `peer` send `total` bytes in messages of `size`, each when the one before has been received.
fn receive(rig: &mut Rig, peer: &mut TcpStream, size: usize, total: usize) {
    let message = vec![1; size];
    for _ in 0..total.div_ceil(size) {
        peer.write_all(&message).unwrap();
        let mut left = size;
        while left > 0 {
            for event in rig.turn() {
                let Event::Stream(_, StreamEvent::Data { length, .. }) = event else { panic!("{event:?}") };
                left -= length;
            }
        }
    }
}

fn room(socket: &TcpStream) -> usize {
    SockRef::from(socket).recv_buffer_size().unwrap()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn the_peer_of_a_long_transfer_may_have_more_on_its_way() {
    let mut rig = Rig::new();
    let (_, ours, mut peer) = connection(&mut rig);
    receive(&mut rig, &mut peer, 32 << 10, MIB);
    assert!(room(&ours) >= 2 * MIB, "{} afterwards", room(&ours));
}
