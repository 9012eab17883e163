//! Which source a turn is for, where it has been the same one all along. To serve it at once, as if the kernel had reported
//! it, saves the call that asks: the environment's loop has just waited for the reactor's descriptor, and the two calls are
//! all that there is to know before a message of a lone connection is received.
//!
//! Pure. Owned by the reactor. A guess that proves wrong costs a receive, and the kernel is asked after all; what it has
//! to report besides waits for [`MAX_GUESSES`] turns at the most.

use super::Id;

/// After so many polls in a row that have reported one source, and the same, that is the guess.
const MIN_POLLS: u8 = 8;

/// So many turns in a row do without a poll.
pub const MAX_GUESSES: u8 = 16;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guess {
    /// The one source that the last polls have reported.
    source: Option<Id>,
    /// How many polls that were, up to [`MIN_POLLS`].
    polls: u8,
    /// The turns since the last poll.
    turns: u8,
    /// The guess of this turn has not proved right: the poll is still due.
    is_open: bool,
}

impl Guess {
    /// A turn begins. Returns the source to serve before anything is known, if there is a guess.
    pub fn begin_turn(&mut self) -> Option<Id> {
        self.is_open = self.polls >= MIN_POLLS && self.turns < MAX_GUESSES;
        self.source.filter(|_| self.is_open)
    }

    /// Source `id` had a message. If that was the guess, the turn needs no poll.
    pub fn note_message(&mut self, id: Id) {
        if self.is_open && self.source == Some(id) {
            self.is_open = false;
            self.turns += 1;
        }
    }

    /// Whether there was a guess, and it has not proved right.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// A poll has reported `source` and nothing else; `None`: nothing, or more than that.
    pub fn note_poll(&mut self, source: Option<Id>) {
        let is_same = source.is_some() && self.source == source && !self.is_open;
        self.polls = if is_same { (self.polls + 1).min(MIN_POLLS) } else { u8::from(source.is_some()) };
        self.source = source;
        self.turns = 0;
        self.is_open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guess that has been right so far.
    fn settled() -> Guess {
        let mut guess = Guess::default();
        for _ in 0..MIN_POLLS {
            assert_eq!(guess.begin_turn(), None);
            guess.note_poll(Some(7));
        }
        guess
    }

    #[test]
    fn is_the_source_that_enough_polls_have_reported() {
        let mut guess = settled();
        assert_eq!(guess.begin_turn(), Some(7));
        assert!(guess.is_open());
        guess.note_message(3);
        assert!(guess.is_open());
        guess.note_message(7);
        assert!(!guess.is_open());
        assert_eq!(guess.begin_turn(), Some(7));
    }

    #[test]
    fn another_poll_is_due_now_and_then() {
        let mut guess = settled();
        for _ in 0..2 {
            for _ in 0..MAX_GUESSES {
                assert_eq!(guess.begin_turn(), Some(7));
                guess.note_message(7);
            }
            assert_eq!(guess.begin_turn(), None);
            guess.note_poll(Some(7));
        }
    }

    #[test]
    fn starts_over_when_it_was_wrong_or_another_source_is_reported() {
        for reported in [None, Some(8)] {
            let mut guess = settled();
            assert_eq!(guess.begin_turn(), Some(7));
            guess.note_message(7);
            guess.note_poll(reported);
            assert_eq!(guess.begin_turn(), None);
        }
        let mut guess = settled();
        assert_eq!(guess.begin_turn(), Some(7));
        guess.note_poll(Some(7));
        assert_eq!(guess.begin_turn(), None);
    }
}
