//! Members of the engine for options of the kernel that have names or numbers, and for who is behind a UNIX socket.

use napi::bindgen_prelude::{Buffer, Either, Either3};
use napi_derive::napi;

use super::NativeEngine;
use super::streams::negative_errno;
use crate::socket::named_options::{Kind, NamedOption, OPTIONS, Owner, Value};
use crate::socket::numbered_options::NumberedOption;
use crate::socket::settings::Setting;

/// An option that has a name, and the type of its value.
#[napi(object)]
pub struct OptionType {
    /// Its name.
    pub name: String,
    /// `boolean`, `number` or `string`.
    #[napi(js_name = "type")]
    pub kind: String,
    /// The least number.
    pub least: f64,
    /// The greatest number.
    pub most: f64,
    /// `any`, `connection` or `listener`: which sockets have it.
    pub owner: String,
}

/// An option, and what it is to be.
#[napi(object)]
pub struct OptionSetting {
    /// Its name; missing where it has a number.
    pub name: Option<String>,
    /// The level of its number.
    pub level: Option<i32>,
    /// Its number.
    pub number: Option<i32>,
    /// What it is to be. Of a name, a number (of what is on or off, 1 or 0) or a text; of a number, C's `int` or bytes.
    pub value: Either3<f64, String, Buffer>,
}

/// What an option is.
#[napi(object)]
pub struct OptionValue {
    /// The kernel's value; missing if it can't be had.
    pub value: Option<Either<f64, String>>,
    /// Then why, negative; else 0.
    pub errno: i32,
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
    OPTIONS.iter().map(type_of).collect()
}

fn type_of(option: &NamedOption) -> OptionType {
    let (kind, least, most) = match option.kind {
        Kind::Boolean => ("boolean", 0, 1),
        Kind::Number(least, most) => ("number", least, most),
        Kind::Text => ("string", 0, 0),
    };
    let owner = match option.owner {
        Owner::Any => "any",
        Owner::Connection => "connection",
        Owner::Listener => "listener",
    };
    OptionType {
        name: option.name.to_owned(),
        kind: kind.to_owned(),
        least: least as f64,
        most: most as f64,
        owner: owner.to_owned(),
    }
}

/// Whether a program may use the option `number` of `level`.
#[napi(catch_unwind)]
pub fn is_option_allowed(level: i32, number: i32) -> bool {
    NumberedOption::allowed(level, number).is_some()
}

#[napi]
impl NativeEngine {
    /// Sets an option of stream `id`: 0, or a negative errno.
    #[napi(catch_unwind)]
    pub fn set_option(&self, id: u32, setting: OptionSetting) -> i32 {
        let Some(setting) = setting_of(setting) else { return -libc::ENOPROTOOPT };
        let outcome = self.core.with(|engine| engine.stream(id).map_or(Ok(()), |stream| stream.set_option(&setting)));
        outcome.err().map_or(0, |error| negative_errno(&error))
    }

    /// The option `name` of stream `id`, or why there is no answer.
    #[napi(catch_unwind)]
    pub fn option(&self, id: u32, name: String) -> Option<OptionValue> {
        let option = NamedOption::find(&name)?;
        Some(match self.core.with(|engine| engine.stream(id).and_then(|stream| stream.option(option)))? {
            Ok(Value::Number(number)) => OptionValue { value: Some(Either::A(number as f64)), errno: 0 },
            Ok(Value::Text(text)) => OptionValue { value: Some(Either::B(text)), errno: 0 },
            Err(error) => OptionValue { value: None, errno: negative_errno(&error) },
        })
    }

    /// The bytes of the option `number` of `level` of stream `id`, `most` at the most; or a negative errno.
    #[napi(catch_unwind)]
    pub fn numbered_option(&self, id: u32, level: i32, number: i32, most: u32) -> Option<Either<i32, Buffer>> {
        let option = NumberedOption::allowed(level, number)?;
        let get = |engine: &mut crate::engine::Engine| engine.stream(id)?.numbered_option(option, most as usize);
        Some(match self.core.with(get)? {
            Ok(bytes) => Either::B(bytes.into()),
            Err(error) => Either::A(negative_errno(&error)),
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

/// From JavaScript, which has checked them; `None` for what it can't have let through.
pub(super) fn settings_of(settings: Option<Vec<OptionSetting>>) -> Option<Vec<Setting>> {
    settings.unwrap_or_default().into_iter().map(setting_of).collect()
}

fn setting_of(OptionSetting { name, level, number, value }: OptionSetting) -> Option<Setting> {
    if let Some(name) = name {
        let value = match value {
            Either3::A(number) => Value::Number(number as i64),
            Either3::B(text) => Value::Text(text),
            Either3::C(_) => return None,
        };
        return Some(Setting::Named(NamedOption::find(&name)?, value));
    }
    let bytes = match value {
        Either3::A(number) => (number as i64 as i32).to_ne_bytes().to_vec(),
        Either3::B(_) => return None,
        Either3::C(bytes) => bytes.to_vec(),
    };
    Some(Setting::Numbered(NumberedOption::allowed(level?, number?)?, bytes))
}
