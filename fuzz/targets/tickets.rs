//! Session tickets: only one that was sealed here opens, and to what was sealed.

use std::sync::LazyLock;

use rustls::server::ProducesTickets;

use super::input::Input;
use crate::tls::credentials::{TICKET_KEYS_LENGTH, Tickets};

static TICKETS: LazyLock<Tickets> = LazyLock::new(|| tickets(7));

/// Of the same name, but of another key, and has sealed nothing: libFuzzer learns what the other one seals.
static OTHERS: LazyLock<Tickets> = LazyLock::new(|| tickets(8));

fn tickets(key: u8) -> Tickets {
    let mut keys = [7; TICKET_KEYS_LENGTH];
    keys[TICKET_KEYS_LENGTH - 1] = key;
    Tickets::new(300, Some(keys), b"fuzz").expect("there is a provider")
}

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let edits = usize::from(input.byte() % 4);
    let edits: Vec<(usize, u8)> = (0..edits).map(|_| (input.short(), input.byte())).collect();
    let cut = input.short();
    assert_eq!(OTHERS.decrypt(input.0), None);

    let sealed = TICKETS.encrypt(input.0).expect("there is randomness");
    let mut ticket = sealed.clone();
    for (at, bits) in edits {
        let at = at % ticket.len();
        ticket[at] ^= bits;
    }
    ticket.truncate(ticket.len().saturating_sub(cut % 64));
    assert_eq!(OTHERS.decrypt(&ticket), None);
    let expected = (ticket == sealed).then(|| input.0.to_vec());
    assert_eq!(TICKETS.decrypt(&ticket), expected);
}
