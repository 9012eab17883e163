//! Connections against those of rustls that keep buffers of their own.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::ServerConnection;
use rustls::pki_types::ServerName;

use super::*;
use crate::tls::credentials::{Credentials, Options};
use crate::tls::fixtures::{Certificate, connect, params};

fn credentials(version: &str) -> (Credentials, Credentials) {
    let identity = Certificate::self_signed(params("localhost")).identity();
    let options = || Options { max_version: Some(version.into()), ..Options::default() };
    let server = Credentials::new(&Options { identities: vec![identity], ..options() }).unwrap();
    (Credentials::new(&Options { ca: Some(vec![]), ..options() }).unwrap(), server)
}

const VERSIONS: [&str; 2] = ["TLSv1.2", "TLSv1.3"];

fn drain(peer: &mut rustls::Connection) -> Vec<u8> {
    let mut records = Vec::new();
    while peer.wants_write() {
        peer.write_tls(&mut records).unwrap();
    }
    records
}

/// What `peer` reads in `records`.
fn read(peer: &mut rustls::Connection, mut records: &[u8]) -> Vec<u8> {
    let mut plaintext = Vec::new();
    while !records.is_empty() {
        peer.read_tls(&mut records).unwrap();
        peer.process_new_packets().unwrap();
        // An error says that there is no more.
        let _ = peer.reader().read_to_end(&mut plaintext);
    }
    plaintext
}

/// What waits of the plaintext.
fn take(connection: &mut Connection) -> Vec<u8> {
    let taken = connection.flow.plaintext.bytes().to_vec();
    connection.flow.plaintext.consume(taken.len());
    taken
}

#[test]
fn an_idle_connection_has_no_memory_but_that_of_rustls() {
    for version in VERSIONS {
        let (client, server) = credentials(version);
        let (mut ours, peer) = connect(&client, &server, "localhost");
        let mut peer = rustls::Connection::from(peer);
        peer.writer().write_all(&[7; 50_000]).unwrap();
        for part in drain(&mut peer).chunks(1000) {
            ours.feed(part);
            ours.process().unwrap();
        }
        assert_eq!(take(&mut ours).len(), 50_000, "{version}");
        assert_eq!(ours.flow.incoming.capacity(), 0);
        assert!(ours.flow.plaintext.is_empty() && ours.flow.outgoing.is_empty());
    }
}

#[test]
fn both_sides_export_the_keying_material_that_rustls_does() {
    for version in VERSIONS {
        let (client, server) = credentials(version);
        // As a client, then as a server.
        for is_server in [false, true] {
            let name = ServerName::try_from("localhost").unwrap();
            let config = Arc::clone(server.server.as_ref().unwrap());
            let (mut ours, mut peer) = if is_server {
                let peer = rustls::ClientConnection::new(Arc::clone(&client.client), name).unwrap();
                (Connection::server(config).unwrap(), rustls::Connection::from(peer))
            } else {
                let peer = rustls::Connection::from(ServerConnection::new(config).unwrap());
                (Connection::client(Arc::clone(&client.client), name).unwrap(), peer)
            };
            let mut answers = Vec::new();
            while ours.is_handshaking() || peer.is_handshaking() || peer.wants_write() {
                let records = drain(&mut peer);
                ours.feed(&records);
                ours.process().unwrap();
                answers.extend(if is_server { ours.outgoing() } else { &records });
                read(&mut peer, ours.outgoing());
                ours.sent(ours.outgoing().len());
            }
            if version == "TLSv1.2" {
                assert!(ours.export_keying_material(9, b"label", None).is_none());
                let random = crate::tls::handshake::hello::server_random(&answers).unwrap();
                ours.note_server_random(&random);
            }
            for (length, label, context) in
                [(32, &b"EXPORTER-x"[..], None), (500, b"y", Some(&b""[..])), (1, b"", Some(b"context"))]
            {
                let theirs = peer.export_keying_material(vec![0; length], label, context).unwrap();
                assert_eq!(ours.export_keying_material(length, label, context), Some(theirs), "{version} {length}");
            }
            assert!(ours.export_keying_material(0, b"label", None).is_none());
        }
    }
}

#[test]
fn messages_of_the_protocol_go_before_what_is_sealed_behind_them() {
    let (client, server) = credentials("TLSv1.3");
    let (mut ours, peer) = connect(&client, &server, "localhost");
    let mut peer = rustls::Connection::from(peer);
    peer.refresh_traffic_keys().unwrap();
    ours.feed(&drain(&mut peer));
    ours.process().unwrap();
    let mut sealed = Sealed::default();
    ours.seal(b"behind the answer to the key update", &mut sealed).unwrap();
    assert_eq!(read(&mut peer, sealed.records()), b"behind the answer to the key update");
    ours.refresh_keys();
    assert!(!ours.outgoing().is_empty());
    sealed.clear();
    ours.seal(b"with new keys", &mut sealed).unwrap();
    ours.seal_end(&mut sealed);
    let records = [ours.outgoing(), sealed.records()].concat();
    assert_eq!(read(&mut peer, &records), b"with new keys");
    assert!(peer.process_new_packets().unwrap().peer_has_closed());
}

#[test]
fn a_failure_leaves_its_alert_and_seals_nothing_more() {
    let (client, server) = credentials("TLSv1.3");
    let (mut ours, peer) = connect(&client, &server, "localhost");
    let mut peer = rustls::Connection::from(peer);
    ours.feed(&[[23, 3, 3, 0, 20].as_slice(), &[0; 20]].concat());
    assert!(ours.process().is_err());
    let mut records = ours.outgoing();
    peer.read_tls(&mut records).unwrap();
    let error = peer.process_new_packets().unwrap_err();
    assert_eq!(error, Error::AlertReceived(rustls::AlertDescription::BadRecordMac));
    let mut sealed = Sealed::default();
    assert!(ours.seal(b"more", &mut sealed).is_err());
    ours.seal_end(&mut sealed);
    assert!(sealed.records().is_empty());
}

#[test]
fn a_failure_stays_and_nothing_is_processed_behind_it() {
    let (client, server) = credentials("TLSv1.3");
    let (mut ours, peer) = connect(&client, &server, "localhost");
    let mut peer = rustls::Connection::from(peer);
    peer.writer().write_all(b"in front").unwrap();
    let front = drain(&mut peer);
    peer.writer().write_all(b"behind").unwrap();
    ours.feed(&front);
    ours.feed(&[[23, 3, 3, 0, 20].as_slice(), &[0; 20]].concat());
    let failure = ours.process().unwrap_err();
    ours.feed(&drain(&mut peer));
    assert_eq!(ours.process(), Err(failure));
    assert_eq!(take(&mut ours), b"in front");
    assert_eq!(ours.unprocessed(), 0);
}

#[test]
fn a_message_that_does_not_end_is_noticed() {
    let (_, server) = credentials("TLSv1.3");
    let mut ours = Connection::server(Arc::clone(server.server.as_ref().unwrap())).unwrap();
    // The longest ClientHello that rustls waits for, without its end.
    let hello = [&[1, 0, 0xff, 0xff][..], &vec![0; MAX_MESSAGE - 4]].concat();
    let mut parts = hello.chunks(16 << 10).peekable();
    while let Some(part) = parts.next() {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        ours.feed(&[&[22, 3, 1][..], &length, part].concat());
        ours.process().unwrap();
        assert_eq!(ours.exceeds_message_limit(), parts.peek().is_none());
    }
}
