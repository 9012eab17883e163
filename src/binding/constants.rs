//! What JavaScript has to know of the engine, declared here alone: sizes, numbers of encodings, flags.

use napi_derive::napi;

use crate::reactor::receive_buffer;
use crate::stream;
use crate::tls::credentials;

/// The version of the package that this belongs to.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The size of the memory that messages are received into.
#[napi]
pub const RECEIVE_SIZE: u32 = receive_buffer::SIZE;

/// The size of the memory for large reads.
#[napi]
pub const BULK_SIZE: u32 = receive_buffer::MAX_READ as u32;

/// The size of the memory for large reads while they are full, one after the other.
#[napi]
pub const MAX_BULK: u32 = receive_buffer::MAX_BULK;

/// After a message of so many bytes, memory for large reads pays.
#[napi]
pub const MIN_BULK: u32 = stream::MIN_BULK as u32;

/// The size of the memory for small writes, which are gathered: larger ones are written from where they are.
#[napi]
pub const WRITE_SIZE: u32 = stream::MAX_GATHER as u32;

/// The high-water mark that what is gathered is held to by default. Only a lower one makes a difference.
#[napi]
pub const MAX_QUEUE: u32 = stream::MAX_QUEUE;

/// Added to what a write returns when it is the first to wait for a flush: `flush()` is to be called at the end of the
/// tick. More than any write can take.
#[napi]
pub const FLUSH_DUE: i64 = 1 << 52;

/// For `writeString`: a byte is the low byte of each UTF-16 unit.
#[napi]
pub const LATIN1: u32 = 0;

/// For `writeString`: UTF-8.
#[napi]
pub const UTF8: u32 = 1;

/// For both sides of a handshake: `onkeylog` reports the secrets.
#[napi]
pub const TLS_LOGS_KEYS: u32 = 1;

/// For `secureAsServer`: `onservername` chooses the credentials by the name that the client asks for.
#[napi]
pub const SERVER_ASKS_FOR_NAMES: u32 = 1 << 1;

/// For `secureAsServer`: `onservername` asks about every ClientHello, also one without a name.
#[napi]
pub const SERVER_ASKS_ALWAYS: u32 = 1 << 2;

/// For `secureAsServer`: `onnewsession` reports sessions to keep: of TLS 1.2, for clients that get no tickets.
#[napi]
pub const SERVER_EMITS_SESSIONS: u32 = 1 << 3;

/// For `secureAsServer`: the handshake then waits for `newSessionDone`.
#[napi]
pub const SERVER_AWAITS_SESSIONS: u32 = 1 << 4;

/// For `secureAsClient`: the server's certificate is checked for its name.
#[napi]
pub const CLIENT_CHECKS_NAME: u32 = 1 << 1;

/// For `secureAsClient`: what the credentials keep of the server is resumed, and not what JavaScript has.
#[napi]
pub const CLIENT_RESUMES_ITSELF: u32 = 1 << 2;

/// For `secureAsClient`: `onsession` reports the sessions.
#[napi]
pub const CLIENT_EMITS_SESSIONS: u32 = 1 << 3;

/// For `onsecure`: the protocol is TLS 1.3, and not 1.2.
#[napi]
pub const AGREED_TLS13: u32 = 1;

/// For `onsecure`: a session was resumed.
#[napi]
pub const AGREED_RESUMED: u32 = 1 << 1;

/// For `onsecure`: the peer has shown a certificate.
#[napi]
pub const AGREED_HAS_PEER: u32 = 1 << 2;

/// How long the keys of session tickets are.
#[napi]
pub const TICKET_KEYS_LENGTH: u32 = credentials::TICKET_KEYS_LENGTH as u32;

/// In what `takeBack` returns: the offset is multiplied by this, and the length is added.
#[napi]
pub const PLACE_UNIT: i64 = 1 << 24;

/// `activity` of a stream that has something to do: see `stream::Activity`.
#[napi]
pub const BUSY: u32 = 0;

/// `activity` of a stream that has never received anything.
#[napi]
pub const FRESH: u32 = 1;

/// `activity` of a stream that has answered what it has received.
#[napi]
pub const ANSWERED: u32 = 2;
