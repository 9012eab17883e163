//! Members of the engine for the PROXY protocol: what a listener expects, what a stream has come with, and headers to send.

use std::time::Duration;

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;

use super::NativeEngine;
use super::sources::{Address, address_of};
use crate::proxy::policy::{Policy, Trusted};
use crate::proxy::{Endpoints, Header, tlv, v1, v2};
use crate::socket::address;

/// What a listener expects of its connections.
#[napi(object)]
pub struct ProxyPolicy {
    /// Each has to begin with a header; otherwise, each may.
    pub required: bool,
    /// Whose headers are believed: addresses, subnets and ranges; everyone's without it.
    pub from: Option<Vec<String>>,
    /// How many milliseconds a header may take.
    pub timeout: u32,
    /// How long a header of version 2 may be.
    pub max_length: u32,
    /// How many connections may wait for theirs at once.
    pub max_waiting: u32,
}

/// A value beside the addresses.
#[napi(object)]
pub struct ProxyTlv {
    /// What it is of.
    #[napi(js_name = "type")]
    pub kind: u8,
    /// Its bytes.
    pub value: Buffer,
}

/// The client's TLS.
#[napi(object)]
pub struct ProxySsl {
    /// Flags of the specification.
    pub client: u8,
    /// The verdict on the client's certificate: 0, or a code of OpenSSL's.
    pub verify: u32,
    /// Names.
    pub tlvs: Vec<ProxyTlv>,
}

/// A header.
#[napi(object)]
pub struct ProxyHeader {
    /// 1 or 2.
    pub version: u8,
    /// The proxy speaks for itself.
    pub local: bool,
    /// The client has sent datagrams.
    pub datagram: bool,
    /// The client's address, or the path of its UNIX socket.
    pub source: Option<Either<Address, Buffer>>,
    /// Where the client has connected to.
    pub destination: Option<Either<Address, Buffer>>,
    /// All values but the client's TLS.
    pub tlvs: Vec<ProxyTlv>,
    /// The client's TLS.
    pub ssl: Option<ProxySsl>,
    /// What is read: the address of the proxy, where it has one.
    pub peer: Option<Address>,
    /// What is read: the address that the proxy has connected to.
    pub own: Option<Address>,
}

#[napi]
impl NativeEngine {
    /// Has the connections of listener `id` begin with a PROXY header. Returns `false` if what is in `from` is none of
    /// addresses, subnets and ranges.
    #[napi(catch_unwind)]
    pub fn set_proxy(&self, id: u32, policy: ProxyPolicy) -> bool {
        let policy = policy_of(policy);
        let is_valid = policy.is_some();
        policy.inspect(|policy| self.core.with(|engine| engine.set_proxy(id, policy.clone())));
        is_valid
    }

    /// The header that stream `id` has come with.
    #[napi(catch_unwind)]
    pub fn proxy(&self, id: u32) -> Option<ProxyHeader> {
        self.core.with(|engine| {
            let proxied = engine.proxied(id)?;
            let peer = proxied.addresses.peer.map(address_of);
            let own = proxied.addresses.local.map(address_of);
            Some(ProxyHeader { peer, own, ..object_of(&proxied.header) })
        })
    }

    /// Sends `header` before anything else that is written to stream `id`. Counters do not count it.
    #[napi(catch_unwind)]
    pub fn send_header(&self, id: u32, header: Buffer) {
        self.core.with(|engine| engine.send_header(id, &header));
    }
}

/// `None` if what is in `from` is none of addresses, subnets and ranges.
fn policy_of(policy: ProxyPolicy) -> Option<Policy> {
    let from = match policy.from {
        None => None,
        Some(rules) => Some(Trusted::parse(rules.iter().map(String::as_str))?),
    };
    Some(Policy {
        is_required: policy.required,
        from,
        timeout: Duration::from_millis(policy.timeout.into()),
        limit: policy.max_length as usize,
        max_waiting: policy.max_waiting as usize,
    })
}

/// The bytes of a header; with `checked`, with a checksum. `null` if they can't say what is asked.
#[napi(catch_unwind)]
pub fn build_proxy_header(header: ProxyHeader, checked: bool) -> Option<Buffer> {
    let endpoints = endpoints_of(&header)?;
    let mut tlvs = list_of(&header.tlvs)?;
    if let Some(ssl) = &header.ssl {
        let names = list_of(&ssl.tlvs)?;
        tlv::put_ssl(&mut tlvs, &tlv::Ssl { client: ssl.client, verify: ssl.verify, tlvs: &names })?;
    }
    if header.version == 1 {
        return Some(v1::build(&endpoints).into());
    }
    let header =
        Header { version: 2, is_local: header.local, is_datagram: header.datagram, endpoints, tlvs: tlvs.into() };
    v2::build(&header, checked).map(Buffer::from)
}

/// Whether `rule` is an address, a subnet or a range of addresses.
#[napi(catch_unwind)]
pub fn is_address_rule(rule: String) -> bool {
    Trusted::parse([rule.as_str()]).is_some()
}

fn object_of(header: &Header) -> ProxyHeader {
    let (source, destination) = match &header.endpoints {
        Endpoints::Unknown => (None, None),
        Endpoints::Inet { source, destination } => {
            (Some(Either::A(address_of(*source))), Some(Either::A(address_of(*destination))))
        }
        Endpoints::Unix { source, destination } => {
            (Some(Either::B(source.to_vec().into())), Some(Either::B(destination.to_vec().into())))
        }
    };
    let ssl = tlv::all(&header.tlvs).find(|(kind, _)| *kind == tlv::SSL).and_then(|(_, value)| tlv::ssl(value));
    ProxyHeader {
        version: header.version,
        local: header.is_local,
        datagram: header.is_datagram,
        source,
        destination,
        tlvs: objects_of(&header.tlvs),
        ssl: ssl.map(|ssl| ProxySsl { client: ssl.client, verify: ssl.verify, tlvs: objects_of(ssl.tlvs) }),
        peer: None,
        own: None,
    }
}

fn objects_of(tlvs: &[u8]) -> Vec<ProxyTlv> {
    let all = tlv::all(tlvs).filter(|(kind, _)| *kind != tlv::SSL);
    all.map(|(kind, value)| ProxyTlv { kind, value: value.to_vec().into() }).collect()
}

fn list_of(tlvs: &[ProxyTlv]) -> Option<Vec<u8>> {
    let mut list = Vec::new();
    for ProxyTlv { kind, value } in tlvs {
        tlv::put(&mut list, *kind, value)?;
    }
    Some(list)
}

fn endpoints_of(header: &ProxyHeader) -> Option<Endpoints> {
    Some(match (&header.source, &header.destination) {
        (None, None) => Endpoints::Unknown,
        (Some(Either::A(source)), Some(Either::A(destination))) => Endpoints::Inet {
            source: address::parse(&source.address, source.port)?,
            destination: address::parse(&destination.address, destination.port)?,
        },
        (Some(Either::B(source)), Some(Either::B(destination))) => {
            Endpoints::Unix { source: source.to_vec().into(), destination: destination.to_vec().into() }
        }
        _ => return None,
    })
}
