//! A session at one end, and rustls' own connection at the other.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags};

use super::*;
use crate::tls::credentials::Credentials;
use crate::tls::credentials::Options;
use crate::tls::fixtures::{Certificate, connect, params};

/// Both ends of a finished handshake, ours as a session, and the sockets that they have.
fn connected() -> (Session, OwnedFd, rustls::ServerConnection, UnixStream) {
    connected_after(|_| {})
}

/// As [`connected`]; what `prepare` leaves to send is the last flight.
fn connected_after(prepare: impl FnOnce(&mut Connection)) -> (Session, OwnedFd, rustls::ServerConnection, UnixStream) {
    connected_by("TLSv1.3", prepare)
}

/// As [`connected_after`], under `version` of TLS.
fn connected_by(
    version: &str,
    prepare: impl FnOnce(&mut Connection),
) -> (Session, OwnedFd, rustls::ServerConnection, UnixStream) {
    let identity = Certificate::self_signed(params("localhost")).identity();
    let options = Options { max_version: Some(version.into()), ..Options::default() };
    let server = Credentials::new(&Options { identities: vec![identity], ..options }).unwrap();
    let client = Credentials::new(&Options { ca: Some(vec![]), ..Options::default() }).unwrap();
    let (mut client, server) = connect(&client, &server, "localhost");
    prepare(&mut client);
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Session::new(client, &[], None), ours.into(), server, theirs)
}

#[test]
fn no_record_has_more_plaintext_than_is_permitted() {
    // Its header, the type of the content, and the tag.
    const OVERHEAD: usize = 5 + 1 + 16;
    let (mut session, fd, _server, mut peer) = connected();
    assert!(!session.set_max_send_fragment(511) && !session.set_max_send_fragment(16385));
    assert!(session.set_max_send_fragment(512));
    session.flush(&fd, Kind::Unix).unwrap();
    let mut sealed = Sealed::default();
    let taken = session.write_some(&fd, Kind::Unix, &mut sealed, &[1; 700], &[&[2; 1000], &[3; 5]]).unwrap();
    assert_eq!(taken, 1705);
    session.write_all(&fd, Kind::Unix, &mut sealed, &[4; 600], false).unwrap();
    let mut sent = vec![0; 8192];
    let count = peer.read(&mut sent).unwrap();
    let mut rest = &sent[..count];
    let mut plaintext = Vec::new();
    while let [_, _, _, high, low, ..] = *rest {
        let length = 5 + usize::from(u16::from_be_bytes([high, low]));
        plaintext.push(length - OVERHEAD);
        rest = &rest[length..];
    }
    assert_eq!(plaintext, [512, 512, 512, 169, 512, 88]);
}

/// What a read of `session` into `most` bytes finds, through memory that has room for any record.
fn read(session: &mut Session, fd: &OwnedFd, most: usize) -> Result<Received, ConnectionError> {
    session.read(fd, Kind::Unix, &mut vec![0; 3 * MAX_RECORD], &mut vec![0; most])
}

fn bytes(count: usize, drained: bool) -> Received {
    Received { read: Read::Bytes(count), drained }
}

/// Has the peer send `bytes`, in records as large as they get.
fn send(server: &mut rustls::ServerConnection, peer: &mut UnixStream, bytes: &[u8]) {
    server.set_buffer_limit(None);
    server.writer().write_all(bytes).unwrap();
    while server.wants_write() {
        server.write_tls(peer).unwrap();
    }
}

#[test]
fn a_read_fills_its_space_and_the_next_one_begins_with_the_rest_of_the_record() {
    let (mut session, fd, mut server, mut peer) = connected();
    send(&mut server, &mut peer, &[7; 40_000]);
    for (space, found) in [(10_000, bytes(10_000, false)), (1, bytes(1, false)), (40_000, bytes(29_999, true))] {
        assert!(read(&mut session, &fd, space).is_ok_and(|it| it == found), "{space} bytes");
    }
}

#[test]
fn what_came_before_the_end_or_a_failure_is_delivered_first() {
    let (mut session, fd, mut server, mut peer) = connected();
    send(&mut server, &mut peer, &[7; 5000]);
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(read(&mut session, &fd, 20_000).is_ok_and(|it| it == bytes(5000, true)));
    assert!(read(&mut session, &fd, 20_000).is_ok_and(|it| it.read == Read::End));
    assert!(session.is_truncated());

    let (mut session, fd, mut server, mut peer) = connected();
    send(&mut server, &mut peer, &[7; 5000]);
    peer.write_all(&[[23, 3, 3, 0, 20].as_slice(), &[0; 20]].concat()).unwrap();
    assert!(read(&mut session, &fd, 20_000).is_ok_and(|it| it == bytes(5000, false)));
    assert!(matches!(read(&mut session, &fd, 20_000), Err(ConnectionError::Tls(_))));
}

#[test]
fn with_enough_space_records_are_received_where_their_plaintext_is_to_be() {
    for version in ["TLSv1.3", "TLSv1.2"] {
        let (mut session, fd, mut server, mut peer) = connected_by(version, |_| {});
        let text: Vec<u8> = (0..150_000u32).map(|i| (i % 251) as u8).collect();
        let (front, back) = text.split_at(50_000);
        let (mut ciphertext, mut space) = (vec![0; 3 * MAX_RECORD], vec![0; 64 << 10]);
        let mut receive = |session: &mut Session| {
            rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::IN)], None).unwrap();
            match session.read(&fd, Kind::Unix, &mut ciphertext, &mut space) {
                Ok(Received { read: Read::Bytes(count), .. }) => space[..count].to_vec(),
                Ok(Received { read: Read::Empty, .. }) => vec![],
                _ => panic!("the connection is over"),
            }
        };
        send(&mut server, &mut peer, front);
        if version == "TLSv1.3" {
            server.refresh_traffic_keys().unwrap();
        }
        let mut received = receive(&mut session);
        let all = std::thread::spawn({
            let back = back.to_vec();
            move || send(&mut server, &mut peer, &back)
        });
        while received.len() < text.len() {
            received.extend(receive(&mut session));
        }
        all.join().unwrap();
        assert!(received == text, "{version}");
        assert_eq!(session.connection.unprocessed(), 0);
    }
}

#[test]
fn plaintext_of_a_record_that_is_refused_does_not_count() {
    let (mut session, fd, mut server, mut peer) = connected();
    send(&mut server, &mut peer, &[7; 5000]);
    let mut records = Vec::new();
    server.writer().write_all(&[8; 5000]).unwrap();
    server.write_tls(&mut records).unwrap();
    *records.last_mut().unwrap() ^= 1;
    peer.write_all(&records).unwrap();
    let mut space = vec![0; 64 << 10];
    let received = session.read(&fd, Kind::Unix, &mut Vec::new(), &mut space);
    assert!(received.is_ok_and(|it| it == bytes(5000, false)));
    assert_eq!(space[..5000], [7; 5000]);
    assert!(matches!(session.read(&fd, Kind::Unix, &mut Vec::new(), &mut space), Err(ConnectionError::Tls(_))));
}

#[test]
fn what_is_written_behind_a_failure_that_is_still_to_be_returned_does_not_hide_it() {
    let (mut session, fd, mut server, mut peer) = connected();
    send(&mut server, &mut peer, &[7; 5000]);
    peer.write_all(&[[23, 3, 3, 0, 20].as_slice(), &[0; 20]].concat()).unwrap();
    assert!(read(&mut session, &fd, 4000).is_ok_and(|it| it == bytes(4000, false)));
    assert_eq!(session.write_some(&fd, Kind::Unix, &mut Sealed::default(), b"to the", &[b" failed"]), Ok(13));
    assert_eq!(session.write_all(&fd, Kind::Unix, &mut Sealed::default(), b"to the failed", false), Ok(13));
    assert!(read(&mut session, &fd, 4000).is_ok_and(|it| it == bytes(1000, false)));
    assert!(matches!(read(&mut session, &fd, 4000), Err(ConnectionError::Tls(_))));
}

#[test]
fn keys_of_tls12_that_are_used_up_end_the_session_and_those_of_tls13_go_on() {
    for (version, is_old) in [("TLSv1.2", true), ("TLSv1.3", false)] {
        let (mut session, fd, server, mut peer) = connected_by(version, Connection::use_keys_up);
        let mut server = rustls::Connection::from(server);
        let mut receive = || {
            let mut records = vec![0; 4096];
            let count = peer.read(&mut records).unwrap();
            server.read_tls(&mut &records[..count]).unwrap();
            let has_closed = server.process_new_packets().unwrap().peer_has_closed();
            let mut text = Vec::new();
            let _ = server.reader().read_to_end(&mut text);
            (text, has_closed)
        };
        let mut write = |text: &[u8]| session.write_some(&fd, Kind::Unix, &mut Sealed::default(), text, &[]);
        assert_eq!(write(b"as much as there is left"), Ok(24));
        assert_eq!(receive(), (b"as much as there is left".to_vec(), false));
        let outcome = write(&[1; 200]);
        assert_eq!(outcome, if is_old { Err(Errno::PIPE) } else { Ok(200) }, "{version}");
        assert_eq!(receive(), (vec![1; if is_old { 0 } else { 200 }], is_old));
        assert_eq!(write(&[1; 200]), outcome);
    }
}

#[test]
fn the_last_flight_of_the_handshake_goes_out_with_the_answer_to_what_has_come_by_then() {
    let (mut session, fd, mut server, mut peer) = connected_after(Connection::refresh_keys);
    let (mut ciphertext, mut space) = (vec![0; 4096], [0; 64]);
    let mut receive = |session: &mut Session| {
        let received = session.read(&fd, Kind::Unix, &mut ciphertext, &mut space);
        received.unwrap_or_else(|_| panic!("nothing has failed")).read
    };
    peer.set_nonblocking(true).unwrap();
    let mut sent = [0; 4096];
    assert_eq!((receive(&mut session), session.holds_flight()), (Read::Empty, true));
    assert!(peer.read(&mut sent).is_err(), "the flight has gone out");
    server.writer().write_all(b"question").unwrap();
    while server.wants_write() {
        server.write_tls(&mut peer).unwrap();
    }
    assert_eq!((receive(&mut session), session.holds_flight()), (Read::Bytes(8), false));
    assert!(session.wants_write() && peer.read(&mut sent).is_err(), "the flight has gone out");
    session.write_all(&fd, Kind::Unix, &mut Sealed::default(), b"answer", false).unwrap();
    let count = peer.read(&mut sent).unwrap();
    assert!(!session.wants_write());
    server.read_tls(&mut &sent[..count]).unwrap();
    server.process_new_packets().unwrap();
    let mut answer = [0; 6];
    server.reader().read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
}

#[test]
fn records_without_plaintext_are_read_by_shares() {
    const UPDATES: usize = 10;
    let (mut session, fd, mut server, mut peer) = connected();
    for _ in 0..UPDATES {
        server.refresh_traffic_keys().unwrap();
    }
    server.writer().write_all(b"behind them").unwrap();
    while server.wants_write() {
        server.write_tls(&mut peer).unwrap();
    }
    let (mut ciphertext, mut space) = (vec![0; 32], [0; 64]);
    let mut empty = 0;
    loop {
        let Ok(Received { read, drained }) = session.read(&fd, Kind::Unix, &mut ciphertext, &mut space) else {
            panic!("a key update is no failure");
        };
        if let Read::Bytes(count) = read {
            assert_eq!(count, b"behind them".len());
            break;
        }
        assert_eq!((read, drained), (Read::Empty, false));
        empty += 1;
    }
    assert!(empty > UPDATES / 2);
}

#[test]
fn what_passes_the_socket_is_counted_whatever_there_is_in_it() {
    let (mut session, fd, mut server, mut peer) = connected();
    session.take_passed();
    server.set_buffer_limit(None);
    server.writer().write_all(&[7; 5000]).unwrap();
    let mut record = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut record).unwrap();
    }
    peer.write_all(&record[..3000]).unwrap();
    assert!(read(&mut session, &fd, 20_000).is_ok_and(|it| it.read == Read::Empty));
    assert_eq!(session.take_passed(), Passed { received: 3000, sent: 0 });
    peer.write_all(&record[3000..]).unwrap();
    assert!(read(&mut session, &fd, 20_000).is_ok_and(|it| it == bytes(5000, true)));
    assert_eq!(session.take_passed(), Passed { received: record.len() as u64 - 3000, sent: 0 });

    // The peer does not read: what is sealed has not been taken.
    peer.set_nonblocking(true).unwrap();
    let size = 4 << 20;
    let accepted = session.write_some(&fd, Kind::Unix, &mut Sealed::default(), &[], &[&vec![7; size]]).unwrap();
    let mut taken = session.take_passed().sent;
    assert!(accepted < size && session.wants_write() && taken < accepted as u64, "{accepted} {taken}");
    assert!(!session.flush(&fd, Kind::Unix).unwrap());
    assert_eq!(session.take_passed(), Passed::default());
    // It reads, and what has been sealed drains, without anything that is written.
    let (mut got, mut sent) = (0, [0; 64 << 10]);
    while let Ok(count) = peer.read(&mut sent) {
        got += count as u64;
        session.flush(&fd, Kind::Unix).unwrap();
        taken += session.take_passed().sent;
    }
    assert!(!session.wants_write());
    assert_eq!(got, taken);
}
