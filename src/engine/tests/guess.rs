//! Turns that begin without a poll, because one source has been alone.

use std::io::Write;
use std::sync::Arc;

use super::Rig;
use crate::engine::Event;
use crate::stream::StreamEvent;
use crate::tls::credentials::{Credentials, Options};
use crate::tls::handshake::{HandshakeRequest, Resumption, Role};

/// More polls than it takes until there is a guess.
const ENOUGH: usize = 20;

#[test]
fn what_a_handshake_posts_in_a_turn_with_a_wrong_guess_is_not_left() {
    let mut rig = Rig::new();
    let (securing, mut speaker) = rig.pair();
    let credentials = Arc::new(Credentials::new(&Options::default()).unwrap());
    let resumption = Resumption::default();
    let role = Role::Client { server_name: None, checks_name: false, address: None, resumption };
    let request = HandshakeRequest { role, credentials, received: Vec::new(), logs_keys: false };
    assert!(rig.engine.secure(securing, request));
    rig.turn();
    let (alone, mut peer) = rig.pair();
    rig.engine.want(alone, true, false);
    for _ in 0..ENOUGH {
        peer.write_all(b"message").unwrap();
        while rig.turn().is_empty() {}
    }
    // This turn is for the one that has been alone, and it has nothing.
    rig.engine.begin_turn();
    speaker.write_all(b"this is not a record of TLS\n").unwrap();
    assert!(rig.waits_for_wake(10), "the handshake has posted nothing");
    let mut events = Vec::new();
    while let Some(event) = rig.engine.step() {
        events.push(event);
    }
    rig.engine.end_turn();
    if events.is_empty() {
        assert!(rig.is_woken(), "nothing asks for the turn in which it would be found");
        events = rig.turn();
    }
    assert!(matches!(events[..], [Event::Stream(id, StreamEvent::TlsFailed(_))] if id == securing), "{events:?}");
}
