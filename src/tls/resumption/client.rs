//! The sessions of one connection: the one that it offers, and those that its server gives it.
//!
//! Shared by rustls, which asks for a session and adds others on the threads of handshakes and on JavaScript's, and by the
//! stream, which reports them. What comes before the handshake has been judged waits until then: the sessions of a peer
//! that is refused are never kept.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::NamedGroup;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

use super::store::{self, Family, Session, Token};
use crate::tls::credentials::Party;

/// See the module.
#[derive(Debug)]
pub struct ClientSessions {
    party: Arc<Party>,
    /// Which group a server has chosen for the key exchange is remembered for all connections of the credentials.
    hints: Arc<ClientSessionMemoryCache>,
    /// The session to offer.
    offered: Option<(Token, Session)>,
    /// Whether what comes is kept.
    keeps: bool,
    has_unreported: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Where tickets of TLS 1.3 go, once the handshake is done.
    family: Option<Arc<Family>>,
    /// What has come before.
    early_tickets: Vec<Tls13ClientSessionValue>,
    tls12: Option<Tls12ClientSessionValue>,
    /// The last session.
    newest: Option<Token>,
    /// The sessions that have not been reported to JavaScript.
    unreported: VecDeque<Token>,
}

impl ClientSessions {
    /// For a connection of `party` that offers the session that `offered` names, if it is known and of that party. Without
    /// `keeps`, what the server gives is dropped.
    pub fn new(party: Arc<Party>, hints: Arc<ClientSessionMemoryCache>, offered: Option<&[u8]>, keeps: bool) -> Self {
        let token = offered.and_then(Token::from_bytes);
        let offered = token.and_then(|token| Some((token, store::get(token)?)));
        let offered = offered.filter(|(_, session)| Arc::ptr_eq(session.party(), &party));
        Self { party, hints, offered, keeps, has_unreported: AtomicBool::new(false), state: Mutex::default() }
    }

    /// The handshake is done, and nothing is held against the peer that would refuse it. `is_resumed`: the session that was
    /// offered goes on.
    pub fn settle(&self, is_resumed: bool) {
        if !self.keeps {
            return;
        }
        let mut state = self.state();
        let resumed = self.offered.as_ref().filter(|_| is_resumed);
        let family = match resumed {
            Some((_, Session::Tls13(family))) => Arc::clone(family),
            _ => Family::new(Arc::clone(&self.party)),
        };
        state.family = Some(Arc::clone(&family));
        if let Some(session) = state.tls12.take() {
            let session = Session::Tls12(Box::new(session), Arc::clone(&self.party));
            match resumed {
                // As in OpenSSL, only a full handshake makes a session; the one that was resumed may have a new ticket.
                Some((token, _)) => {
                    store::put(*token, session);
                    state.newest = Some(*token);
                }
                None => {
                    self.add(&mut state, session);
                }
            }
        }
        for ticket in std::mem::take(&mut state.early_tickets) {
            self.add_ticket(&mut state, &family, ticket);
        }
    }

    /// The newest session: its token stays good for tickets that are still to come.
    pub fn newest(&self) -> Option<Token> {
        let mut state = self.state();
        if state.newest.is_none()
            && let Some(family) = &state.family
        {
            let token = Token::new()?;
            store::put(token, Session::Tls13(Arc::clone(family)));
            state.newest = Some(token);
        }
        state.newest
    }

    /// Whether [`Self::take_unreported`] has a session.
    pub fn has_unreported(&self) -> bool {
        self.has_unreported.load(Ordering::Acquire)
    }

    /// The next session to report.
    pub fn take_unreported(&self) -> Option<Token> {
        let mut state = self.state();
        let token = state.unreported.pop_front();
        self.has_unreported.store(!state.unreported.is_empty(), Ordering::Release);
        token
    }

    fn add_ticket(&self, state: &mut State, family: &Arc<Family>, ticket: Tls13ClientSessionValue) {
        if let Some(token) = self.add(state, Session::Tls13(Arc::clone(family))) {
            family.add(token, ticket);
        }
    }

    /// Keeps `session`, which is reported.
    fn add(&self, state: &mut State, session: Session) -> Option<Token> {
        let token = Token::new()?;
        store::put(token, session);
        state.newest = Some(token);
        state.unreported.push_back(token);
        self.has_unreported.store(true, Ordering::Release);
        Some(token)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for ClientSessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.hints.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.hints.kx_hint(server_name)
    }

    fn set_tls12_session(&self, _server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        if self.keeps {
            self.state().tls12 = Some(value);
        }
    }

    fn tls12_session(&self, _server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        match &self.offered {
            Some((_, Session::Tls12(session, _))) => Some(session.as_ref().clone()),
            _ => None,
        }
    }

    fn remove_tls12_session(&self, _server_name: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        if !self.keeps {
            return;
        }
        let mut state = self.state();
        match state.family.clone() {
            Some(family) => self.add_ticket(&mut state, &family, value),
            None => state.early_tickets.push(value),
        }
    }

    fn take_tls13_ticket(&self, _server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        match &self.offered {
            Some((token, Session::Tls13(family))) => family.take(*token),
            _ => None,
        }
    }
}
