//! How far a stream has got with TLS: the one place that knows whether it is secure. Pure: what the states carry is up to
//! [`Security`](super::Security).
//!
//! Every transition is total; what is not in the table leaves the state as it is.
//!
//! | state | `request` | `begin` | `post` | `take_message` | `succeed` | `decline` | `fail` |
//! |---|---|---|---|---|---|---|---|
//! | `Clear` | `Requested` | | | | | | `Failed` |
//! | `Requested` | refused | `Handshaking`, or `Failed` if it can't | | | | | `Failed` |
//! | `Handshaking` | refused | | `Posted` | | `Secure` | `Clear` | `Failed` |
//! | `Posted` | refused | | `Posted` | `Handshaking` with the last message | | | `Failed` |
//! | `Secure` | refused | | | | | | `Failed`; what is known of the peer stays |
//! | `Failed` | refused | | | | | | |

use std::collections::VecDeque;

/// See the module. `R` is what was requested, `H` a handshake, `M` a message of it, `S` a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum TlsState<R, H, M, S> {
    /// The stream is in the clear.
    #[default]
    Clear,
    /// The handshake begins once all that is queued has been sent.
    Requested(R),
    /// The handshake has the socket.
    Handshaking(H),
    /// The handshake has posted messages that were not taken yet, at least one. In a box, since every stream has the space
    /// for it, and few are in a handshake.
    Posted(Box<(H, VecDeque<M>)>),
    /// The stream is secure.
    Secure(S),
    /// The handshake or the session has failed, or was cancelled. A session that was there stays readable.
    Failed(Option<S>),
}

impl<R, H, M, S> TlsState<R, H, M, S> {
    /// Requests a handshake. Returns `false` if there has been a request before.
    pub fn request(&mut self, request: R) -> bool {
        let is_clear = matches!(self, Self::Clear);
        if is_clear {
            *self = Self::Requested(request);
        }
        is_clear
    }

    /// Begins the handshake that was requested. If it can't be, TLS has failed.
    pub fn begin<E>(&mut self, begin: impl FnOnce(R) -> Result<H, E>) -> Result<(), E> {
        match std::mem::take(self) {
            Self::Requested(request) => {
                *self = Self::Failed(None);
                *self = Self::Handshaking(begin(request)?);
            }
            other => *self = other,
        }
        Ok(())
    }

    /// The handshake has posted `message`.
    pub fn post(&mut self, message: M) {
        *self = match std::mem::take(self) {
            Self::Handshaking(handshake) => Self::Posted(Box::new((handshake, VecDeque::from([message])))),
            Self::Posted(mut posted) => {
                posted.1.push_back(message);
                Self::Posted(posted)
            }
            other => other,
        };
    }

    /// Takes the first message that was posted.
    pub fn take_message(&mut self) -> Option<M> {
        match std::mem::take(self) {
            Self::Posted(mut posted) => {
                let first = posted.1.pop_front();
                *self = if posted.1.is_empty() { Self::Handshaking(posted.0) } else { Self::Posted(posted) };
                first
            }
            other => {
                *self = other;
                None
            }
        }
    }

    /// The handshake is over, and has left `session`.
    pub fn succeed(&mut self, session: S) {
        if matches!(self, Self::Handshaking(_)) {
            *self = Self::Secure(session);
        }
    }

    /// The handshake is over before it has sent anything.
    pub fn decline(&mut self) {
        if matches!(self, Self::Handshaking(_)) {
            *self = Self::Clear;
        }
    }

    /// The handshake or the session has failed, or is cancelled.
    pub fn fail(&mut self) {
        *self = match std::mem::take(self) {
            Self::Secure(session) => Self::Failed(Some(session)),
            Self::Failed(known) => Self::Failed(known),
            _ => Self::Failed(None),
        };
    }

    /// Whether the stream is secure.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Secure(_))
    }

    /// Whether the handshake has the socket.
    pub fn is_handshaking(&self) -> bool {
        matches!(self, Self::Handshaking(_) | Self::Posted(..))
    }

    /// Whether changing over to TLS is under way.
    pub fn is_changing(&self) -> bool {
        matches!(self, Self::Requested(_)) || self.is_handshaking()
    }

    /// Whether TLS has failed.
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// The session of a secure stream.
    pub fn session(&self) -> Option<&S> {
        match self {
            Self::Secure(session) => Some(session),
            _ => None,
        }
    }

    /// As [`Self::session`].
    pub fn session_mut(&mut self) -> Option<&mut S> {
        match self {
            Self::Secure(session) => Some(session),
            _ => None,
        }
    }

    /// The session of a stream that is secure, or was until it failed.
    pub fn last_session(&mut self) -> Option<&mut S> {
        match self {
            Self::Secure(session) | Self::Failed(Some(session)) => Some(session),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TlsState::{Clear, Failed, Handshaking, Posted, Requested, Secure};

    type TlsState = super::TlsState<u8, char, &'static str, bool>;

    fn all() -> [TlsState; 7] {
        let posted = Posted(Box::new(('h', ["m"].into())));
        [Clear, Requested(1), Handshaking('h'), posted, Secure(true), Failed(None), Failed(Some(true))]
    }

    /// What `transition` makes of each state, in the order of [`all`].
    fn check(transition: impl Fn(&mut TlsState), expected: [TlsState; 7]) {
        for (mut state, expected) in all().into_iter().zip(expected) {
            transition(&mut state);
            assert_eq!(state, expected);
        }
    }

    #[test]
    fn a_request_is_accepted_once() {
        let [_, requested, handshaking, posted, secure, failed, known] = all();
        let expected = [Requested(2), requested, handshaking, posted, secure, failed, known];
        check(
            |state| {
                let is_clear = *state == Clear;
                assert_eq!(state.request(2), is_clear);
            },
            expected,
        );
    }

    #[test]
    fn a_handshake_begins_once_it_was_requested() {
        let [clear, _, handshaking, posted, secure, failed, known] = all();
        let expected = [clear, Handshaking('b'), handshaking, posted, secure, failed, known];
        check(|state| assert_eq!(state.begin(|_| Ok::<_, ()>('b')), Ok(())), expected);
        let mut state: TlsState = Requested(1);
        assert_eq!(state.begin(|_| Err("no thread")), Err("no thread"));
        assert_eq!(state, Failed(None));
    }

    #[test]
    fn messages_come_from_a_handshake_that_is_under_way() {
        let [clear, requested, _, _, secure, failed, known] = all();
        let (first, second) = (["later"].into(), ["m", "later"].into());
        let (first, second) = (Posted(Box::new(('h', first))), Posted(Box::new(('h', second))));
        check(|state| state.post("later"), [clear, requested, first, second, secure, failed, known]);
    }

    #[test]
    fn a_message_is_taken_once() {
        let [clear, requested, handshaking, _, secure, failed, known] = all();
        let expected = [clear, requested, handshaking, Handshaking('h'), secure, failed, known];
        check(
            |state| {
                let is_posted = matches!(state, Posted(..));
                assert_eq!(state.take_message(), is_posted.then_some("m"));
                assert_eq!(state.take_message(), None);
            },
            expected,
        );
    }

    #[test]
    fn messages_are_taken_in_order() {
        let mut state: TlsState = Handshaking('h');
        state.post("one");
        state.post("two");
        assert_eq!(
            (state.take_message(), state.take_message(), state.take_message()),
            (Some("one"), Some("two"), None)
        );
        assert_eq!(state, Handshaking('h'));
    }

    #[test]
    fn only_a_handshake_whose_message_was_taken_succeeds() {
        let [clear, requested, _, posted, secure, failed, known] = all();
        check(|state| state.succeed(false), [clear, requested, Secure(false), posted, secure, failed, known]);
    }

    #[test]
    fn only_a_handshake_whose_message_was_taken_is_declined() {
        let [clear, requested, _, posted, secure, failed, known] = all();
        check(TlsState::decline, [clear, requested, Clear, posted, secure, failed, known]);
    }

    #[test]
    fn what_has_failed_keeps_what_is_known_of_the_peer() {
        let none = || Failed(None);
        let known = || Failed(Some(true));
        check(TlsState::fail, [none(), none(), none(), none(), known(), none(), known()]);
    }

    #[test]
    fn says_where_it_is() {
        let ask = |question: fn(&TlsState) -> bool| all().each_ref().map(question);
        assert_eq!(ask(TlsState::is_secure), [false, false, false, false, true, false, false]);
        assert_eq!(ask(TlsState::is_handshaking), [false, false, true, true, false, false, false]);
        assert_eq!(ask(TlsState::is_changing), [false, true, true, true, false, false, false]);
        assert_eq!(ask(TlsState::has_failed), [false, false, false, false, false, true, true]);
        assert_eq!(ask(|tls| tls.session() == Some(&true)), [false, false, false, false, true, false, false]);
        let known = all().map(|mut tls| tls.last_session().is_some());
        assert_eq!(known, [false, false, false, false, true, false, true]);
        let session = all().map(|mut tls| tls.session_mut().is_some());
        assert_eq!(session, [false, false, false, false, true, false, false]);
    }
}
