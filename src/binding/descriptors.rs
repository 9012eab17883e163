//! Members of the engine for descriptors that pass with the bytes of a UNIX stream.

use std::cell::Cell;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::NativeEngine;
use crate::socket::Descriptor;

/// A copy of a descriptor, on its way to a peer. It is closed when it has been sent, or with [`Self::close`].
#[napi]
pub struct PassedDescriptor {
    copy: Cell<Option<Descriptor>>,
}

#[napi]
impl PassedDescriptor {
    /// Closes the copy, unless a stream has it.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.copy.take();
    }
}

#[napi]
impl NativeEngine {
    /// A copy of the descriptor `fd`, or a negative errno.
    #[napi(catch_unwind)]
    pub fn copy_descriptor(&self, fd: i32) -> Either<PassedDescriptor, i32> {
        match Descriptor::copy_of(fd) {
            Ok(copy) => Either::A(PassedDescriptor { copy: Cell::new(Some(copy)) }),
            Err(errno) => Either::B(-errno),
        }
    }

    /// A copy of the descriptor of source `id`, after all that was written, or a negative errno.
    #[napi(catch_unwind)]
    pub fn copy_source(&self, id: u32) -> Either<PassedDescriptor, i32> {
        match self.core.with(|engine| engine.lend(id)) {
            Ok(copy) => Either::A(PassedDescriptor { copy: Cell::new(Some(copy.into())) }),
            Err(error) => Either::B(-error.errno),
        }
    }

    /// Sends the copy with the byte that is written next to stream `id`, which has it from now on. Returns `false` if
    /// that can't send any.
    #[napi(catch_unwind)]
    pub fn attach_descriptor(&self, id: u32, passed: &PassedDescriptor) -> bool {
        let Some(copy) = passed.copy.take() else { return false };
        self.core.with(|engine| engine.stream(id).is_some_and(|stream| stream.attach_descriptor(copy)))
    }

    /// Has stream `id` receive descriptors from now on.
    #[napi(catch_unwind)]
    pub fn want_descriptors(&self, id: u32) {
        self.core.with(|engine| engine.stream(id).map(|stream| stream.want_descriptors()));
    }

    /// The next descriptor that stream `id` has received, which is the caller's to close.
    #[napi(catch_unwind)]
    pub fn take_descriptor(&self, id: u32) -> Option<i32> {
        self.core.with(|engine| engine.stream(id)?.take_descriptor()).map(Descriptor::into_raw)
    }
}
