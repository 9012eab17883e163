//! libFuzzer on the target that `RUST_NET_FUZZ_TARGET` names.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rust_net::fuzzing::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("RUST_NET_FUZZ_TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("RUST_NET_FUZZ_TARGET is not the name of a target: {name:?}")).1
});

fuzz_target!(|data: &[u8]| TARGET(data));
