//! What is said of a certificate: names of one printable line, dates of one form, and the same verdict on a name however
//! it is written.

use x509_parser::prelude::{FromDer, X509Certificate};

use super::input::Input;
use super::seeds;
use crate::tls::session::CertificateText;
use crate::tls::trust::subject_name;

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let length = usize::from(input.byte() % 64);
    let host = String::from_utf8_lossy(input.take(length)).into_owned();
    let der = seeds::certificate(&mut input);

    let said = CertificateText::from_der(&der);
    let Ok((_, certificate)) = X509Certificate::from_der(&der) else {
        assert_eq!(said, None);
        return;
    };
    let said = said.expect("what is a certificate can be described");
    for name in [&said.subject, &said.issuer] {
        assert!(name.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name:?}");
        assert!(name.is_empty() || name.starts_with('/'), "{name:?}");
    }
    for date in [&said.valid_from, &said.valid_to] {
        assert!(is_date(date), "{date:?}");
    }
    assert_eq!(said.fingerprint.len(), 59);

    let verdict = subject_name::check(&host, &certificate).is_ok();
    assert_eq!(subject_name::check(&host.to_ascii_uppercase(), &certificate).is_ok(), verdict, "{host:?}");
    assert!(!verdict || !host.contains('*') || said.subject.contains('*') || der.contains(&b'*'), "{host:?}");
}

/// `Nov 11 09:52:22 2009 GMT`
fn is_date(date: &str) -> bool {
    let form = "Aaa 99 99:99:99 9999 GMT";
    date.len() == form.len()
        && form.bytes().zip(date.bytes()).all(|(form, byte)| match form {
            b'9' => byte.is_ascii_digit() || byte == b' ',
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            _ => byte == form,
        })
}
