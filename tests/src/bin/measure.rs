//! Measures what `docs/performance.md` reports, side by side with the peer in one run.
//!
//! `cargo measure downloads`, `launch`, `list`, `renewals`, `grants` or `gateway`. The
//! figures are printed as they come; nothing here passes or fails.

use anyhow::Result;
use clap::Parser;

use trybuy_tests::measure;

/// What to measure.
#[derive(Parser)]
enum Measurement {
    /// Downloads of a 256 MiB program, particularized per user, against nginx serving a plain file.
    Downloads {
        /// Seconds of load for each figure.
        #[arg(long, default_value_t = 4)]
        seconds: u32,
        /// Interleaved rounds, of which the medians are reported.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Launches, against writing the plain program to a memory file and executing it.
    Launch {
        /// Interleaved rounds, of which the medians are reported.
        #[arg(long, default_value_t = 31)]
        rounds: usize,
    },
    /// `trybuy list` with 200 stored applications.
    List {
        /// Rounds, of which the median is reported.
        #[arg(long, default_value_t = 31)]
        rounds: usize,
    },
    /// Trials granted in a second, with few and with a million recorded ones.
    Grants,
    /// What renewals and purchases fetch, in both layouts.
    Renewals,
    /// The gateway with a licensed client, against nginx with client certificates.
    Gateway {
        /// Seconds of load for each figure.
        #[arg(long, default_value_t = 4)]
        seconds: u32,
        /// Interleaved rounds, of which the medians are reported.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// What `downloads` starts as its clients.
    #[command(hide = true)]
    Clients { url: String, connections: u32, seconds: u32 },
    /// What `gateway` starts as its clients.
    #[command(hide = true)]
    TlsClients(measure::gateway::client::Clients),
}

fn main() -> Result<()> {
    match Measurement::parse() {
        Measurement::Downloads { seconds, rounds } => measure::downloads::run(seconds, rounds),
        Measurement::Launch { rounds } => measure::launch::run(rounds),
        Measurement::List { rounds } => measure::list::run(rounds),
        Measurement::Renewals => measure::renewals::run(),
        Measurement::Grants => measure::grants::run(),
        Measurement::Gateway { seconds, rounds } => measure::gateway::run(seconds, rounds),
        Measurement::TlsClients(clients) => measure::gateway::client::run(&clients),
        Measurement::Clients { url, connections, seconds } => {
            measure::load::clients(&url, connections, seconds)
        }
    }
}
