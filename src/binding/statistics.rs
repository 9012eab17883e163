//! What has been counted, for JavaScript. It only converts and calls.

use std::collections::BTreeMap;

use napi::bindgen_prelude::ClassInstance;
use napi_derive::napi;

use super::NativeEngine;
use crate::engine::{Current, MemoryUse, PipeTotals, Statistics};
use crate::socket::tcp_info::TcpInfo;
use crate::statistics::{Code, Counts, HandshakeTally, Histogram, Origins, ServerTally, Tally, Traffic};

/// Microseconds in a millisecond.
const MICROS: f64 = 1e3;

/// Where a server counts. JavaScript has one for each server that has listened.
#[napi]
#[derive(Default)]
pub struct NativeTally {
    pub(super) tally: ServerTally,
}

#[napi]
impl NativeTally {
    /// Nothing yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Values by their size.
#[napi(object)]
pub struct HistogramCounts {
    /// How many there are.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The upper bounds of all buckets but the last.
    pub bounds: Vec<f64>,
    /// How many each bucket has.
    pub counts: Vec<f64>,
}

/// Connections.
#[napi(object)]
pub struct ConnectionCounts {
    /// Open now.
    pub open: f64,
    /// Accepted.
    pub accepted: f64,
    /// Closed.
    pub closed: f64,
    /// Gone to another thread.
    pub detached: f64,
    /// Refused, by the reason.
    pub dropped: BTreeMap<String, f64>,
}

/// Connections that no server has accepted.
#[napi(object)]
pub struct OriginCounts {
    /// Being connected now.
    pub connecting: f64,
    /// Connected.
    pub connected: f64,
    /// Failed to, by the negative errno.
    pub failed: BTreeMap<String, f64>,
    /// Made of a descriptor.
    pub adopted: f64,
    /// Come from another thread.
    pub attached: f64,
}

/// Handshakes.
#[napi(object)]
pub struct HandshakeCounts {
    /// Under way now.
    pub under_way: f64,
    /// To be begun.
    pub waiting: f64,
    /// Succeeded.
    pub completed: f64,
    /// With a session that was resumed.
    pub resumed: f64,
    /// Failed, by the code or the negative errno.
    pub failed: BTreeMap<String, f64>,
    /// Cancelled.
    pub cancelled: f64,
    /// Left to another implementation.
    pub declined: f64,
    /// How long those took that have succeeded, in milliseconds.
    pub time: HistogramCounts,
}

/// What servers and engines have in common.
#[napi(object)]
pub struct TallyCounts {
    /// Connections.
    pub connections: ConnectionCounts,
    /// Handshakes.
    pub handshakes: HandshakeCounts,
    /// Bytes received and delivered.
    pub bytes_read: f64,
    /// Bytes taken for sending.
    pub bytes_written: f64,
    /// Bytes that wait to be sent.
    pub bytes_waiting: f64,
}

/// Turns.
#[napi(object)]
pub struct TurnCounts {
    /// How long they took, in milliseconds.
    pub time: HistogramCounts,
    /// How many events they had.
    pub events: HistogramCounts,
}

/// Bytes that JavaScript does not see.
#[napi(object)]
pub struct PipeCounts {
    /// Streams that are piped now.
    pub open: f64,
    /// Bytes moved.
    pub bytes: f64,
    /// Streams whose data is dropped now.
    pub discarding: f64,
    /// Bytes dropped.
    pub bytes_discarded: f64,
}

/// Memory, in bytes.
#[napi(object)]
pub struct MemoryCounts {
    /// The table of sources.
    pub table: f64,
    /// Queues, and what is kept for them.
    pub queues: f64,
    /// What is received into.
    pub receiving: f64,
    /// What pipes share.
    pub pipes: f64,
    /// What TLS sessions share.
    pub records: f64,
}

/// All of an engine.
#[napi(object)]
pub struct EngineCounts {
    /// What servers have, too.
    pub common: TallyCounts,
    /// Connections that no server has accepted.
    pub origins: OriginCounts,
    /// Sockets that listen.
    pub listeners: f64,
    /// Turns.
    pub turns: TurnCounts,
    /// Bytes that JavaScript does not see.
    pub pipes: PipeCounts,
    /// Memory.
    pub memory: MemoryCounts,
}

/// What the kernel knows of a TCP connection. What it does not say is missing.
#[napi(object)]
pub struct TcpDetails {
    /// The smoothed round-trip time, in milliseconds.
    pub rtt: Option<f64>,
    /// Its mean deviation, in milliseconds.
    pub rtt_variance: Option<f64>,
    /// The shortest one lately, in milliseconds.
    pub min_rtt: Option<f64>,
    /// The time after which a segment is sent again, in milliseconds.
    pub retransmit_timeout: Option<f64>,
    /// Bytes of data in a full segment.
    pub segment_size: Option<f64>,
    /// Bytes that may be on their way at once.
    pub congestion_window: Option<f64>,
    /// Segments that were sent again.
    pub retransmits: Option<f64>,
    /// Bytes that were sent again.
    pub bytes_retransmitted: Option<f64>,
    /// Segments that count as lost now.
    pub lost: Option<f64>,
    /// The latest rate at which the peer has received, in bytes per second.
    pub delivery_rate: Option<f64>,
    /// The rate that sending is limited to, in bytes per second.
    pub pacing_rate: Option<f64>,
    /// Bytes sent and not acknowledged.
    pub bytes_in_flight: Option<f64>,
    /// Bytes that the kernel has not sent yet.
    pub bytes_unsent: Option<f64>,
}

impl From<TcpInfo> for TcpDetails {
    fn from(info: TcpInfo) -> Self {
        let milliseconds = |time: Option<u64>| time.map(|micros| number(micros) / MICROS);
        Self {
            rtt: milliseconds(info.rtt),
            rtt_variance: milliseconds(info.rtt_variance),
            min_rtt: milliseconds(info.min_rtt),
            retransmit_timeout: milliseconds(info.retransmit_timeout),
            segment_size: info.segment_size.map(number),
            congestion_window: info.congestion_window.map(number),
            retransmits: info.retransmits.map(number),
            bytes_retransmitted: info.bytes_retransmitted.map(number),
            lost: info.lost.map(number),
            delivery_rate: info.delivery_rate.map(number),
            pacing_rate: info.pacing_rate.map(|rate| if rate == u64::MAX { f64::INFINITY } else { number(rate) }),
            bytes_in_flight: info.bytes_in_flight.map(number),
            bytes_unsent: info.bytes_unsent.map(number),
        }
    }
}

/// What an engine has counted that has not been started.
#[napi(catch_unwind)]
pub fn no_statistics() -> EngineCounts {
    all(&Statistics::default(), &Current::default(), PipeTotals::default(), MemoryUse::default())
}

#[napi]
impl NativeEngine {
    /// What the engine has counted.
    #[napi(catch_unwind)]
    pub fn statistics(&self) -> EngineCounts {
        self.core.with(|engine| all(engine.statistics(), &engine.current(None), engine.moved(), engine.memory_use()))
    }

    /// What the server has counted that `tally` is of.
    #[napi(catch_unwind)]
    pub fn server_statistics(&self, tally: ClassInstance<'_, NativeTally>) -> TallyCounts {
        let current = self.core.with(|engine| engine.current(Some(&tally.tally)));
        common(&tally.tally.borrow(), &current, &Origins::default())
    }

    /// Listener `id`, and what it accepts, count for the server of `tally` from now on.
    #[napi(catch_unwind)]
    pub fn count_for(&self, id: u32, tally: ClassInstance<'_, NativeTally>) {
        self.core.with(|engine| engine.count_for(id, tally.tally.clone()));
    }

    /// Closes and releases stream `id`, which a listener has accepted, for this `reason`.
    #[napi(catch_unwind)]
    pub fn refuse(&self, id: u32, reason: String) {
        self.core.with(|engine| engine.note_dropped(id, reason));
        self.core.release(id);
    }

    /// The time for the handshake of stream `id` is over.
    #[napi(catch_unwind)]
    pub fn note_late_handshake(&self, id: u32) {
        self.core.with(|engine| engine.stream(id).map(|stream| stream.note_late_handshake()));
    }

    /// What the kernel knows of the connection of stream `id`, over TCP.
    #[napi(catch_unwind)]
    pub fn tcp_info(&self, id: u32) -> Option<TcpDetails> {
        self.core.with(|engine| engine.stream(id).and_then(|stream| stream.tcp_info())).map(TcpDetails::from)
    }

    /// Bytes that stream `id` has taken and not sent, gathered ones included.
    #[napi(catch_unwind)]
    pub fn queued_bytes(&self, id: u32) -> f64 {
        self.core.with(|engine| engine.stream(id).map_or(0.0, |stream| stream.queued_bytes() as f64))
    }
}

fn all(statistics: &Statistics, current: &Current, moved: PipeTotals, memory: MemoryUse) -> EngineCounts {
    let Statistics { tally, origins, turn_times, turn_events } = statistics;
    let PipeTotals { passed_on: bytes, dropped: bytes_discarded } = moved;
    EngineCounts {
        common: common(tally, current, origins),
        origins: OriginCounts {
            connecting: number(current.connecting),
            connected: number(origins.connected),
            failed: counts(&origins.failed, |errno| (-errno).to_string()),
            adopted: number(origins.adopted),
            attached: number(origins.attached),
        },
        listeners: number(current.listeners),
        turns: TurnCounts { time: histogram(turn_times, MICROS), events: histogram(turn_events, 1.0) },
        pipes: PipeCounts {
            open: number(current.piping),
            bytes: number(bytes),
            discarding: number(current.discarding),
            bytes_discarded: number(bytes_discarded),
        },
        memory: MemoryCounts {
            table: memory.table as f64,
            queues: memory.spare as f64 + number(current.queues),
            receiving: memory.receiving as f64,
            pipes: memory.pipes as f64,
            records: memory.records as f64,
        },
    }
}

/// Of a server, there are no `origins` but its own.
fn common(tally: &Tally, current: &Current, origins: &Origins) -> TallyCounts {
    let Tally { accepted, refused, detached, dropped, gone, handshakes } = tally;
    let mut traffic = *gone;
    traffic.add(current.traffic);
    let Traffic { read, written } = traffic.without(origins.brought);
    let accepted = accepted - refused;
    let come = accepted + origins.connected + origins.adopted + origins.attached;
    TallyCounts {
        connections: ConnectionCounts {
            open: number(current.open),
            accepted: number(accepted),
            closed: number(come.saturating_sub(detached + current.open)),
            detached: number(*detached),
            dropped: counts(dropped, ToString::to_string),
        },
        handshakes: handshake_counts(handshakes, current),
        bytes_read: number(read),
        bytes_written: number(written),
        bytes_waiting: number(current.queued),
    }
}

fn handshake_counts(tally: &HandshakeTally, current: &Current) -> HandshakeCounts {
    let time = histogram(&tally.time, MICROS);
    HandshakeCounts {
        under_way: number(current.handshaking),
        waiting: number(current.waiting),
        completed: time.count,
        resumed: number(tally.resumed),
        failed: counts(&tally.failed, |code| match code {
            Code::Name(name) => name.to_string(),
            Code::Errno(errno) => (-errno).to_string(),
        }),
        cancelled: number(tally.cancelled),
        declined: number(tally.declined),
        time,
    }
}

fn counts<K: PartialEq>(counts: &Counts<K>, name: impl Fn(&K) -> String) -> BTreeMap<String, f64> {
    counts.iter().map(|(key, count)| (name(key), number(count))).collect()
}

/// With values that are `unit` times as large in the engine.
fn histogram(histogram: &Histogram, unit: f64) -> HistogramCounts {
    let counts = histogram.counts();
    HistogramCounts {
        count: number(counts.iter().sum()),
        sum: number(histogram.sum()) / unit,
        bounds: Histogram::bounds().map(|bound| number(bound) / unit).collect(),
        counts: counts.iter().map(|count| number(*count)).collect(),
    }
}

/// A number of JavaScript is exact up to 2^53.
fn number(value: u64) -> f64 {
    value as f64
}
