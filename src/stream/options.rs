//! The socket options that JavaScript may set on a stream at any time. Those of TCP set nothing on other
//! sockets.

use super::Stream;
use crate::socket::Kind;
use crate::socket::named_options::{NamedOption, Value};
use crate::socket::numbered_options::NumberedOption;
use crate::socket::options::{self, KeepAlive};
use crate::socket::settings::Setting;
use crate::socket::tcp_info::{self, TcpInfo};

impl Stream {
    /// See [`options::set_no_delay`]. Around a handshake, what is set here counts from the first data on.
    pub fn set_no_delay(&mut self, no_delay: bool) {
        if self.nagle_suspended || self.security.is_handshaking() {
            self.nagle_suspended = !no_delay && self.kind.is_tcp();
            return;
        }
        if let (true, Some(fd)) = (self.kind.is_tcp(), &self.fd) {
            // Only a connection that has failed can refuse, and that has its own error.
            let _ = options::set_no_delay(fd, no_delay);
        }
    }

    /// A handshake begins. A flight that waits for the peer's acknowledgement of the one before costs the peer's delay,
    /// 40 ms and more.
    pub(super) fn suspend_delay(&mut self) {
        let Some(fd) = &self.fd else { return };
        self.nagle_suspended = self.kind.is_tcp() && options::no_delay(fd).is_ok_and(|no_delay| !no_delay);
        if self.nagle_suspended {
            // Only a connection that has failed can refuse, and that has its own error.
            let _ = options::set_no_delay(fd, true);
        }
    }

    /// The handshake is not ours: Nagle's algorithm is as the application wants it again.
    pub(super) fn resume_delay(&mut self) {
        if std::mem::take(&mut self.nagle_suspended) {
            self.set_no_delay(false);
        }
    }

    /// Bytes have been sent. After a handshake, Nagle's algorithm is as the application wants it again.
    pub(super) fn restore_delay(&mut self) {
        if self.security.is_secure() && !self.has_records() {
            self.resume_delay();
        }
    }

    /// See [`options::set_keep_alive`].
    pub fn set_keep_alive(&self, keep_alive: Option<KeepAlive>) -> std::io::Result<()> {
        match (self.kind.is_tcp(), &self.fd) {
            (true, Some(fd)) => options::set_keep_alive(fd, keep_alive),
            _ => Ok(()),
        }
    }

    /// See [`options::set_type_of_service`].
    pub fn set_type_of_service(&self, value: u32) -> std::io::Result<()> {
        match (self.kind.is_tcp(), &self.fd) {
            (true, Some(fd)) => options::set_type_of_service(fd, self.kind, value),
            _ => Ok(()),
        }
    }

    /// See [`options::type_of_service`]. `None` where there is no TCP, or no descriptor any more.
    pub fn type_of_service(&self) -> Option<std::io::Result<u32>> {
        let fd = self.fd.as_ref().filter(|_| self.kind.is_tcp())?;
        Some(options::type_of_service(fd, self.kind))
    }

    /// Sets an option by its name or its number, as long as there is a socket.
    pub fn set_option(&mut self, setting: &Setting) -> std::io::Result<()> {
        let Some(fd) = self.fd.as_ref().filter(|_| self.kind != Kind::Pipe) else { return Ok(()) };
        self.may_linger = true;
        setting.apply(fd)
    }

    /// A named option, as long as there is a socket.
    pub fn option(&self, option: &NamedOption) -> Option<std::io::Result<Value>> {
        Some(option.get(self.fd.as_ref().filter(|_| self.kind != Kind::Pipe)?))
    }

    /// A numbered option, `most` bytes of it at the most, as long as there is a socket.
    pub fn numbered_option(&self, option: NumberedOption, most: usize) -> Option<std::io::Result<Vec<u8>>> {
        Some(option.get(self.fd.as_ref().filter(|_| self.kind != Kind::Pipe)?, most))
    }

    /// The process, where the system says so, the user and the group behind a UNIX socket.
    pub fn peer_credentials(&self) -> Option<(Option<i32>, u32, u32)> {
        let fd = self.fd.as_ref().filter(|_| self.kind == Kind::Unix)?;
        options::peer_credentials(fd).ok()
    }

    /// What the kernel knows of the connection, over TCP.
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        tcp_info::read(self.fd.as_deref().filter(|_| self.kind.is_tcp())?)
    }
}
