//! The clients of the benchmark: one thread that keeps a server busy, checks all that comes back, and measures itself.
//!
//! # Layout
//!
//! - [`options`]: the command line.
//! - [`socket`]: TCP or UNIX, with [`tls`] or without, behind one type; [`certificate`]: one for a server.
//! - [`work`]: what every kind of load has in common: limits, waiting for news, failures.
//! - [`dialogue`]: what messages look like: as they are, or as requests of HTTP ([`http1`], [`http2`]).
//! - [`echo`], [`churn`], [`upload`], [`download`], [`idle`]: the kinds of load; [`message`]: what most of them send.
//! - [`serve`]: the limit that servers are compared with; `serve_uring`: what io_uring would bring.
//! - [`meter`]: time and own CPU time; [`latency`]: how long operations take.
//!
//! # Dialogue
//!
//! It warms the server up until nothing is under way and prints `ready`. For every line that it then gets, it works for
//! its time, until nothing is under way again, and prints one line of JSON; but for the line `prepare`, it makes ready
//! what the next run will use up, and prints `ready`. So its parent can look at the server at
//! both ends of exactly the operations that are counted. It ends with its input; until then connections stay open.
//!
//! `load certificate p256|rsa2048` prints a new key and certificate, and ends.

mod certificate;
mod churn;
mod dialogue;
mod download;
mod echo;
mod http1;
mod http2;
mod idle;
mod latency;
mod message;
mod meter;
mod options;
mod serve;
#[cfg(target_os = "linux")]
mod serve_uring;
mod socket;
mod tls;
mod upload;
mod work;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use latency::Percentiles;
use meter::Meter;
use options::{Kind, Options};
use work::{Failure, Limit, Outcome, Work};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let outcome = match arguments.peek().map(String::as_str) {
        Some("certificate") => certificate::print(arguments.skip(1)),
        Some("serve") => serve::run(arguments.skip(1)),
        #[cfg(target_os = "linux")]
        Some("serve-uring") => serve_uring::run(arguments.skip(1)),
        _ => Options::parse(arguments).map_err(Failure::from).and_then(|options| run(&options)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("load: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    options::allow_descriptors(options.connections)?;
    let mut work: Box<dyn Work> = match options.kind {
        Kind::Echo => Box::new(echo::Echo::open(options)?),
        Kind::Churn => Box::new(churn::Churn::new(&options.endpoint, options.protocol, options.connections)?),
        Kind::Storm => Box::new(churn::Storm::new(&options.endpoint, options.protocol, options.rate)?),
        Kind::Upload => Box::new(upload::Upload::new(options)?),
        Kind::Download => Box::new(download::Download::open(options)?),
        Kind::Idle => Box::new(idle::Idle::new(options)?),
    };
    warm_up(&mut *work, options)?;
    say("ready")?;
    while let Some(line) = hear()? {
        if line == "prepare" {
            work.prepare(options.most)?;
            say("ready")?;
            continue;
        }
        let meter = Meter::start();
        let outcome = work.run(&Limit::new(options.time, options.most))?;
        say(&report(&meter, outcome))?;
    }
    Ok(())
}

/// Has the server do what is measured. Where a count of operations ends that before its time, it is done again.
fn warm_up(work: &mut dyn Work, options: &Options) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        work.prepare(options.most)?;
        work.run(&Limit::new(options.warm_up.saturating_sub(begun.elapsed()), options.most))?;
        if options.most == u64::MAX || begun.elapsed() >= options.warm_up {
            return Ok(());
        }
    }
}

fn report(meter: &Meter, Outcome { operations, latencies }: Outcome) -> String {
    let (seconds, cpu) = meter.read();
    let share = cpu / seconds;
    let latencies = latencies.map(|Percentiles { p50, p99 }| format!(r#","p50":{p50:.1},"p99":{p99:.1}"#));
    let latencies = latencies.unwrap_or_default();
    format!(r#"{{"operations":{operations},"seconds":{seconds:.6},"cpu":{cpu:.6},"share":{share:.4}{latencies}}}"#)
}

fn say(line: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// Waits for a line. `None` at the end of the input.
fn hear() -> Result<Option<String>, Failure> {
    Ok(std::io::stdin().lines().next().transpose()?)
}
