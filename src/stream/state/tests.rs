//! Every transition of the states, and what is due in each.

use super::*;
use crate::error::Syscall;

const READABLE: Readiness = Readiness { readable: true, writable: false, hangup: false };
const WRITABLE: Readiness = Readiness { readable: false, writable: true, hangup: false };
const HANGUP: Readiness = Readiness { readable: true, writable: true, hangup: true };

type Pure = TlsState<(), (), (), ()>;
const CLEAR: Pure = TlsState::Clear;

fn error(errno: i32) -> Error {
    Syscall::Write.errno(errno)
}

fn open() -> State {
    let mut state = State::open();
    state.want(true);
    state
}

/// What each of `transitions` makes of each of the `states`, row by row as in the module's tables.
fn check<S: Copy + PartialEq + std::fmt::Debug, const N: usize>(
    set: fn(&mut State, S),
    get: fn(&State) -> S,
    transitions: [fn(&mut State); N],
    rows: &[(S, [S; N])],
) {
    for (from, expected) in rows {
        for (transition, expected) in transitions.iter().zip(expected) {
            let mut state = State::default();
            set(&mut state, *from);
            transition(&mut state);
            assert_eq!(get(&state), *expected, "from {from:?}");
        }
    }
}

#[test]
fn every_transition_of_the_phase() {
    use Phase::{AwaitingOutcome, Connecting, Failed, Failing, Limited, Open};
    let failing = Failing(error(1));
    check(
        |state, phase| state.phase = phase,
        |state| state.phase,
        [
            |state| state.on_readiness(WRITABLE),
            State::await_outcome,
            State::connected,
            |state| state.fail_later(error(2)),
            |state| {
                state.take_failure();
            },
            |state| {
                let is_open = state.phase == Open;
                assert_eq!(state.limit(), is_open);
            },
            State::take_limit,
            State::fail,
        ],
        &[
            (
                Connecting,
                [Connecting, AwaitingOutcome, Open, Failing(error(2)), Connecting, Connecting, Connecting, Failed],
            ),
            (
                AwaitingOutcome,
                [
                    Connecting,
                    AwaitingOutcome,
                    Open,
                    Failing(error(2)),
                    AwaitingOutcome,
                    AwaitingOutcome,
                    AwaitingOutcome,
                    Failed,
                ],
            ),
            (Open, [Open, Open, Open, Failing(error(2)), Open, Limited, Open, Failed]),
            (failing, [failing, failing, failing, failing, Failed, failing, failing, Failed]),
            (Limited, [Limited, Limited, Limited, Limited, Limited, Limited, Failed, Failed]),
            (Failed, [Failed; 8]),
        ],
    );
}

#[test]
fn a_limit_is_reported_before_all_else_and_once() {
    let mut state = open();
    state.on_readiness(HANGUP);
    assert!(state.limit());
    for tls in [CLEAR, TlsState::Requested(()), TlsState::Handshaking(()), TlsState::Posted(Box::default())] {
        assert_eq!(state.due(&tls, true), Due::ReportLimit);
    }
    assert!(state.keeps_alive(&CLEAR, false, false));
    state.take_limit();
    assert_eq!(state.due(&CLEAR, true), Due::Nothing);
    assert!(!state.keeps_alive(&CLEAR, true, true));
}

#[test]
fn a_pause_is_known_until_it_is_asked_for() {
    let mut state = open();
    assert!(state.take_pause());
    assert!(!state.take_pause());
    state.want(false);
    state.want(true);
    assert!(state.take_pause());
    assert!(!state.take_pause());
    state.want(false);
    assert!(state.take_pause() && state.take_pause());
    state.want(true);
    assert!(state.take_pause());
    assert!(!state.take_pause());
}

#[test]
fn every_transition_of_what_comes_in() {
    use Inbound::{Closing, Empty, Ended, Ending, Ready};
    check(
        |state, inbound| state.inbound = inbound,
        |state| state.inbound,
        [
            |state| state.on_readiness(READABLE),
            |state| state.on_readiness(HANGUP),
            |state| state.received(false),
            |state| state.received(true),
            State::found_nothing,
            State::end,
            State::find_end_again,
            State::watch_again,
            |state| state.on_readiness(WRITABLE),
        ],
        &[
            (Empty, [Ready, Closing, Empty, Empty, Empty, Ended, Empty, Ready, Empty]),
            (Ready, [Ready, Closing, Ready, Empty, Empty, Ended, Ready, Ready, Ready]),
            (Closing, [Closing, Closing, Closing, Ending, Empty, Ended, Closing, Closing, Closing]),
            (Ending, [Ending, Closing, Ending, Ending, Empty, Ended, Ending, Ending, Ending]),
            (Ended, [Ended, Ended, Ended, Ended, Ended, Ended, Closing, Ended, Ended]),
        ],
    );
}

#[test]
fn every_transition_of_what_goes_out() {
    use Outbound::{Blocked, Free};
    check(
        |state, outbound| state.outbound = outbound,
        |state| state.outbound,
        [
            State::block,
            |state| state.on_readiness(WRITABLE),
            State::watch_again,
            |state| {
                state.on_readiness(READABLE);
            },
        ],
        &[(Free, [Blocked, Free, Free, Free]), (Blocked, [Blocked, Free, Free, Blocked])],
    );
    use Shutdown::{Done, Requested};
    check(
        |state, shutdown| state.shutdown = shutdown,
        |state| state.shutdown,
        [State::request_shutdown, State::shut_down],
        &[(Shutdown::None, [Requested, Done]), (Requested, [Requested, Done]), (Done, [Done, Done])],
    );
}

#[test]
fn says_where_it_is() {
    let mut state = State::connecting();
    assert!(state.is_connecting() && !state.is_writable() && !state.is_blocked() && !state.awaits_room());
    state.await_outcome();
    assert!(state.is_connecting());
    state.connected();
    assert!(!state.is_connecting() && state.is_writable());
    state.block();
    state.await_room(true);
    assert!(state.is_blocked() && state.awaits_room());
    state.request_shutdown();
    assert!(!state.is_writable());
    assert_eq!((state.failure(), state.has_failed()), (None, false));
    state.fail_later(error(1));
    state.fail_later(error(2));
    assert_eq!((state.failure(), state.has_failed()), (Some(error(1)), false));
    assert_eq!((state.take_failure(), state.take_failure()), (Some(error(1)), None));
    assert!(state.has_failed());
}

#[test]
fn receives_only_what_is_wanted_and_there() {
    let mut state = State::open();
    assert_eq!(state.due(&CLEAR, false), Due::Nothing);
    state.on_readiness(READABLE);
    assert_eq!(state.due(&CLEAR, false), Due::Nothing);
    state.want(true);
    assert_eq!(state.due(&CLEAR, false), Due::Receive);
    state.received(false);
    assert_eq!(state.due(&CLEAR, false), Due::Receive);
    state.received(true);
    assert_eq!(state.due(&CLEAR, false), Due::Nothing);
    state.on_readiness(READABLE);
    state.want(false);
    assert_eq!(state.due(&CLEAR, false), Due::Nothing);
    state.want(true);
    assert_eq!(state.due(&CLEAR, false), Due::Receive);
}

#[test]
fn a_failure_is_reported_first_and_then_nothing_is_due() {
    let mut state = open();
    state.await_room(true);
    state.request_shutdown();
    state.on_readiness(READABLE);
    state.fail_later(error(1));
    assert_eq!(state.due(&CLEAR, true), Due::ReportFailure);
    assert_eq!(state.due(&Pure::Posted(Box::new(((), [()].into()))), true), Due::ReportFailure);
    state.take_failure();
    state.on_readiness(WRITABLE);
    assert_eq!((state.due(&CLEAR, true), state.due(&CLEAR, false)), (Due::Nothing, Due::Nothing));
}

#[test]
fn reads_on_to_an_end_that_was_announced() {
    let mut state = open();
    state.on_readiness(HANGUP);
    state.received(true);
    assert_eq!(state.due(&CLEAR, false), Due::Receive);
    state.end();
    assert_eq!(state.due(&CLEAR, false), Due::Nothing);
    state.on_readiness(HANGUP);
    assert_eq!(state.due(&CLEAR, false), Due::Nothing);
    state.find_end_again();
    assert_eq!(state.due(&CLEAR, false), Due::Receive);
}

#[test]
fn sends_before_it_reports_room_and_then_ends() {
    let mut state = State::open();
    state.block();
    state.await_room(true);
    state.request_shutdown();
    assert_eq!(state.due(&CLEAR, true), Due::Nothing);
    state.on_readiness(WRITABLE);
    assert_eq!(state.due(&CLEAR, true), Due::Send);
    assert_eq!(state.due(&CLEAR, false), Due::ReportRoom);
    state.await_room(false);
    assert_eq!(state.due(&CLEAR, false), Due::Shutdown);
    state.shut_down();
    assert_eq!(state.due(&CLEAR, false), Due::Nothing);
}

#[test]
fn a_connection_that_is_over_is_received_from_first() {
    let mut state = open();
    state.on_readiness(HANGUP);
    assert_eq!(state.due(&CLEAR, true), Due::Receive);
    state.end();
    assert_eq!(state.due(&CLEAR, true), Due::Send);
}

#[test]
fn the_last_flight_of_a_handshake_waits_for_what_has_come_with_the_peers() {
    let (mut state, secure) = (open(), Pure::Secure(()));
    state.watch_again();
    assert_eq!((state.due(&secure, true), state.due_before_flight(&secure)), (Due::Send, Due::Receive));
    state.found_nothing();
    assert_eq!(state.due_before_flight(&secure), Due::Send);
    state.block();
    assert_eq!(state.due_before_flight(&secure), Due::Nothing);
    state.fail();
    state.on_readiness(WRITABLE);
    assert_eq!(state.due_before_flight(&secure), Due::Nothing);
}

#[test]
fn nothing_else_while_connecting() {
    let mut state = State::connecting();
    state.want(true);
    state.on_readiness(HANGUP);
    assert_eq!(state.due(&CLEAR, true), Due::CheckConnect);
    assert_eq!(state.due(&Pure::Requested(()), false), Due::CheckConnect);
    state.await_outcome();
    assert_eq!(state.due(&CLEAR, true), Due::Nothing);
    state.on_readiness(WRITABLE);
    assert_eq!(state.due(&CLEAR, true), Due::CheckConnect);
    state.connected();
    assert_eq!(state.due(&CLEAR, true), Due::Receive);
}

#[test]
fn changes_over_to_tls_behind_what_is_queued() {
    let (mut state, mut tls) = (open(), CLEAR);
    state.on_readiness(READABLE);
    state.block();
    assert!(tls.request(()));
    assert_eq!(state.due(&tls, true), Due::Nothing);
    state.on_readiness(WRITABLE);
    assert_eq!(state.due(&tls, true), Due::Send);
    assert_eq!(state.due(&tls, false), Due::BeginHandshake);
    tls.begin(Ok::<_, ()>).unwrap();
    state.on_readiness(HANGUP);
    assert_eq!(state.due(&tls, true), Due::Nothing);
    tls.post(());
    assert_eq!(state.due(&tls, true), Due::HandshakeMessage);
    tls.take_message();
    tls.succeed(());
    state.watch_again();
    assert_eq!(state.due(&tls, false), Due::Receive);
    tls.fail();
    assert_eq!((state.due(&tls, false), state.due(&tls, true)), (Due::Nothing, Due::Nothing));
}

#[test]
fn keeps_the_loop_alive_while_it_is_read_or_has_something_to_send() {
    let mut state = State::open();
    assert!(!state.keeps_alive(&CLEAR, true, false), "nothing is wanted and nothing is queued");
    assert!(state.keeps_alive(&CLEAR, true, true));
    state.want(true);
    assert!(state.keeps_alive(&CLEAR, true, false));
    state.want(false);
    assert!(!state.keeps_alive(&CLEAR, true, false));
    state.want(true);
    state.end();
    assert!(!state.keeps_alive(&CLEAR, true, false), "there is nothing more to read");
    state.await_room(true);
    assert!(state.keeps_alive(&CLEAR, true, false));
    state.await_room(false);
    state.request_shutdown();
    assert!(state.keeps_alive(&CLEAR, true, false));
    state.shut_down();
    assert!(!state.keeps_alive(&CLEAR, true, false));
    for changing in [Pure::Requested(()), Pure::Handshaking(()), Pure::Posted(Box::new(((), [()].into())))] {
        assert!(state.keeps_alive(&changing, true, false));
        assert!(!state.keeps_alive(&changing, false, false), "the peer has its part in the handshake");
    }
    state.fail_later(error(1));
    assert!(state.keeps_alive(&CLEAR, false, false), "a failure is to be reported");
    state.take_failure();
    assert!(!state.keeps_alive(&CLEAR, true, true));
    assert!(!open().keeps_alive(&Pure::Failed(None), true, true));
}

#[test]
fn unreferenced_it_keeps_the_loop_alive_until_what_was_asked_for_is_done() {
    let mut state = State::connecting();
    state.want(true);
    assert!(state.keeps_alive(&CLEAR, false, false));
    state.await_outcome();
    assert!(state.keeps_alive(&CLEAR, false, false));
    state.connected();
    assert!(!state.keeps_alive(&CLEAR, false, false), "being read is nothing that gets done");
    assert!(state.keeps_alive(&CLEAR, false, true));
    state.await_room(true);
    assert!(state.keeps_alive(&CLEAR, false, false));
}
