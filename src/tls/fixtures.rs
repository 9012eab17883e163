//! Certificates for the tests: authorities, certificates that they have signed, and handshakes in memory.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlIssuingDistributionPoint,
    DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection};

use super::connection::Connection;
use super::credentials::{Credentials, Identity};
use super::trust::{Crl, ExpectedPeer, ListedCertificate, Trust, judge};

/// A certificate with its private key.
pub struct Certificate {
    pub der: CertificateDer<'static>,
    params: CertificateParams,
    key: KeyPair,
}

/// The serial number of every certificate, which revocation lists contain.
const SERIAL: u64 = 77;

/// Parameters of a certificate for `name`, valid from 2020 to 2040.
pub fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(SERIAL));
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

/// Parameters of an authority.
pub fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Certificate {
    pub fn self_signed(params: CertificateParams) -> Self {
        Self::self_signed_with(KeyPair::generate().unwrap(), params)
    }

    pub fn self_signed_with(key: KeyPair, params: CertificateParams) -> Self {
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { der, params, key }
    }

    pub fn sign(&self, params: CertificateParams) -> Self {
        self.sign_with(KeyPair::generate().unwrap(), params)
    }

    pub fn sign_with(&self, key: KeyPair, params: CertificateParams) -> Self {
        let der = params.signed_by(&key, &self.issuer()).unwrap().der().clone();
        Self { der, params, key }
    }

    /// A revocation list of 2020 that expires in `until`, with or without the serial number of all certificates.
    pub fn crl(&self, has_revoked: bool, until: i32) -> Vec<u8> {
        self.crl_of(has_revoked, 2020, until, None)
    }

    /// A revocation list of the year `from` for `part` of the certificates.
    pub fn crl_of(
        &self,
        has_revoked: bool,
        from: i32,
        until: i32,
        part: Option<CrlIssuingDistributionPoint>,
    ) -> Vec<u8> {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(SERIAL),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(from, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: part,
            revoked_certs: if has_revoked { vec![revoked] } else { vec![] },
            key_identifier_method: self.params.key_identifier_method.clone(),
        };
        params.signed_by(&self.issuer()).unwrap().der().to_vec()
    }

    pub fn identity(&self) -> Identity {
        Identity { key: self.key.serialize_der(), cert: self.der.to_vec() }
    }

    pub fn key_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

/// 2 January 2030.
pub fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_893_542_400))
}

pub fn trust(listed: &[&Certificate], crls: &[&Vec<u8>]) -> Trust {
    let listed = listed.iter().map(|certificate| ListedCertificate::new(certificate.der.clone()).unwrap()).collect();
    Trust::new(Some(listed), vec![], crls.iter().flat_map(|crl| Crl::read(crl).unwrap()).collect())
}

/// The code of the verdict on `chain`; empty if it is trusted.
pub fn code(trust: &Trust, chain: &[&Certificate], peer: ExpectedPeer<'_>) -> &'static str {
    let chain: Vec<_> = chain.iter().map(|certificate| certificate.der.clone()).collect();
    judge(trust, &chain, peer, now()).map_or_else(|verdict| verdict.code(), |()| "")
}

pub fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

/// Both sides of a handshake in memory after its end.
pub struct Outcome {
    pub client: ClientConnection,
    pub server: ServerConnection,
    pub client_error: Option<Error>,
    pub server_error: Option<Error>,
}

/// A client as handshakes have it, and a server of rustls' own, after a handshake without sockets.
pub fn connect(client: &Credentials, server: &Credentials, name: &'static str) -> (Connection, ServerConnection) {
    let mut ours = Connection::client(Arc::clone(&client.client), ServerName::try_from(name).unwrap()).unwrap();
    let mut peer = ServerConnection::new(Arc::clone(server.server.as_ref().unwrap())).unwrap();
    loop {
        ours.process().unwrap();
        let mut said = ours.outgoing();
        while !said.is_empty() {
            peer.read_tls(&mut said).unwrap();
            peer.process_new_packets().unwrap();
        }
        ours.sent(ours.outgoing().len());
        if !ours.is_handshaking() && !peer.wants_write() {
            return (ours, peer);
        }
        let mut answered = Vec::new();
        while peer.wants_write() {
            peer.write_tls(&mut answered).unwrap();
        }
        ours.feed(&answered);
    }
}

/// A handshake without sockets. It ends when neither side has anything more to send.
pub fn handshake(client: &Credentials, server: &Credentials, name: &'static str) -> Outcome {
    handshake_of(Arc::clone(&client.client), Arc::clone(server.server.as_ref().unwrap()), name)
}

/// The same, of configurations.
pub fn handshake_of(client: Arc<ClientConfig>, server: Arc<ServerConfig>, name: &'static str) -> Outcome {
    let name = ServerName::try_from(name).unwrap();
    let mut client = ClientConnection::new(client, name).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    let (mut client_error, mut server_error) = (None, None);
    loop {
        let (mut said, mut answered) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut said).unwrap();
        }
        let mut rest = said.as_slice();
        while !rest.is_empty() && server.read_tls(&mut rest).unwrap() > 0 {
            server_error = server_error.or(server.process_new_packets().err());
        }
        while server.wants_write() {
            server.write_tls(&mut answered).unwrap();
        }
        let mut rest = answered.as_slice();
        while !rest.is_empty() && client.read_tls(&mut rest).unwrap() > 0 {
            client_error = client_error.or(client.process_new_packets().err());
        }
        if said.is_empty() && answered.is_empty() {
            return Outcome { client, server, client_error, server_error };
        }
    }
}
