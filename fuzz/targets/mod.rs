//! What the fuzzer runs: one function per target, which panics where a promise is broken.
//!
//! A part of the crate, so that a target reaches what it tests, but compiled only for the fuzzer (`fuzz/Cargo.toml`) and
//! for the tests, which replay the corpus without any instrumentation. `scripts/fuzz.js` runs the targets for longer.

#![expect(clippy::expect_used, reason = "a target that fails panics")]

mod address;
mod certificate;
mod hello;
mod input;
mod pem;
mod proxy;
mod queue;
mod seeds;
mod session;
mod state;
mod tickets;
mod verdict;
mod words;

/// Runs one input.
pub type Target = fn(&[u8]);

/// The targets, by the names of their files in `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("address", address::run),
    ("certificate", certificate::run),
    ("crl", verdict::run_crl),
    ("hello", hello::run),
    ("pem", pem::run),
    ("proxy", proxy::run),
    ("queue", queue::run),
    ("session", session::run),
    ("state", state::run),
    ("tickets", tickets::run),
    ("verdict", verdict::run),
    ("words", words::run),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::TARGETS;

    /// The bytes of an input, and its name or the bytes as they are written (`scripts/corpus.js`).
    fn input(line: &str) -> (Vec<u8>, &str) {
        let (hex, name) = line.split_once(' ').unwrap_or((line, line));
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        ((0..hex.len()).step_by(2).map(byte).collect(), name)
    }

    #[test]
    fn every_input_of_the_corpus_keeps_the_promises() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (target, run) in TARGETS {
            let inputs = fs::read_to_string(corpus.join(format!("{target}.hex"))).unwrap();
            assert!(!inputs.is_empty(), "no corpus for {target}");
            for (bytes, name) in inputs.lines().map(input) {
                // Captured, and so shown only if the target fails.
                println!("{target}: {name}");
                run(&bytes);
            }
        }
    }
}
