//! Records of a license server.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trybuy_formats::ids::{ClientId, PackId, ProductId, SeatLicenseId};
use trybuy_formats::instant::Instant;

use crate::store::{DecisionOutcome, DecisionReason};

#[derive(Subcommand)]
pub(in crate::cli) enum RecordsCommand {
    /// List records.
    List(ListRecords),
    /// Write all records to a file, one in JSON a line, with their authentication.
    Export {
        /// The file, which must not exist.
        file: PathBuf,
    },
}

#[derive(Args)]
pub(in crate::cli) struct ListRecords {
    /// Of a client only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) client: Option<ClientId>,
    /// With an outcome only, such as granted or refused.
    #[arg(long, value_parser = outcome)]
    pub(in crate::cli) outcome: Option<DecisionOutcome>,
    /// With a reason only, such as no-free-license or pack-forged.
    #[arg(long, value_parser = reason)]
    pub(in crate::cli) reason: Option<DecisionReason>,
    /// About a product only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) product: Option<ProductId>,
    /// About a pack only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) pack: Option<PackId>,
    /// About a license only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) license: Option<SeatLicenseId>,
    /// From an instant on, such as 2030-01-01T12:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    pub(in crate::cli) since: Option<Instant>,
    /// Before an instant.
    #[arg(long, value_name = "INSTANT")]
    pub(in crate::cli) until: Option<Instant>,
    /// Print JSON, one record a line.
    #[arg(long, conflicts_with = "csv")]
    pub(in crate::cli) json: bool,
    /// Print comma-separated values.
    #[arg(long)]
    pub(in crate::cli) csv: bool,
}

fn outcome(text: &str) -> Result<DecisionOutcome, String> {
    one_of(&DecisionOutcome::all(), text)
}

fn reason(text: &str) -> Result<DecisionReason, String> {
    one_of(&DecisionReason::all(), text)
}

/// The one that is spelled so, or how all of them are.
fn one_of<T: DeserializeOwned + Serialize>(all: &[T], text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|_| {
        let words: Vec<_> = all.iter().filter_map(|it| serde_json::to_value(it).ok()).collect();
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        format!("it is none of {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelled_in_another_way_is_told_all_ways() {
        let outcomes = outcome("lost").expect_err("no outcome");
        let reasons = reason("lost").expect_err("no reason");
        let words = |message: &str| -> Vec<String> {
            let (_, words) = message.split_once("none of ").expect("words");
            words.split(", ").map(str::to_owned).collect()
        };
        let outcomes = words(&outcomes).iter().map(|it| outcome(it)).collect::<Result<Vec<_>, _>>();
        assert_eq!(outcomes, Ok(DecisionOutcome::all()));
        let reasons = words(&reasons).iter().map(|it| reason(it)).collect::<Result<Vec<_>, _>>();
        assert_eq!(reasons, Ok(DecisionReason::all()));
    }
}
