//! Members of the engine for options of the kernel that have names, and for who is behind a UNIX socket.

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::NativeEngine;
use crate::socket::named_options::{Kind, NamedOption, OPTIONS, Value};

/// An option, and the type of its value.
#[napi(object)]
pub struct OptionType {
    /// Its name.
    pub name: String,
    /// `boolean`, `number` or `string`.
    #[napi(js_name = "type")]
    pub kind: String,
}

/// Who is behind a UNIX socket.
#[napi(object)]
pub struct PeerCredentials {
    /// The process; missing where the system does not say.
    pub pid: Option<i32>,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// The options that have names.
#[napi(catch_unwind)]
pub fn socket_option_types() -> Vec<OptionType> {
    let name_of = |kind| match kind {
        Kind::Boolean => "boolean",
        Kind::Number => "number",
        Kind::Text => "string",
    };
    OPTIONS
        .iter()
        .map(|option| OptionType { name: option.name.to_owned(), kind: name_of(option.kind).to_owned() })
        .collect()
}

#[napi]
impl NativeEngine {
    /// Sets the option `name` of stream `id`: 0, or a negative errno.
    #[napi(catch_unwind)]
    pub fn set_option(&self, id: u32, name: String, value: Either<u32, String>) -> i32 {
        let Some(option) = NamedOption::find(&name) else { return -libc::ENOPROTOOPT };
        let value = match value {
            Either::A(number) => Value::Number(number),
            Either::B(text) => Value::Text(text),
        };
        let outcome =
            self.core.with(|engine| engine.stream(id).map_or(Ok(()), |stream| stream.set_option(option, &value)));
        outcome.err().map_or(0, |error| -error.raw_os_error().unwrap_or(libc::EINVAL))
    }

    /// The option `name` of stream `id`, a text or a number; negative is an errno.
    #[napi(catch_unwind)]
    pub fn option(&self, id: u32, name: String) -> Option<Either<f64, String>> {
        let option = NamedOption::find(&name)?;
        Some(match self.core.with(|engine| engine.stream(id).and_then(|stream| stream.option(option)))? {
            Ok(Value::Number(number)) => Either::A(number.into()),
            Ok(Value::Text(text)) => Either::B(text),
            Err(error) => Either::A((-error.raw_os_error().unwrap_or(libc::EINVAL)).into()),
        })
    }

    /// Who is behind UNIX stream `id`.
    #[napi(catch_unwind)]
    pub fn credentials_of_peer(&self, id: u32) -> Option<PeerCredentials> {
        let (pid, uid, gid) =
            self.core.with(|engine| engine.stream(id).and_then(|stream| stream.peer_credentials()))?;
        Some(PeerCredentials { pid, uid, gid })
    }
}
