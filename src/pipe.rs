//! Pipes between two streams of an engine: what one receives, the other sends, and JavaScript sees nothing of it.
//!
//! They run in the loop, through one buffer that all pipes of an engine share, for it holds nothing between two calls:
//! what a target does not take waits in its queue, one buffer's worth at the most, and its source is not read meanwhile.
//! On threads of their own they would cost each byte two more context switches and each pipe a move of both sockets and
//! sessions there and back; see `docs/performance.md` for what that is worth.
//!
//! Owned by the engine, used on the thread of its environment.

use std::mem::MaybeUninit;
use std::time::Instant;

use crate::stream::{Stream, StreamEvent};

/// How much is received at once.
const RECEIVE_MOST: usize = 64 << 10;

/// What all pipes move in one turn, about half a millisecond's worth: then the loop is JavaScript's again.
const MOVE_MOST: usize = 1 << 20;

/// See the module.
#[derive(Default)]
pub struct Pipes {
    buffer: Vec<u8>,
    /// Bytes moved in this turn.
    moved: usize,
}

impl Pipes {
    /// A new turn has begun.
    pub fn begin_turn(&mut self) {
        self.moved = 0;
    }

    /// Whether the pipes have had their share of this turn.
    pub fn have_had_their_share(&self) -> bool {
        self.moved >= MOVE_MOST
    }

    /// Receives from `source`: how many [`Self::bytes`] there are, or what there is to tell instead.
    pub fn receive(
        &mut self,
        source: &mut Stream,
        cipher: &mut Vec<u8>,
        now: Instant,
    ) -> Option<Result<usize, StreamEvent>> {
        self.buffer.resize(RECEIVE_MOST, 0);
        let outcome = source.receive_into(cipher, as_space(&mut self.buffer), now);
        if let Some(Ok(count)) = outcome {
            self.moved += count;
        }
        outcome
    }

    /// The first `count` bytes that were received last.
    pub fn bytes(&self, count: usize) -> &[u8] {
        &self.buffer[..count]
    }
}

/// Bytes, to be written and not read.
fn as_space(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the layout is the same, and `receive_into` writes initialized bytes only.
    unsafe { &mut *(std::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) }
}
