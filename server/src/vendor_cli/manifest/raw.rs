//! The manifest as it is written, before its values are checked; every value knows its place.

use serde::Deserialize;
use toml::Spanned;

/// A text with its place in the manifest.
pub(super) type Text = Spanned<String>;

/// A number with its place; wider than any that is allowed, so that one out of its range is read and told
/// to be so.
pub(super) type Number = Spanned<i128>;

#[derive(Deserialize)]
pub(super) struct RawManifest {
    pub(super) application: RawApplication,
    pub(super) program: Spanned<Vec<RawProgram>>,
    pub(super) trial: Spanned<RawTrial>,
}

#[derive(Deserialize)]
pub(super) struct RawApplication {
    pub(super) id: Text,
    pub(super) name: Text,
    pub(super) version: Text,
    pub(super) summary: Text,
    pub(super) documentation: Text,
    pub(super) terms: Text,
    pub(super) relicensing: Option<Text>,
    pub(super) homepage: Option<Text>,
    #[serde(default)]
    pub(super) categories: Vec<Text>,
    pub(super) minimum_builder: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct RawProgram {
    pub(super) platform: Text,
    pub(super) kind: Text,
    pub(super) path: Text,
    pub(super) compression: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct RawTrial {
    pub(super) duration: Text,
    pub(super) expiration: Text,
    pub(super) grace: Option<Spanned<RawGrace>>,
    pub(super) trials: Option<Number>,
    pub(super) between: Option<Text>,
    pub(super) acceptance: Option<Text>,
    pub(super) layout: Option<Text>,
    pub(super) limits: Option<RawLimits>,
    #[serde(rename = "on-expiry")]
    pub(super) on_expiry: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct RawGrace {
    pub(super) from: Option<Text>,
    pub(super) length: Text,
}

#[derive(Deserialize)]
pub(super) struct RawLimits {
    pub(super) launches: Option<Number>,
    pub(super) running: Option<Text>,
    pub(super) days: Option<Number>,
}
