//! What the fuzzer runs: one function per target, which panics where a promise is broken.
//!
//! A part of the crate, so that a target reaches what it tests, but compiled only for the fuzzer (`fuzz/Cargo.toml`) and
//! for the tests, which replay the corpus without any instrumentation. `scripts/fuzz.js` runs the targets for longer.

#![expect(clippy::expect_used, reason = "a target that fails panics")]

mod address;
mod certificate;
mod input;
mod pem;
mod queue;
mod seeds;
mod session;
mod state;
mod tickets;
mod verdict;
mod words;

/// Runs one input.
pub type Target = fn(&[u8]);

/// The targets, by the names of their folders in `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("address", address::run),
    ("certificate", certificate::run),
    ("crl", verdict::run_crl),
    ("pem", pem::run),
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

    #[test]
    fn every_input_of_the_corpus_keeps_the_promises() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, run) in TARGETS {
            let mut files: Vec<_> = fs::read_dir(corpus.join(name)).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            assert!(!files.is_empty(), "no corpus for {name}");
            for file in files {
                // Captured, and so shown only if the target fails.
                println!("{}", file.display());
                run(&fs::read(&file).unwrap());
            }
        }
    }
}
