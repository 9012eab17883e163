//! Memory that the engine and JavaScript share: Buffers of JavaScript that are used over and over.
//!
//! Owned by the [`core`](super::core), which outlives the engine; references keep the Buffers as long. Used on the
//! JavaScript thread: the engine uses it while JavaScript does not run, and JavaScript inside calls of the engine.

use std::cell::Cell;
use std::ptr::null_mut;

use napi::bindgen_prelude::{JsValue, Result, Unknown};
use napi::{check_status, sys};

use crate::reactor::ReceiveBuffer;

/// See the module.
pub struct Memory {
    env: sys::napi_env,
    /// Where messages are received.
    incoming: Block,
    /// Where JavaScript puts small writes.
    outgoing: Block,
    /// Where large messages are received; null before the first. JavaScript takes it when it is full.
    bulk: Cell<sys::napi_ref>,
}

impl Memory {
    /// Nothing but the JavaScript around the engine can reach the Buffers `incoming` and `outgoing`.
    pub fn new(env: sys::napi_env, incoming: &Unknown<'_>, outgoing: &Unknown<'_>) -> Result<Self> {
        let (incoming, outgoing) = (Block::of(env, incoming)?, Block::of(env, outgoing)?);
        Ok(Self { env, incoming, outgoing, bulk: Cell::new(null_mut()) })
    }

    /// The memory to receive messages into.
    pub fn incoming(&self) -> ReceiveBuffer {
        // SAFETY: the reference keeps the memory, which JavaScript reads in its callbacks only.
        unsafe { ReceiveBuffer::new(self.incoming.bytes, self.incoming.size) }
    }

    /// The first `length` bytes that JavaScript has put into the memory for small writes.
    pub fn outgoing(&self, length: usize) -> &[u8] {
        let Block { bytes, size, .. } = self.outgoing;
        // SAFETY: the reference keeps the memory. No caller runs JavaScript, which alone changes it, while it borrows.
        unsafe { std::slice::from_raw_parts(bytes, length.min(size)) }
    }

    /// The Buffer `memory` to receive large messages into, instead of the last one, which is JavaScript's.
    pub fn renew_bulk(&self, memory: &Unknown<'_>) -> Result<ReceiveBuffer> {
        let Block { bytes, size, reference } = Block::of(self.env, memory)?;
        let former = self.bulk.replace(reference);
        if !former.is_null() {
            // SAFETY: made above, deleted once. The caller has the engine use the new memory before JavaScript runs.
            unsafe { sys::napi_delete_reference(self.env, former) };
        }
        // SAFETY: the reference keeps the memory until the next one is used; JavaScript reads it in its callbacks only.
        Ok(unsafe { ReceiveBuffer::new(bytes, size) }.for_one_read())
    }

    /// Deletes the references.
    ///
    /// # Safety
    ///
    /// The engine does not run any more.
    pub unsafe fn delete(&self) {
        for reference in [self.incoming.reference, self.outgoing.reference, self.bulk.take()] {
            // SAFETY: made above, and deleted once. Null, for bulk that was never needed, is refused.
            unsafe { sys::napi_delete_reference(self.env, reference) };
        }
    }
}

/// The memory of a Buffer, and the reference that keeps it.
#[derive(Clone, Copy)]
struct Block {
    bytes: *mut u8,
    size: usize,
    reference: sys::napi_ref,
}

impl Block {
    fn of(env: sys::napi_env, buffer: &Unknown<'_>) -> Result<Self> {
        let (mut bytes, mut size, mut reference) = (null_mut(), 0, null_mut());
        // SAFETY: `buffer` is a value of this environment.
        unsafe {
            check_status!(sys::napi_get_buffer_info(env, buffer.raw(), &raw mut bytes, &raw mut size))?;
            check_status!(sys::napi_create_reference(env, buffer.raw(), 1, &raw mut reference))?;
        }
        Ok(Self { bytes: bytes.cast(), size, reference })
    }
}
