//! What is counted of connections and turns: numbers, and nothing that counts by itself.
//!
//! Pure. The engine has a [`Tally`] of its own, and one for each server. They are used on its thread alone, and added to
//! where a connection comes or goes and where a handshake ends. What a stream counts anyway is summed up when it is asked
//! for (`src/engine/statistics.rs`), so that nothing is counted twice for each chunk.
//!
//! | file | |
//! |---|---|
//! | [`tally`] | connections and handshakes |
//! | [`histogram`] | values by their size |

mod histogram;
mod tally;

pub use self::histogram::Histogram;
pub use self::tally::{Code, Counts, HandshakeEnd, HandshakeTally, Origins, ServerTally, Tally, Traffic};
